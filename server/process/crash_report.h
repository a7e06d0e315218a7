// What the log says when the server dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT: version,
// signal, address, a failed assertion, the name of the last command (never its data) and a stack
// trace. Afterwards the signal does what it always does, so that exit status and core dump stay.
//
// The handler runs on a stack of its own (on the thread that made the report: a stack overflow
// there is reported as well) and calls async-signal-safe functions only; backtrace is one after its
// first call, which start() makes.
#pragma once

#include <atomic>
#include <memory>
#include <string>

namespace larder {

// At most one at a time: signals belong to the process.
class CrashReport {
 public:
  // `last_command` is where the dispatcher keeps the name of the command that it runs, null before
  // the first; a relaxed store there costs a move. The name is a C string that is never freed.
  explicit CrashReport(const std::atomic<const char*>& last_command);
  ~CrashReport();
  CrashReport(const CrashReport&) = delete;
  CrashReport& operator=(const CrashReport&) = delete;

  // Option crash-log-enabled.
  void start();
  void stop();

  // The file that the report is appended to, besides standard error; empty: none. It is opened when
  // the crash happens, so a rotated log is no matter.
  void set_log_file(const std::string& path);

 private:
  std::unique_ptr<char[]> stack_;
  bool is_started_ = false;
};

}  // namespace larder
