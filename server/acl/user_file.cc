#include "server/acl/user_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "server/acl/acl_options.h"
#include "server/base/errors.h"
#include "server/base/text.h"

namespace larder {
namespace {

// Collects what is wrong with a file, for one line of text.
class Complaints {
 public:
  explicit Complaints(const std::string& path) : path_(path) {}

  void add(size_t line, const std::string& text) {
    text_ += path_ + ":" + std::to_string(line) + ": " + text + " ";
  }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  const std::string& path_;
  std::string text_;
};

// A rule about commands hides no password, so it can be shown.
std::string about(std::string_view rule, const std::string& reason) {
  if (!rule.starts_with('+') && !rule.starts_with('-')) return reason + ".";
  return "Error in applying operation '" + std::string(rule) + "': " + reason + ".";
}

void read_line(std::string_view line, size_t number, const MakeUser& make, std::vector<User>& users,
               Complaints& complaints) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words[0] != "user" || words.size() < 2) {
    return complaints.add(number, "should start with user keyword followed by the username.");
  }
  const std::string_view name = words[1];
  if (!is_user_name(name)) {
    return complaints.add(number, "username '" + std::string(name) + "' contains invalid characters.");
  }
  if (std::ranges::any_of(users, [&](const User& user) { return user.name == name; })) {
    return complaints.add(number, "Duplicate user '" + std::string(name) + "' found.");
  }
  auto rules = merge_selectors(std::span(words).subspan(2));
  if (!rules.is_ok()) return complaints.add(number, "Unmatched parenthesis in selector definition.");
  User user = make(name);
  for (const std::string& rule : rules.value()) {
    const std::string_view trimmed = trim(rule);
    if (Status applied = user.apply(trimmed); !applied.is_ok()) {
      return complaints.add(number, about(trimmed, applied.text()));
    }
  }
  users.push_back(std::move(user));
}

Status failed(const char* doing) {
  return errors::as_given(std::string(doing) + ": " + std::strerror(errno));
}

// Closes when the way is left early.
class File {
 public:
  File(const std::string& path, int flags) : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  bool write_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
  bool sync() { return fsync(descriptor_) == 0; }

 private:
  int descriptor_;
};

Status write_and_rename(const std::string& path, const std::string& temporary, std::string_view text) {
  File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) return failed("Opening temp ACL file for ACL SAVE");
  if (!file.write_all(text)) return failed("Writing ACL file for ACL SAVE");
  if (!file.sync()) return failed("Syncing ACL file for ACL SAVE");
  if (rename(temporary.c_str(), path.c_str()) != 0) return failed("Renaming ACL file for ACL SAVE");
  const std::string parent = std::filesystem::path(path).parent_path().string();
  File folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || !folder.sync()) return failed("Syncing ACL directory for ACL SAVE");
  return ok;
}

}  // namespace

Result<std::vector<User>> read_user_file(const std::string& path, const MakeUser& make) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return errors::error("Error loading ACLs, opening file '" + path + "': " + std::strerror(errno));
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_user_file(text, path, make);
}

Result<std::vector<User>> parse_user_file(std::string_view text, const std::string& path,
                                          const MakeUser& make) {
  Complaints complaints(path);
  std::vector<User> users;
  size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    number++;
    const std::string_view trimmed = trim(line);
    if (!trimmed.empty()) read_line(trimmed, number, make, users, complaints);
  }
  if (complaints.empty()) return users;
  return errors::error(complaints.text() +
                       "WARNING: ACL errors detected, no change to the previously active ACL rules "
                       "was performed");
}

Status write_user_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp-" + std::to_string(getpid());
  unlink(temporary.c_str());  // of a process of the same number that did not get to its end
  Status written = write_and_rename(path, temporary, text);
  if (!written.is_ok()) unlink(temporary.c_str());
  return written;
}

}  // namespace larder
