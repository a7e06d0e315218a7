#include "server/base/log_file.h"

#include <fcntl.h>
#include <spdlog/formatter.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace larder::log {
namespace {

constexpr mode_t kPermissions = 0666;  // less what the umask takes

}  // namespace

LogFile::LogFile(std::string path)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kPermissions)) {
  if (fd_ < 0) throw spdlog::spdlog_ex(path_, errno);
}

LogFile::~LogFile() {
  ::close(fd_);
}

void LogFile::sink_it_(const spdlog::details::log_msg& message) {
  if (lost_ > 0 && !tell_of_lost(message)) return drop(0);
  if (!write(format(message))) drop(errno);
}

std::string LogFile::format(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t text;
  formatter_->format(message, text);
  return {text.data(), text.size()};
}

// False: not all of it; errno tells why.
bool LogFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
    is_within_line_ = !text.empty();
  }
  return true;
}

bool LogFile::tell_of_lost(const spdlog::details::log_msg& next) {
  const std::string text = std::to_string(lost_) + " lines of the log could not be written";
  spdlog::details::log_msg message = next;
  message.level = spdlog::level::warn;
  message.payload = text;
  if (!write((is_within_line_ ? "\n" : "") + format(message))) return false;
  lost_ = 0;
  return true;
}

void LogFile::drop(int reason) {
  if (lost_++ > 0) return;
  const std::string text = "larder-server: cannot write to the log file " + path_ + ": " +
                           std::strerror(reason) + ". The server goes on; log lines are lost.\n";
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace larder::log
