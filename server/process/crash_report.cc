#include "server/process/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "server/base/assert.h"

namespace larder {
namespace {

constexpr std::array<int, 5> kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr size_t kStackBytes = size_t{256} << 10;
constexpr size_t kMaxFrames = 64;
constexpr size_t kMaxPath = 4096;

// What the handler needs. A signal comes without a pointer of ours, so it has to be static; it is
// written before the handler is installed and read after the crash.
struct Handler {
  const std::atomic<const char*>* last_command = nullptr;
  std::array<char, kMaxPath> log_file{};
  std::array<struct sigaction, kSignals.size()> old_actions{};
  stack_t old_stack{};
  std::atomic<bool> is_reporting{false};
};
Handler handler;

// Text in a fixed buffer, without allocation; what does not fit is left out.
class Text {
 public:
  Text& operator<<(std::string_view text) {
    const size_t length = std::min(text.size(), buffer_.size() - size_);
    std::memcpy(buffer_.data() + size_, text.data(), length);
    size_ += length;
    return *this;
  }
  Text& operator<<(long number) { return put(number, 10); }
  Text& address(const void* address) {
    return (*this << "0x").put(reinterpret_cast<uintptr_t>(address), 16);
  }
  void write_to(int file) const {
    if (file >= 0) (void)!::write(file, buffer_.data(), size_);
  }

 private:
  template <class Number>
  Text& put(Number number, int base) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    return *this << std::string_view(digits.data(), static_cast<size_t>(end - digits.data()));
  }

  std::array<char, 2048> buffer_;
  size_t size_ = 0;
};

std::string_view signal_name(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "signal";
  }
}

// A call of an address without code: the unwinder would look for code there and crash in turn.
// Takes one step back to the caller while the stack is walked, and undoes it, for the sake of the
// core dump.
class StepToCaller {
 public:
  StepToCaller(const siginfo_t& info, void* context) {
    // Of the other signals, the address is that of an instruction that exists.
    if (info.si_code <= 0 || (info.si_signo != SIGSEGV && info.si_signo != SIGBUS)) return;
#if defined(__x86_64__)
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    if (info.si_addr != reinterpret_cast<void*>(registers[REG_RIP])) return;
    instruction_ = &registers[REG_RIP];
    invalid_ = *instruction_;
    *instruction_ = *reinterpret_cast<const greg_t*>(registers[REG_RSP]);
#elif defined(__aarch64__)
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
    if (info.si_addr != reinterpret_cast<void*>(registers.pc)) return;
    instruction_ = &registers.pc;
    invalid_ = *instruction_;
    *instruction_ = registers.regs[30];
#else
    (void)info, (void)context;
#endif
  }
  ~StepToCaller() {
    if (is_taken()) *instruction_ = invalid_;
  }
  StepToCaller(const StepToCaller&) = delete;
  StepToCaller& operator=(const StepToCaller&) = delete;

  bool is_taken() const {
    return instruction_ != nullptr;
  }

 private:
#if defined(__x86_64__)
  using Register = greg_t;
#else
  using Register = unsigned long long;
#endif
  Register* instruction_ = nullptr;
  Register invalid_ = 0;
};

void describe(Text& text, int signal, const siginfo_t& info) {
  text << "\n=== LARDER CRASH REPORT: START ===\nLarder " << LARDER_VERSION << " crashed by "
       << signal_name(signal) << " (" << long{signal} << "), code " << long{info.si_code}
       << ", pid " << long{::getpid()} << "\n";
  if (info.si_code <= 0 && info.si_pid != ::getpid()) {
    text << "Sent by pid " << long{info.si_pid} << ", uid " << static_cast<long>(info.si_uid)
         << "\n";
  } else if (info.si_code > 0) {
    (text << "Address: ").address(info.si_addr) << "\n";
  }
  if (*fatal_message() != '\0') text << fatal_message() << "\n";
  const char* const command = handler.last_command->load(std::memory_order_relaxed);
  text << "Last command: " << (command == nullptr ? "none" : command) << "\n";
}

// Standard error and, unless there is none or it cannot be opened, the log.
class Output {
 public:
  Output() {
    if (handler.log_file[0] == '\0') return;
    files_[1] = ::open(handler.log_file.data(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }
  void write(const Text& text) const {
    for (const int file : files_) text.write_to(file);
  }
  void write_trace(void* const* frames, int count) const {
    for (const int file : files_) {
      if (file >= 0) ::backtrace_symbols_fd(frames, count, file);
    }
  }

 private:
  std::array<int, 2> files_ = {STDERR_FILENO, -1};
};

void report(int signal, const siginfo_t& info, void* context) {
  // What is certain is written before the stack is walked, which a damaged stack may end.
  const Output output;
  Text text;
  describe(text, signal, info);
  text << "Stack trace (addr2line -Cfpe larder-server ADDRESS names the lines):\n";
  output.write(text);

  std::array<void*, kMaxFrames> frames;
  int count = 0;
  Text end;
  {
    const StepToCaller step(info, context);
    if (step.is_taken()) end << "An address without code was called.\n";
    count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  }
  output.write_trace(frames.data(), count);
  end << "=== LARDER CRASH REPORT: END ===\n";
  output.write(end);
}

void on_crash(int signal, siginfo_t* info, void* context) {
  // A crash while reporting, or of a second thread: the first report is worth more than another.
  if (!handler.is_reporting.exchange(true)) report(signal, *info, context);
  // The action is the default one again (SA_RESETHAND). A fault happens once more at the same
  // instruction when the handler returns; a signal that somebody sent has to be sent once more.
  ::signal(signal, SIG_DFL);
  if (info->si_code <= 0 || signal == SIGABRT) ::raise(signal);
}

}  // namespace

CrashReport::CrashReport(const std::atomic<const char*>& last_command)
    : stack_(std::make_unique<char[]>(kStackBytes)) {
  LARDER_ASSERT(handler.last_command == nullptr);
  handler.last_command = &last_command;
}

CrashReport::~CrashReport() {
  stop();
  handler.last_command = nullptr;
}

void CrashReport::set_log_file(const std::string& path) {
  handler.log_file[0] = '\0';
  if (path.empty()) return;
  std::error_code failure;
  // `dir` may change meanwhile.
  const std::string absolute = std::filesystem::absolute(path, failure).string();
  if (absolute.size() >= handler.log_file.size()) return;
  std::memcpy(handler.log_file.data(), absolute.c_str(), absolute.size() + 1);
}

void CrashReport::start() {
  if (is_started_) return;
  is_started_ = true;
  void* frame = nullptr;
  (void)::backtrace(&frame, 1);  // loads the unwinder, which allocates
  const stack_t stack{.ss_sp = stack_.get(), .ss_flags = 0, .ss_size = kStackBytes};
  ::sigaltstack(&stack, &handler.old_stack);
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); i++) {
    ::sigaction(kSignals[i], &action, &handler.old_actions[i]);
  }
}

void CrashReport::stop() {
  if (!is_started_) return;
  is_started_ = false;
  for (size_t i = 0; i < kSignals.size(); i++) {
    ::sigaction(kSignals[i], &handler.old_actions[i], nullptr);
  }
  ::sigaltstack(&handler.old_stack, nullptr);
}

}  // namespace larder
