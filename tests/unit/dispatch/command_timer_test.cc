#include "server/dispatch/command_timer.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/support/fake_socket.h"

namespace larder {
namespace {

constexpr CommandSpec kCommands[] = {
    {"short", nullptr, -1, kFast, no_keys(), "1.0.0", "", "", ""},
    {"brief", nullptr, -1, kTimedInRuns, no_keys(), "1.0.0", "", "", ""},
    {"waiting", nullptr, -1, kFast | kBlocking, no_keys(), "1.0.0", "", "", ""},
    {"long", nullptr, -1, 0, no_keys(), "1.0.0", "", "", ""},
};

class Fixture {
 protected:
  struct Run {
    std::string name;
    uint64_t calls;
    bool has_client;
    size_t arguments;
    bool operator==(const Run&) const = default;
  };

  Fixture() {
    table_.add({"server", kCommands});
    hooks_.commands_timed.add([this](const TimedRun& run) {
      runs_.push_back({std::string(run.command.full_name()), run.calls, run.client != nullptr,
                       run.arguments.size()});
      CHECK(run.nanoseconds >= 0);
      total_ns_ += run.nanoseconds;
    });
  }
  // As the dispatcher does it.
  void call(std::string_view name) {
    const Command& command = *table_.find(name);
    if (timer_.joins_run(command) || timer_.begins_run(client_, command, arguments_)) return;
    timer_.begin_alone();
    timer_.count({command, 1, timer_.end_alone(), &client_, arguments_});
  }
  std::vector<Run> take() { return std::exchange(runs_, {}); }

  const std::vector<std::string_view> arguments_ = {"name", "key"};
  CommandTable table_;
  Hooks hooks_;
  DispatchStats stats_;
  FakeSocket socket_;
  Client client_{1, socket_, 0};
  CommandTimer timer_{hooks_, stats_};
  std::vector<Run> runs_;
  int64_t total_ns_ = 0;
};

TEST_CASE_METHOD(Fixture, "consecutive calls of a short command are one run") {
  for (int i = 0; i < 3; i++) call("short");
  CHECK(timer_.is_in_run());
  CHECK(runs_.empty());
  timer_.pause();
  CHECK_FALSE(timer_.is_in_run());
  CHECK(take() == std::vector<Run>{{"short", 3, false, 0}});
  CHECK(table_.find("short")->stats.calls == 3);
  CHECK(stats_.commands_processed == 3);
}

TEST_CASE_METHOD(Fixture, "a run of one knows its request") {
  call("short");
  call("brief");
  call("short");
  timer_.pause();
  CHECK(take() ==
        std::vector<Run>{{"short", 1, true, 2}, {"brief", 1, true, 2}, {"short", 1, true, 2}});
}

TEST_CASE_METHOD(Fixture, "what may be long or may wait is timed by itself, and ends a run") {
  for (const char* name : {"short", "short", "long", "long", "waiting", "waiting"}) call(name);
  CHECK(take() == std::vector<Run>{{"short", 2, false, 0},
                                   {"long", 1, true, 2},
                                   {"long", 1, true, 2},
                                   {"waiting", 1, true, 2},
                                   {"waiting", 1, true, 2}});
}

TEST_CASE_METHOD(Fixture, "everything is timed by itself where somebody asks for it") {
  SECTION("a listener") {
    hooks_.exact_timing++;
  }
  SECTION("somebody who sees every command") {
    hooks_.command_finished.add([](const FinishedCommand&) {});
  }
  call("short");
  call("short");
  CHECK(take() == std::vector<Run>{{"short", 1, true, 2}, {"short", 1, true, 2}});
}

TEST_CASE_METHOD(Fixture, "exactness lasts as long as its scope") {
  call("short");
  {
    const CommandTimer::Exactly exactly(timer_);
    call("short");
    const CommandTimer::Exactly nested(timer_);
    call("short");
  }
  call("short");
  call("short");
  timer_.pause();
  CHECK(take() == std::vector<Run>{{"short", 1, true, 2},
                                   {"short", 1, true, 2},
                                   {"short", 1, true, 2},
                                   {"short", 2, false, 0}});
}

TEST_CASE_METHOD(Fixture, "time in commands within a command counts once") {
  timer_.begin_alone();
  {
    const CommandTimer::Exactly exactly(timer_);
    call("short");
    call("long");
  }
  const int64_t inner_ns = total_ns_;
  const int64_t outer_ns = timer_.end_alone();
  CHECK(outer_ns >= inner_ns);
  CHECK(stats_.command_ns == outer_ns);
}

}  // namespace
}  // namespace larder
