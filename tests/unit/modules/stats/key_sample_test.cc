#include "modules/stats/key_sample.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <list>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

struct Request {
  uint64_t key;
  uint64_t bytes;
};

// Exactly LRU, in bytes.
class LruCache {
 public:
  explicit LruCache(uint64_t capacity) : capacity_(capacity) {}
  std::function<void(uint64_t key)> on_evicted = [](uint64_t) {};

  bool read(uint64_t key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return false;
    order_.splice(order_.begin(), order_, found->second);
    return true;
  }
  void write(const Request& request) {
    if (read(request.key)) return;
    order_.push_front(request);
    places_[request.key] = order_.begin();
    used_ += request.bytes;
    while (used_ > capacity_) {
      const Request last = order_.back();
      order_.pop_back();
      places_.erase(last.key);
      used_ -= last.bytes;
      on_evicted(last.key);
    }
  }

 private:
  uint64_t capacity_;
  uint64_t used_ = 0;
  std::list<Request> order_;
  std::unordered_map<uint64_t, std::list<Request>::iterator> places_;
};

double exact_hit_ratio(const std::vector<Request>& requests, uint64_t capacity) {
  LruCache cache(capacity);
  size_t hits = 0;
  for (const Request& request : requests) {
    if (cache.read(request.key)) {
      hits++;
    } else {
      cache.write(request);
    }
  }
  return static_cast<double>(hits) / static_cast<double>(requests.size());
}

uint64_t mixed(uint64_t key) {
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9;
  key = (key ^ (key >> 27)) * 0x94d049bb133111eb;
  return key ^ (key >> 31);
}

KeySample::Name name_of(uint64_t key) {
  const uint64_t hash = mixed(key + 1);
  return {hash, static_cast<uint32_t>(hash), 0};
}

// Some keys are favourites (Zipf), and now and then somebody walks over keys that come only once.
std::vector<Request> make_requests(size_t keys, size_t count, bool is_sized) {
  Random random(keys + count);
  std::vector<double> ends(keys);
  double sum = 0;
  for (size_t i = 0; i < keys; i++) ends[i] = sum += 1 / std::pow(static_cast<double>(i + 1), 0.9);
  uint64_t next_single = keys;
  std::vector<Request> requests;
  while (requests.size() < count) {
    if (random.below(2000) == 0) {
      for (int i = 0; i < 200; i++) requests.push_back({next_single++, 0});
    }
    const double at = sum * static_cast<double>(random.below(1u << 30)) / (1u << 30);
    requests.push_back(
        {static_cast<uint64_t>(std::ranges::lower_bound(ends, at) - ends.begin()), 0});
  }
  for (Request& request : requests) {
    const uint64_t random_bits = mixed(request.key);
    const uint64_t extra = random_bits % 50 == 0 ? 20'000 : 0;
    request.bytes = is_sized ? 50 + random_bits % 2000 + extra : 100;
  }
  return requests;
}

// Lets the requests run through a cache of this capacity that tells the sample, as the server does.
void play(const std::vector<Request>& requests, uint64_t capacity, KeySample& sample) {
  LruCache cache(capacity);
  int64_t now_ms = 1;
  cache.on_evicted = [&](uint64_t key) {
    sample.removed(name_of(key), RemovalCause::evicted, -1, now_ms);
  };
  for (size_t i = 0; i < requests.size(); i++) {
    const Request& request = requests[i];
    now_ms = 1 + static_cast<int64_t>(i / 20);
    if (i % 2000 == 0) sample.tick(now_ms, {});
    const KeySample::State state{request.bytes, -1};
    if (cache.read(request.key)) {
      sample.count_reads(1, 0);
      sample.read(name_of(request.key), &state, now_ms);
      continue;
    }
    sample.count_reads(0, 1);
    sample.read(name_of(request.key), nullptr, now_ms);
    sample.written(name_of(request.key), state, now_ms);
    cache.write(request);
  }
}

uint64_t distinct_bytes(const std::vector<Request>& requests) {
  std::unordered_map<uint64_t, uint64_t> sizes;
  for (const Request& request : requests) sizes[request.key] = request.bytes;
  return std::accumulate(sizes.begin(), sizes.end(), uint64_t{0},
                         [](uint64_t sum, const auto& size) { return sum + size.second; });
}

