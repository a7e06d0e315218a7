#include "server/process/daemon.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr char kStarted = '+';

Error failed(std::string_view what) {
  return Error(std::string(what) + ": " + std::strerror(errno));
}

// The process that the user started: nothing of it may run but this, neither destructors nor the
// buffers of streams, which the child has as well.
[[noreturn]] void wait_for_child(int pipe) {
  char answer = '\0';
  ssize_t got = 0;
  do {
    got = ::read(pipe, &answer, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1 && answer == kStarted) ::_exit(0);
  constexpr std::string_view kMessage = "The server did not start; its log says why.\n";
  (void)!::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(1);
}

void leave_terminal() {
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, standard);
  if (null > STDERR_FILENO) ::close(null);
}

}  // namespace

BackgroundStart::~BackgroundStart() {
  if (pipe_ >= 0) ::close(pipe_);
}

void BackgroundStart::succeeded() {
  if (pipe_ < 0) return;
  (void)!::write(pipe_, &kStarted, 1);
  ::close(std::exchange(pipe_, -1));
}

Result<BackgroundStart> go_to_background() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("Can't go to the background");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) {
    Error error = failed("Can't go to the background");
    ::close(ends[0]);
    ::close(ends[1]);
    return error;
  }
  if (child > 0) {
    ::close(ends[1]);
    wait_for_child(ends[0]);
  }
  ::close(ends[0]);
  leave_terminal();
  return BackgroundStart(ends[1]);
}

std::string pid_file_path(const ProcessOptions& options, bool in_background) {
  if (!options.pidfile->empty()) return *options.pidfile;
  return in_background ? "/var/run/larder.pid" : "";
}

Result<PidFile> PidFile::write(const std::string& path) {
  std::error_code failure;
  const std::string absolute = std::filesystem::absolute(path, failure).string();
  const int file = ::open(absolute.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failed("Failed to write PID file " + path);
  const pid_t pid = ::getpid();
  const std::string text = to_text(pid) + "\n";
  const bool is_written = ::write(file, text.data(), text.size()) == std::ssize(text);
  const int reason = is_written ? 0 : errno;
  ::close(file);
  if (!is_written) {
    ::unlink(absolute.c_str());
    errno = reason;
    return failed("Failed to write PID file " + path);
  }
  return PidFile(absolute, pid);
}

void PidFile::remove() {
  if (path_.empty() || pid_ != ::getpid()) return;
  std::ifstream in(path_);
  std::string text;
  if (std::getline(in, text) && text == to_text(pid_)) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace larder
