#include "server/dispatch/request_sampler.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace larder {
namespace {

using Kind = BatchedRequest::Kind;

std::vector<BatchedRequest> batch_of(size_t count, Kind kind = Kind::ordinary) {
  return std::vector<BatchedRequest>(count, {nullptr, nullptr, 0, 1, 10, kind});
}

size_t picked_in(const std::vector<BatchedRequest>& batch) {
  return static_cast<size_t>(std::ranges::count(batch, Kind::picked, &BatchedRequest::kind));
}

TEST_CASE("request sampler: one of 1 is all") {
  RequestSampler sampler(1);
  for (const size_t count : {size_t{1}, size_t{7}, size_t{128}}) {
    auto batch = batch_of(count);
    sampler.pass(batch, 1);
    CHECK(picked_in(batch) == count);
  }
  CHECK(sampler.picks_next(1) == 1);
}

TEST_CASE("request sampler: as many as asked for in the mean, in batches of any size") {
  for (const uint32_t one_of : {2U, 10U, 300U}) {
    RequestSampler sampler(2);
    Random random(3);
    size_t requests = 0;
    size_t picked = 0;
    while (requests < 300'000) {
      auto batch = batch_of(random.below(129));
      sampler.pass(batch, one_of);
      requests += batch.size();
      picked += picked_in(batch);
      // Requests of transactions are picked by the same rule.
      for (int i = 0; i < 3; i++, requests++) picked += sampler.picks_next(one_of) != 0;
    }
    const double expected = static_cast<double>(requests) / one_of;
    CHECK(static_cast<double>(picked) == Approx(expected).margin(5 * std::sqrt(expected)));
    CHECK(sampler.weight() == one_of);
  }
}

TEST_CASE("request sampler: a place in a pattern is picked as often as any other") {
  RequestSampler sampler(4);
  std::vector<int> picks(8);
  for (int i = 0; i < 50'000; i++) {
    auto batch = batch_of(8);
    sampler.pass(batch, 16);
    for (size_t place = 0; place < 8; place++) picks[place] += batch[place].kind == Kind::picked;
  }
  for (const int count : picks) CHECK(count == Approx(3'125).epsilon(0.1));
}

TEST_CASE("request sampler: a change of the rate counts from the next batch on") {
  RequestSampler sampler(5);
  auto batch = batch_of(1'000);
  sampler.pass(batch, 1'000'000);
  CHECK(sampler.picks_next(1) <= 1'000'000);
  CHECK(sampler.weight() == 1'000'000);
  sampler.pass(batch, 1);
  CHECK(picked_in(batch) == 1'000);
}

// The weights of all picks of so many requests, with a change of the rate whenever `is_time` says
// so.
template <class IsTime>
double sum_of_weights(size_t requests, IsTime&& is_time) {
  constexpr uint32_t kRates[] = {1, 2, 10, 64, 256};
  RequestSampler sampler(7);
  Random random(8);
  uint32_t one_of = 256;
  double sum = 0;
  for (size_t seen = 0; seen < requests;) {
    auto batch = batch_of(std::min(random.below(33), requests - seen));
    sampler.pass(batch, one_of);
    seen += batch.size();
    const size_t picked = picked_in(batch);
    sum += static_cast<double>(picked) * sampler.weight();
    if (is_time(random, picked)) one_of = kRates[random.below(std::size(kRates))];
  }
  return sum;
}

TEST_CASE("request sampler: changes of the rate do not make requests more or fewer") {
  constexpr size_t kRequests = 8'000'000;
  constexpr double kExpected = kRequests;
  // From time to time, and whenever one was picked.
  CHECK(sum_of_weights(kRequests, [](Random& random, size_t) { return random.below(10) == 0; }) ==
        Approx(kExpected).epsilon(0.02));
  CHECK(sum_of_weights(kRequests, [](Random&, size_t picked) { return picked > 0; }) ==
        Approx(kExpected).epsilon(0.02));
  CHECK(sum_of_weights(kRequests, [](Random&, size_t) { return true; }) ==
        Approx(kExpected).epsilon(0.02));
}

TEST_CASE("request sampler: what is measured anyway, or cannot run, is left as it is") {
  RequestSampler sampler(6);
  for (const Kind kind : {Kind::large, Kind::malformed}) {
    auto batch = batch_of(10, kind);
    sampler.pass(batch, 1);
    for (const BatchedRequest& request : batch) CHECK(request.kind == kind);
  }
}

}  // namespace
}  // namespace larder