void check_predictions(size_t keys, size_t count, bool is_sized, size_t most_keys) {
  const auto requests = make_requests(keys, count, is_sized);
  const uint64_t capacity = distinct_bytes(requests) / 10;
  KeySample sample(most_keys);
  play(requests, capacity, sample);
  CHECK(sample.size() <= most_keys);
  // What is not of the keys are histograms.
  CHECK(sample.memory() <= most_keys * KeySample::kBytesPerKey + 20'000);
  for (const double size : {0.1, 0.3, 0.5, 0.8, 1.0, 1.3, 1.6, 2.0}) {
    const double exact =
        exact_hit_ratio(requests, static_cast<uint64_t>(size * static_cast<double>(capacity)));
    INFO(keys << " keys, size " << size << ", 1 in " << sample.scale() << ": " << exact
              << " and " << sample.hit_ratio_at(size));
    CHECK(std::abs(sample.hit_ratio_at(size) - exact) <= 0.02);
  }
}

TEST_CASE("key sample: predictions are those of an exact LRU, where all keys are in the sample") {
  check_predictions(3000, 60'000, false, 100'000);
  check_predictions(3000, 60'000, true, 100'000);
}

TEST_CASE("key sample: predictions from a part of the keys") {
  check_predictions(60'000, 400'000, false, KeySample::kMostKeys / 2);
  check_predictions(60'000, 400'000, true, KeySample::kMostKeys / 2);
}

TEST_CASE("key sample: a size of nothing hits nothing") {
  KeySample sample;
  CHECK(sample.hit_ratio_at(1) == 0);
  const KeySample::State state{100, -1};
  sample.written(name_of(1), state, 1);
  sample.read(name_of(1), &state, 2);
  sample.read(name_of(2), nullptr, 2);
  sample.count_reads(1, 1);
  CHECK(sample.hit_ratio_at(1) == Approx(0.5));
  CHECK(sample.hit_ratio_at(0) == 0);
}

TEST_CASE("key sample: to ask about a key is a read, but no use of it") {
  KeySample sample;
  const KeySample::State state{100, -1};
  for (uint64_t key = 1; key <= 3; key++) sample.written(name_of(key), state, 1);
  sample.peeked(name_of(1), true, 5);
  sample.count_reads(1, 0);
  CHECK(sample.unread_keys() == 3);
  CHECK(sample.known_reads() == 1);
  // It is as deep as before: whoever reads it now needs all three.
  sample.read(name_of(1), &state, 6);
  CHECK(sample.hit_ratio_at(0.9) == 0);
  CHECK(sample.hit_ratio_at(1.1) == 1);
  // What a larger cache would have does not become younger in it either.
  sample.removed(name_of(2), RemovalCause::evicted, -1, 7);
  sample.peeked(name_of(2), false, 8);
  sample.peeked(name_of(9), false, 8);
  CHECK(sample.size() == 3);
  CHECK(sample.known_reads() == 4);
}

TEST_CASE("key sample: how keys have lived") {
  KeySample sample;
  const KeySample::State state{100, -1};
  sample.written(name_of(1), state, 1000);
  sample.written(name_of(2), state, 2000);
  sample.read(name_of(1), &state, 3000);
  CHECK(sample.unread_keys() == 1);
  const auto read = sample.removed(name_of(1), RemovalCause::evicted, -1, 10'000);
  REQUIRE(read);
  CHECK(read->age_ms == 9000);
  CHECK(read->idle_ms == 7000);
  CHECK(read->was_read);
  const auto unread = sample.removed(name_of(2), RemovalCause::expired, 3000, 10'000);
  REQUIRE(unread);
  CHECK_FALSE(unread->was_read);
  CHECK(sample.unread_keys() == 0);
  // The second life of a key is another one.
  sample.read(name_of(1), nullptr, 11'000);
  sample.written(name_of(1), state, 12'000);
  const auto again = sample.removed(name_of(1), RemovalCause::evicted, -1, 12'500);
  REQUIRE(again);
  CHECK(again->age_ms == 500);
  CHECK_FALSE(again->was_read);
  // Of one that was there before, nobody knows since when.
  sample.read(name_of(3), &state, 13'000);
  CHECK_FALSE(sample.removed(name_of(3), RemovalCause::evicted, -1, 14'000));
}

TEST_CASE("key sample: what has expired is a miss at any size") {
  KeySample sample;
  const KeySample::State state{100, 5000};
  sample.written(name_of(1), state, 1000);
  sample.written(name_of(2), {100, -1}, 1000);
  sample.removed(name_of(1), RemovalCause::evicted, 5000, 2000);
  sample.read(name_of(1), nullptr, 6000);
  CHECK(sample.hit_ratio_at(2) == 0);
  CHECK(sample.size() == 1);
}

TEST_CASE("key sample: it is as fine as the time allows") {
  KeySample sample;
  const KeySample::State state{100, -1};
  int64_t now_ms = 1000;
  const auto use_all = [&] {
    for (uint64_t key = 0; key < 4000; key++) sample.written(name_of(key), state, now_ms);
  };
  // A tenth of a second, all of which the server has worked, or a part.
  const auto tick = [&](int64_t spent_ns, int64_t busy_ns = 100'000'000) {
    sample.tick(now_ms += 100, {.busy_ns = busy_ns, .spent_ns = spent_ns});
  };
  constexpr int64_t kAllowedNs = 100'000'000 / KeySample::kTimeShare;
  // What may be spent at once.
  use_all();
  tick(KeySample::kMostAtOnceNs / 2);
  tick(KeySample::kMostAtOnceNs / 2 + kAllowedNs);
  CHECK(sample.scale() == 1);
  // And then twice as much of the time as is allowed: a debt that is soon too large.
  constexpr int64_t kSoon = 2 * KeySample::kMostDebtNs / kAllowedNs;
  for (int64_t i = 0; i < 3 * kSoon && sample.scale() < 8; i++) {
    use_all();
    tick(2 * kAllowedNs);
  }
  CHECK(sample.scale() == 8);
  CHECK(sample.size() > 300);
  CHECK(sample.size() < 800);
  // The same share of less work is as much.
  for (int64_t i = 0; i < 10 * kSoon; i++) tick(kAllowedNs / 10, 10'000'000);
  CHECK(sample.scale() == 8);
  for (int64_t i = 0; i < 10 * kSoon; i++) tick(kAllowedNs / 5, 10'000'000);
  CHECK(sample.scale() == 16);
  CHECK(sample.size() < 400);
  // The memory of those that went is given back, and what is known of the others stays.
  CHECK(sample.memory() < 4 * 400 * KeySample::kBytesPerKey);
  CHECK(sample.unread_keys() == sample.size() * 16);

  // Half of what is allowed is not little enough for a finer one.
  const auto run = [&](uint64_t reads, int64_t spent_ns) {
    for (int i = 0; i < 1300; i++) {
      sample.count_reads(reads, 0);
      tick(spent_ns);
    }
  };
  run(10'000, kAllowedNs / 2);
  CHECK(sample.scale() == 16);
  // And where nothing is read it knows nothing better than what it has.
  run(0, 1000);
  CHECK(sample.size() > 100);
  run(10'000, 1000);
  CHECK(sample.scale() < 16);
  use_all();
  CHECK(sample.size() > 400);
  // What costs far too much goes at once.
  const size_t before = sample.size();
  tick(100 * kAllowedNs + KeySample::kMostAtOnceNs);
  CHECK(sample.size() < before / 8);
  sample.clear();
  CHECK(sample.scale() == 1);
  CHECK(sample.memory() == 0);
}

TEST_CASE("key sample: a database that is emptied takes its keys along") {
  KeySample sample;
  for (uint64_t key = 0; key < 100; key++) {
    KeySample::Name name = name_of(key);
    name.database = static_cast<uint16_t>(key % 2);
    sample.written(name, {100, -1}, 1);
  }
  sample.forget_database(1);
  CHECK(sample.size() == 50);
  CHECK(sample.unread_keys() == 50);
}

}  // namespace
}  // namespace larder
