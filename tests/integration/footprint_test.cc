// What a server costs that has nothing to do.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <fstream>

#include "tests/support/build.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

using Clock = std::chrono::steady_clock;

TEST_CASE("a server answers its first PING within 50 ms of its start") {
  constexpr auto kBound = kHasSanitizers ? 1000ms : 50ms;
  const auto median_of_starts = [] {
    std::array<Clock::duration, 5> durations;
    for (auto& duration : durations) {
      const auto start = Clock::now();
      TestServer server;  // returns with the first reply
      duration = Clock::now() - start;
    }
    std::ranges::sort(durations);
    return durations[2];
  };
  // The machine may be busy with other things for a while.
  CHECK(eventually([&] { return median_of_starts() < kBound; }, 10s));
}

TEST_CASE("an idle server takes less than 12 MB") {
  if (kHasSanitizers) return;  // they multiply it
  TestServer server;
  auto client = server.connect();
  CHECK(client("PING") == status("PONG"));
  const int64_t kilobytes = resident_bytes(server.pid()) / 1024;
  CHECK(kilobytes > 0);
  CHECK(kilobytes < 12 * 1024);
}

TEST_CASE("an idle server does nothing most of the time") {
  TestServer server;
  auto client = server.connect();
  const auto used_ticks = [&server] {
    std::ifstream file("/proc/" + std::to_string(server.pid()) + "/stat");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    // Fields 14 and 15, counted behind the name, which may hold anything.
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; i++) fields >> skipped;
    long user = 0, system = 0;
    fields >> user >> system;
    return user + system;
  };
  client("PING");
  const long before = used_ticks();
  CHECK_FALSE(client.receive_within(500ms).has_value());  // nothing to say either
  CHECK(used_ticks() - before < 10);                      // of the 50 that passed
}

}  // namespace
}  // namespace larder
