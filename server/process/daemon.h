// Running in the background: away from the terminal, with a file that tells the process id.
#pragma once

#include <sys/types.h>

#include <string>

#include "server/base/result.h"
#include "server/process/process_options.h"

namespace larder {

// The child's end of a start in the background. The process that the user started waits for it and
// ends with status 0 after succeeded(), or with 1 when the child ends before, so that a script may
// rely on the server once the command has returned.
class BackgroundStart {
 public:
  BackgroundStart() = default;  // not in the background: nobody waits
  explicit BackgroundStart(int pipe) : pipe_(pipe) {}
  BackgroundStart(BackgroundStart&& other) noexcept : pipe_(std::exchange(other.pipe_, -1)) {}
  BackgroundStart& operator=(BackgroundStart&& other) noexcept {
    std::swap(pipe_, other.pipe_);
    return *this;
  }
  ~BackgroundStart();

  // Clients can connect: lets the waiting process go.
  void succeeded();

 private:
  int pipe_ = -1;
};

// Goes on as a child in a session of its own, with /dev/null as standard input, output and error.
// Returns in the child only. Before threads, loops and timers are made: a fork does not take them
// along. Errors: the system has no room for a process.
Result<BackgroundStart> go_to_background();

// Where the process id goes: the option, /var/run/larder.pid in the background, else nowhere ("").
std::string pid_file_path(const ProcessOptions& options, bool in_background);

// The file with the process id, removed at the end if it is still ours: a second server may have
// replaced it, and a child of a fork must leave it alone.
class PidFile {
 public:
  static Result<PidFile> write(const std::string& path);

  PidFile(PidFile&& other) noexcept
      : path_(std::exchange(other.path_, std::string())), pid_(other.pid_) {}
  PidFile& operator=(PidFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~PidFile() { remove(); }

  void remove();

 private:
  PidFile(std::string path, pid_t pid) : path_(std::move(path)), pid_(pid) {}

  std::string path_;  // absolute: `dir` may change meanwhile
  pid_t pid_;
};

}  // namespace larder
