#include "server/process/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "server/base/text.h"

namespace larder {
namespace {

const std::string* find_fact(std::string_view name, const TitleFacts& facts) {
  if (name == "title") return &facts.title;
  if (name == "listen-addr") return &facts.listen_address;
  if (name == "server-mode") return &facts.server_mode;
  if (name == "port") return &facts.port;
  if (name == "tls-port") return &facts.tls_port;
  if (name == "unixsocket") return &facts.unix_socket;
  if (name == "config-file") return &facts.config_file;
  return nullptr;
}

}  // namespace

std::optional<std::string> expand_title(std::string_view text, const TitleFacts& facts) {
  std::string title;
  while (!text.empty()) {
    const size_t brace = std::min(text.find('{'), text.size());
    title += text.substr(0, brace);
    text.remove_prefix(brace);
    if (text.empty()) break;
    if (text.starts_with("{{")) {
      title += '{';
      text.remove_prefix(2);
      continue;
    }
    const size_t end = text.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string* fact = find_fact(text.substr(1, end - 1), facts);
    if (fact == nullptr) return std::nullopt;
    title += *fact;
    text.remove_prefix(end + 1);
  }
  return std::string(trim(title));
}

ProcessTitle::ProcessTitle(int argument_count, char** arguments) {
  if (argument_count < 1) return;
  program_ = arguments[0];
  char* const begin = arguments[0];
  char* end = begin;
  // The kernel lays arguments and environment out one behind the other; a caller who passes its own
  // strings need not have.
  for (int i = 0; i < argument_count && arguments[i] == end; i++) end += std::strlen(end) + 1;
  const char* const end_of_arguments = end;
  for (char** variable = environ; variable != nullptr && *variable == end; variable++) {
    end += std::strlen(end) + 1;
  }
  if (end != end_of_arguments) move_environment();
  room_ = {begin, end};
}

ProcessTitle::~ProcessTitle() {
  // The old strings are gone, so the old table gets the copies, which are left to the process.
  if (old_environment_ == nullptr || environ != environment_.data()) return;
  for (size_t i = 0; i + 1 < environment_.size(); i++) {
    old_environment_[i] = ::strdup(environment_[i]);
  }
  environ = old_environment_;
}

void ProcessTitle::move_environment() {
  old_environment_ = environ;
  for (char** variable = environ; *variable != nullptr; variable++) {
    variables_.emplace_back(*variable);
  }
  for (std::string& variable : variables_) environment_.push_back(variable.data());
  environment_.push_back(nullptr);
  environ = environment_.data();
}

void ProcessTitle::set(std::string_view title) {
  if (room_.empty()) return;
  // Zeros up to the end: ps shows what stands before the first of them.
  const size_t length = std::min(title.size(), room_.size() - 1);
  std::memcpy(room_.data(), title.data(), length);
  std::fill(room_.begin() + static_cast<std::ptrdiff_t>(length), room_.end(), '\0');
}

}  // namespace larder
