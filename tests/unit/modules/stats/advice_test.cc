#include "modules/stats/advice.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace larder {
namespace {

// The value of an advice; -1: it is not given.
int64_t value_of(const CacheFacts& facts, std::string_view code) {
  const auto list = advise(facts);
  const auto advice = std::ranges::find(list, code, &Advice::code);
  if (advice == list.end()) return -1;
  CHECK_FALSE(advice->text.empty());
  return advice->value;
}

TEST_CASE("advice: a cache about which nothing is known gets none") {
  CHECK(advise({}).empty());
}

TEST_CASE("advice: the size") {
  CacheFacts facts;
  facts.known_reads = 5000;
  facts.used_bytes = 1000;
  facts.ratio_at_half = 0.5;
  facts.ratio_now = 0.6;
  facts.ratio_at_double = 0.7;
  facts.evicted_misses = 500;
  CHECK(value_of(facts, "TOO_SMALL") == 10);
  CHECK(value_of(facts, "TOO_LARGE") == -1);
  // More memory is of no use to a cache that evicts nothing.
  facts.evicted_misses = 0;
  CHECK(value_of(facts, "TOO_SMALL") == -1);
  facts.ratio_at_double = 0.601;
  facts.ratio_at_half = 0.598;
  CHECK(value_of(facts, "TOO_LARGE") == 500);
  facts.known_reads = 10;
  CHECK(value_of(facts, "TOO_LARGE") == -1);
}

TEST_CASE("advice: times to live, keys that nobody reads, late expiry") {
  CacheFacts facts;
  facts.cold_misses = 300;
  facts.expired_misses = 700;
  facts.removed_keys = 1000;
  facts.removed_unread = 900;
  facts.expiry_lag_p99_ms = 5000;
  CHECK(value_of(facts, "TTL_TOO_SHORT") == 70);
  CHECK(value_of(facts, "NEVER_READ") == 90);
  CHECK(value_of(facts, "EXPIRY_LAGS") == 5000);
  facts.cold_misses = 1'000'000;
  facts.removed_unread = 100;
  facts.expiry_lag_p99_ms = 10;
  CHECK(advise(facts).empty());
}

TEST_CASE("advice: big keys and slow clients are named") {
  CacheFacts facts;
  facts.big_keys = {{"\"photo\"", 5 << 20}, {"\"small\"", 1000}, {"\"film\"", 2 << 20}};
  facts.slow_clients = {{7, "127.0.0.1:5", 3 << 20}, {9, "127.0.0.1:6", 2 << 20}};
  const auto list = advise(facts);
  REQUIRE(list.size() == 4);
  CHECK(list[0].code == "BIG_KEY");
  CHECK(list[0].text.find("\"photo\"") != std::string::npos);
  CHECK(list[1].code == "BIG_KEY");
  CHECK(list[1].text.find("\"film\"") != std::string::npos);
  CHECK(list[1].value == 2 << 20);
  CHECK(list[2].code == "SLOW_CLIENT");
  CHECK(list[2].text.find("id 7 at 127.0.0.1:5") != std::string::npos);
  CHECK(list[3].value == 2 << 20);
  facts.big_keys = {{"\"small\"", 1000}};
  facts.slow_clients.clear();
  CHECK(advise(facts).empty());
}

TEST_CASE("advice: hot keys by their share of the requests or of the time") {
  CacheFacts facts;
  facts.measured_requests = 1000;
  facts.hot_keys = {{"\"often\"", 42.4, 5000, 3, 20'000},
                    {"\"long\"", 0.1, 0.5, 61, 400'000},
                    {"\"one of many\"", 9.9, 5000, 9.9, 20'000}};
  const auto list = advise(facts);
  REQUIRE(list.size() == 2);
  CHECK(list[0].code == "HOT_KEY");
  CHECK(list[0].text.find("\"often\" takes 42.4 % of the requests") != std::string::npos);
  CHECK(list[0].value == 42);
  CHECK(list[1].code == "HOT_KEY");
  CHECK(list[1].text.find("\"long\"") != std::string::npos);
  CHECK(list[1].value == 61);
  // There is not enough to go by.
  facts.measured_requests = 999;
  CHECK(advise(facts).empty());
  // A large part of next to nothing.
  facts.measured_requests = 1000;
  facts.hot_keys = {{"\"often\"", 90, 9, 90, 900}};
  CHECK(advise(facts).empty());
}

}  // namespace
}  // namespace larder
