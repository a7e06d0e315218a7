#include "server/network/timer.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "server/network/signals.h"
#include "tests/unit/network/test_network.h"

namespace larder {

TEST_CASE("a timer calls once or again and again, and wakes the loop", "[network]") {
  TestNetwork network;
  int once = 0;
  int often = 0;
  Timer first(network.reactor);
  Timer second(network.reactor);
  first.start_once(1, [&] { once++; });
  second.start_repeating(1, [&] { often++; });
  while (often < 5) network.reactor.turn();
  CHECK(once == 1);
  CHECK_FALSE(first.is_running());
  second.stop();
  CHECK_FALSE(second.is_running());
  network.settle();
  CHECK(often == 5);
}

TEST_CASE("a timer may start anew, stop or destroy itself in its function", "[network]") {
  TestNetwork network;
  int calls = 0;
  std::optional<Timer> timer(network.reactor);
  SECTION("destroy") {
    const std::string captured(100, 'x');
    timer->start_repeating(1, [&, captured] {
      timer.reset();
      calls += captured == std::string(100, 'x') ? 1 : 100;
    });
    CHECK(network.until([&] { return calls > 0; }));
  }
  SECTION("start another function") {
    timer->start_once(1, [&] { timer->start_once(1, [&] { calls++; }); });
    CHECK(network.until([&] { return calls > 0; }));
  }
  SECTION("stop") {
    timer->start_repeating(1, [&] {
      calls++;
      timer->stop();
    });
    CHECK(network.until([&] { return calls > 0; }));
    CHECK_FALSE(timer->is_running());
  }
  network.settle();
  CHECK(calls == 1);
}

TEST_CASE("a moved timer keeps running", "[network]") {
  TestNetwork network;
  int calls = 0;
  Timer timer;
  {
    Timer original(network.reactor);
    original.start_once(1, [&] { calls++; });
    timer = std::move(original);
  }
  CHECK(network.until([&] { return calls == 1; }));
}

TEST_CASE("signals are function calls in the loop", "[network]") {
  TestNetwork network;
  std::vector<int> seen;
  const Signals signals(network.reactor, [&](int number) { seen.push_back(number); });
  std::raise(SIGHUP);
  REQUIRE(network.until([&] { return seen.size() == 1; }));
  std::raise(SIGTERM);
  REQUIRE(network.until([&] { return seen.size() == 2; }));
  CHECK(seen == std::vector<int>{SIGHUP, SIGTERM});
}

}  // namespace larder
