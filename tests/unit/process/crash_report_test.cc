#include "server/process/crash_report.h"

#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "server/base/assert.h"
#include "tests/unit/process/child.h"

namespace larder {
namespace {

using Catch::Contains;

std::atomic<const char*> last_command{nullptr};

// The report and the log in a child that dies of `crash`.
struct Crash {
  explicit Crash(const std::function<void()>& crash) {
    status = run_in_child(
        [&] {
          // No core files of the tests.
          const rlimit none{0, 0};
          ::setrlimit(RLIMIT_CORE, &none);
          CrashReport report(last_command);
          report.set_log_file(folder.path("server.log"));
          report.start();
          last_command.store("config|set", std::memory_order_relaxed);
          crash();
          return 0;
        },
        folder.path("errors"));
    log = folder.read("server.log");
    errors = folder.read("errors");
  }

  TemporaryFolder folder;
  int status = 0;
  std::string log;
  std::string errors;
};

TEST_CASE("a bad access is reported and still ends the process as always") {
  const Crash crash([] {
    volatile auto address = uintptr_t{0x10};
    *reinterpret_cast<volatile char*>(address) = 1;
  });
  CHECK(WIFSIGNALED(crash.status));
  CHECK(WTERMSIG(crash.status) == SIGSEGV);
  for (const std::string& text : {crash.log, crash.errors}) {
    CHECK_THAT(text, Contains("CRASH REPORT: START"));
    CHECK_THAT(text, Contains("Larder " LARDER_VERSION " crashed by SIGSEGV (11)"));
    CHECK_THAT(text, Contains("Address: 0x10\n"));
    CHECK_THAT(text, Contains("Last command: config|set\n"));
    CHECK_THAT(text, Contains("unit_tests"));  // a line of the stack trace
    CHECK_THAT(text, Contains("CRASH REPORT: END"));
  }
}

TEST_CASE("a call of an address without code is traced to its caller") {
  const Crash crash([] {
    volatile auto address = uintptr_t{0x20};
    reinterpret_cast<void (*)()>(address)();
  });
  CHECK(WTERMSIG(crash.status) == SIGSEGV);
  CHECK_THAT(crash.log, Contains("Address: 0x20\n"));
  CHECK_THAT(crash.log, Contains("An address without code was called."));
  CHECK_THAT(crash.log, Contains("unit_tests"));
}

TEST_CASE("an instruction that does not exist is reported") {
  const Crash crash([] { __builtin_trap(); });
  CHECK(WTERMSIG(crash.status) == SIGILL);
  CHECK_THAT(crash.log, Contains("crashed by SIGILL (4)"));
  CHECK_THAT(crash.log, Contains("CRASH REPORT: END"));
}

TEST_CASE("a failed assertion is in the report") {
  const Crash crash([] { LARDER_ASSERT(1 + 1 == 3); });
  CHECK(WIFSIGNALED(crash.status));
  CHECK(WTERMSIG(crash.status) == SIGABRT);
  CHECK_THAT(crash.log, Contains("crashed by SIGABRT (6)"));
  CHECK_THAT(crash.log, Contains("ASSERTION FAILED"));
  CHECK_THAT(crash.log, Contains("1 + 1 == 3"));
}

TEST_CASE("a signal that somebody sent names the sender") {
  const Crash crash([] { ::kill(::getpid(), SIGFPE); });
  CHECK(WTERMSIG(crash.status) == SIGFPE);
  CHECK_THAT(crash.log, Contains("crashed by SIGFPE (8)"));
}

// Endless, but the compiler must not know.
volatile bool goes_on = true;

[[gnu::noinline]] int overflow_stack(volatile char* above) {
  volatile char frame[4096];
  frame[0] = above == nullptr ? '\0' : *above;
  return goes_on ? overflow_stack(frame) + frame[0] : 0;
}

TEST_CASE("an overflow of the stack is reported from another stack") {
  const Crash crash([] { (void)overflow_stack(nullptr); });
  CHECK(WTERMSIG(crash.status) == SIGSEGV);
  CHECK_THAT(crash.log, Contains("crashed by SIGSEGV"));
  CHECK_THAT(crash.log, Contains("CRASH REPORT: END"));
}

TEST_CASE("a stopped report leaves crashes to whoever had them before") {
  TemporaryFolder folder;
  const int status = run_in_child(
      [&] {
        const auto action_of = [](int signal) {
          struct sigaction action {};
          ::sigaction(signal, nullptr, &action);
          return action.sa_sigaction;
        };
        const auto before = action_of(SIGBUS);
        CrashReport report(last_command);
        report.start();
        const bool is_taken = action_of(SIGBUS) != before;
        report.stop();
        return is_taken && action_of(SIGBUS) == before ? 0 : 1;
      },
      folder.path("errors"));
  CHECK(status == 0);
}

}  // namespace
}  // namespace larder
