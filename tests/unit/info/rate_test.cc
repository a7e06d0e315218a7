#include "server/info/rate.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

constexpr int64_t kTickUs = 100'000;

TEST_CASE("a steady rate is known after sixteen samples") {
  Rate rate;
  for (int64_t i = 0; i <= 16; i++) rate.sample(i * kTickUs, static_cast<uint64_t>(i) * 50);
  CHECK(rate.per_second() == 500);
}

TEST_CASE("a rate that begins rises with each sample") {
  Rate rate;
  CHECK(rate.per_second() == 0);
  rate.sample(kTickUs, 1'000'000);  // what was there before does not count
  CHECK(rate.per_second() == 0);
  rate.sample(2 * kTickUs, 1'001'600);
  CHECK(rate.per_second() == 1000);  // 16,000 in one sample of sixteen
}

TEST_CASE("a rate falls back to nothing") {
  Rate rate;
  for (int64_t i = 0; i <= 16; i++) rate.sample(i * kTickUs, static_cast<uint64_t>(i) * 50);
  for (int64_t i = 17; i <= 24; i++) rate.sample(i * kTickUs, 800);
  CHECK(rate.per_second() == 250);
  for (int64_t i = 25; i <= 32; i++) rate.sample(i * kTickUs, 800);
  CHECK(rate.per_second() == 0);
}

TEST_CASE("samples that come too often are left for the next, late ones count with their time") {
  Rate often;
  for (int64_t i = 0; i <= 160; i++) often.sample(i * kTickUs / 10, static_cast<uint64_t>(i) * 5);
  CHECK(often.per_second() == 500);
  Rate late;
  for (int64_t i = 0; i <= 16; i++) late.sample(i * 10 * kTickUs, static_cast<uint64_t>(i) * 500);
  CHECK(late.per_second() == 500);
}

TEST_CASE("a total that was set back does not make a huge rate") {
  Rate rate;
  rate.sample(0, 1'000'000);
  rate.sample(kTickUs, 1'000'100);
  rate.sample(2 * kTickUs, 60);
  CHECK(rate.per_second() == (1000 + 600) / 16);
  rate.reset();
  CHECK(rate.per_second() == 0);
}

TEST_CASE("a rate of very many is no overflow") {
  Rate rate;
  rate.sample(0, 0);
  rate.sample(kTickUs, uint64_t{1} << 56);
  CHECK(rate.per_second() == (uint64_t{1} << 56) * 10 / 16);
}

}  // namespace
}  // namespace larder
