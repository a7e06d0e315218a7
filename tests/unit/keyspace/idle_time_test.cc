#include "server/keyspace/idle_time.h"

#include <catch2/catch.hpp>

#include "server/base/random.h"

namespace larder {

TEST_CASE("a stamp tells seconds for hours, and a quarter of an hour for half a year") {
  Random random(1);
  for (int round = 0; round < 500; round++) {
    const int64_t used_ms =
        1'700'000'000'000 + static_cast<int64_t>(random.below(1'000'000'000'000));
    uint16_t stamp = IdleTime::stamp(used_ms);
    CHECK(IdleTime::idle_seconds(stamp, used_ms) == 0);
    CHECK(IdleTime::idle_seconds(stamp, used_ms + 3'000) == 3);
    CHECK(IdleTime::idle_seconds(stamp, used_ms + 2 * IdleTime::kAgingIntervalMs) == 8192);
    // A walk comes within an interval, each time.
    int64_t now_ms = used_ms;
    for (int walk = 0; walk < 2000; walk++) {
      now_ms += 1 + static_cast<int64_t>(random.below(IdleTime::kAgingIntervalMs));
      stamp = IdleTime::aged(stamp, now_ms);
      const int64_t idle = (now_ms - used_ms) / 1000;
      const int64_t told = IdleTime::idle_seconds(stamp, now_ms);
      if (told < idle - 1024 || told > idle + 1025) FAIL(told << " instead of " << idle);
      if (idle < 4095 && told != idle && told != idle + 1) FAIL(told << " instead of " << idle);
    }
  }
}

}  // namespace larder
