#include "server/keyspace/eviction.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "server/base/allocator.h"
#include "server/base/numbers.h"
#include "server/keyspace/edit.h"
#include "server/types/list.h"
#include "server/types/string.h"
#include "tests/support/build.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

std::string name_of(uint64_t number) {
  return "key:" + to_text(static_cast<int64_t>(number));
}

// A keyspace that is used as a cache: of so many keys, or of so many bytes.
class Cache {
 public:
  explicit Cache(EvictionPolicy policy, size_t databases = 2) : keyspace(databases) {
    keyspace.set_now_ms(kStartMs);
    settings.policy = policy;
    apply();
    evicted.reserve(100'000);  // what this takes must not count as used meanwhile
    keyspace.key_changed.add([this](const KeyEvent& event) {
      if (event.event_class == KeyEventClass::evicted) evicted.emplace_back(event.key);
    });
  }
  void apply() {
    keyspace.usage.configure(settings);
    keyspace.eviction.configure(settings);
  }
  void put(std::string_view name, size_t bytes = 64, int64_t expiry_ms = kNoExpiry,
           size_t database = 0) {
    Database& home = keyspace.database(database);
    const Key key = make_key(name);
    Edit<String> edit(keyspace, home, key, keyspace.find(home, key, Lookup::write), Type::string,
                      expiry_ms);
    edit.discard_value();
    edit->assign(std::string(bytes, 'x'));
    edit.commit("set");
  }
  bool get(std::string_view name, size_t database = 0) {
    return keyspace.find(keyspace.database(database), make_key(name), Lookup::read) != nullptr;
  }
  bool has(std::string_view name, size_t database = 0) {
    return keyspace.find(keyspace.database(database), make_key(name), Lookup::silent) != nullptr;
  }
  // GET, and SET where that was a miss. Returns whether it was a hit.
  bool request(uint64_t number, size_t capacity, size_t bytes = 64) {
    const std::string name = name_of(number);
    if (get(name)) return true;
    while (keyspace.total_keys() >= capacity) REQUIRE(evict_one());
    put(name, bytes);
    if (++misses_ % 16 == 0) keyspace.do_background_work(Deadline::in_us(0));
    return false;
  }
  bool evict_one() {
    const size_t before = keyspace.total_keys();
    keyspace.evict(1, Deadline::never());
    return keyspace.total_keys() < before;
  }

  Keyspace keyspace;
  EvictionSettings settings;
  std::vector<std::string> evicted;

 private:
  size_t misses_ = 0;
};

// Keys as caches see them: few that are asked for often, many that are asked for seldom.
class Requests {
 public:
  Requests(uint64_t keys, double skew, uint64_t seed) : random_(seed) {
    double sum = 0;
    for (uint64_t i = 1; i <= keys; i++)
      sums_.push_back(sum += std::pow(static_cast<double>(i), -skew));
  }
  uint64_t next() {
    const double point =
        static_cast<double>(random_.next() >> 11) / 9007199254740992.0 * sums_.back();
    const auto at = std::lower_bound(sums_.begin(), sums_.end(), point) - sums_.begin();
    return static_cast<uint64_t>(at) * 2654435761 % 4294967291;
  }
  Random& random() { return random_; }

 private:
  Random random_;
  std::vector<double> sums_;
};

// What a cache ought to be that lets the least recently used key go.
class ExactLru {
 public:
  explicit ExactLru(size_t capacity) : capacity_(capacity) {}
  bool request(uint64_t number) {
    if (const auto found = places_.find(number); found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    if (places_.size() == capacity_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(number);
    places_[number] = order_.begin();
    return false;
  }

 private:
  size_t capacity_;
  std::list<uint64_t> order_;
  std::unordered_map<uint64_t, std::list<uint64_t>::iterator> places_;
};

constexpr EvictionPolicy kVolatile[] = {
    EvictionPolicy::volatile_lru, EvictionPolicy::volatile_lfu, EvictionPolicy::volatile_random,
    EvictionPolicy::volatile_ttl, EvictionPolicy::volatile_hybrid};
constexpr EvictionPolicy kAllKeys[] = {EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_lfu,
                                       EvictionPolicy::allkeys_random,
                                       EvictionPolicy::allkeys_hybrid};

// Where the allocator does not tell what is used, nothing is evicted.
bool cannot_measure() {
  return used_memory() == 0;
}

}  // namespace

TEST_CASE("sampled lru is within a point of exact lru") {
  if (cannot_measure()) return;
  for (const size_t capacity : {100u, 1'000u, 5'000u}) {
    Cache cache(EvictionPolicy::allkeys_lru);
    ExactLru exact(capacity);
    Requests requests(20'000, 0.9, capacity);
    constexpr int kRequests = 150'000;
    int hits = 0, exact_hits = 0;
    for (int i = 0; i < kRequests; i++) {
      const uint64_t key = requests.next();
      hits += cache.request(key, capacity);
      exact_hits += exact.request(key);
    }
    const double points = 100.0 * (hits - exact_hits) / kRequests;
    INFO("capacity " << capacity << ": " << 100.0 * exact_hits / kRequests << " and " << points);
    CHECK(std::abs(points) < 1);
  }
}

TEST_CASE("lfu and hybrid have more hits than lru where keys have favourites") {
  if (cannot_measure()) return;
  std::map<EvictionPolicy, double> ratios;
  for (const EvictionPolicy policy : kAllKeys) {
    Cache cache(policy);
    Requests requests(20'000, 0.9, 5);
    int hits = 0;
    for (int i = 0; i < 200'000; i++) {
      // Every tenth request is for a key that nobody asks for again.
      const uint64_t key = i % 10 == 0 ? 5'000'000'000 + static_cast<uint64_t>(i) : requests.next();
      hits += cache.request(key, 1'000);
    }
    ratios[policy] = hits / 2000.0;
  }
  CHECK(ratios[EvictionPolicy::allkeys_lru] > ratios[EvictionPolicy::allkeys_random] + 2);
  CHECK(ratios[EvictionPolicy::allkeys_lfu] > ratios[EvictionPolicy::allkeys_lru] + 2);
  CHECK(ratios[EvictionPolicy::allkeys_hybrid] > ratios[EvictionPolicy::allkeys_lru] + 3);
}

TEST_CASE("hybrid keeps many small keys rather than few large ones, as its weight says") {
  if (cannot_measure()) return;
  std::map<int, size_t> small_left;
  for (const int weight : {0, 100}) {
    Cache cache(EvictionPolicy::allkeys_hybrid);
    cache.settings.size_weight = weight;
    cache.apply();
    for (int i = 0; i < 4'000; i++)
      cache.put(name_of(static_cast<uint64_t>(i)), i % 2 == 0 ? 64 : 16'000);
    for (int i = 0; i < 2'000; i++) REQUIRE(cache.evict_one());
    for (int i = 0; i < 4'000; i += 2)
      small_left[weight] += cache.has(name_of(static_cast<uint64_t>(i)));
  }
  CHECK(small_left[0] < 1'300);
  CHECK(small_left[100] > 1'800);
}

TEST_CASE("a size that changes changes the class") {
  Cache cache(EvictionPolicy::allkeys_hybrid);
  const auto size_class = [&] {
    const Database::Slot* slot = cache.keyspace.database(0).find(make_key("key"));
    return (slot->bits() & HybridWord::kSizeMask) >> HybridWord::kSizeShift;
  };
  cache.put("key", 10);
  CHECK(size_class() == 0);
  cache.put("key", 5'000);
  CHECK(size_class() == 3);
  cache.put("key", 500'000);
  CHECK(size_class() >= 5);
  cache.put("key", 10);
  CHECK(size_class() == 0);
}

TEST_CASE("keys that were there before a hybrid policy get their sizes, which then count") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::noeviction);
  constexpr uint64_t kKeys = 4'000;
  for (uint64_t i = 0; i < kKeys; i++) cache.put(name_of(i), i % 2 == 0 ? 64 : 20'000);
  // A walk that is under way does not know of the new policy.
  cache.keyspace.set_now_ms(kStartMs + 4096 * 1000);
  REQUIRE(cache.keyspace.do_background_work(Deadline::in_us(0)));
  cache.settings.policy = EvictionPolicy::allkeys_hybrid;
  cache.settings.size_weight = 100;
  cache.apply();
  // Until all sizes are known they do not count.
  const KeyUsage& usage = cache.keyspace.usage;
  CHECK(usage.worthlessness(HybridWord::with_size(0, 64)) ==
        usage.worthlessness(HybridWord::with_size(0, 20'000)));
  while (cache.keyspace.do_background_work(Deadline::in_us(0))) {
  }
  for (uint64_t i = 0; i < kKeys; i++) {
    const Database::Slot* slot = cache.keyspace.database(0).find(make_key(name_of(i)));
    const uint16_t expected = HybridWord::with_size(0, i % 2 == 0 ? 64 : 20'000);
    if ((slot->bits() & HybridWord::kSizeMask) != expected) FAIL(i);
  }
  CHECK(usage.worthlessness(HybridWord::with_size(0, 64)) <
        usage.worthlessness(HybridWord::with_size(0, 20'000)));
  CHECK_FALSE(usage.aging_is_due());
}

TEST_CASE("a key that gets another name stays what it was, and teaches nothing") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::allkeys_hybrid);
  cache.put("old name", 5'000, kStartMs + 100'000);
  Database& source = cache.keyspace.database(0);
  Database& target = cache.keyspace.database(1);
  KeyUsage& usage = cache.keyspace.usage;
  for (int i = 0; i < 5; i++) cache.get("old name");
  // A key that was evicted under what is going to be the new name, or nearly.
  cache.put("new name", 64, kNoExpiry, 1);
  while (!cache.has("old name", 0) || cache.has("new name", 1)) {
    REQUIRE(cache.evict_one());
    if (!cache.has("old name", 0)) cache.put("old name", 5'000, kStartMs + 100'000);
    cache.keyspace.do_background_work(Deadline::never());
  }
  const double theta = usage.score().theta();
  const Key from = make_key("old name");
  const uint16_t bits = source.find(from)->bits();
  const size_t keys = usage.keys();
  cache.keyspace.relocate({source, from, target, make_key("new name"), "move_from", "move_to"},
                          source.find(from));
  CHECK(target.find(make_key("new name"))->bits() == bits);
  CHECK(usage.score().theta() == theta);
  CHECK(usage.keys() == keys);
  CHECK(target.expiring() == 1);
}

TEST_CASE("volatile policies take only keys that have an expiry, all of them, and then none") {
  if (cannot_measure()) return;
  for (const EvictionPolicy policy : kVolatile) {
    for (const int every : {2, 50, 5'000}) {
      Cache cache(policy);
      int expiring = 0;
      for (int i = 0; i < 20'000; i++) {
        const bool expires = i % every == 7 % every;
        cache.put(name_of(static_cast<uint64_t>(i)), 64,
                  expires ? kStartMs + 100'000 + i : kNoExpiry, static_cast<size_t>(i % 3 == 0));
        expiring += expires;
      }
      // A search in order may end in vain now and then.
      for (int vain = 0;
           vain < 1000 &&
           cache.keyspace.database(0).expiring() + cache.keyspace.database(1).expiring() > 0;) {
        vain += !cache.evict_one();
      }
      INFO("policy " << static_cast<int>(policy) << ", one of " << every);
      CHECK(cache.evicted.size() == static_cast<size_t>(expiring));
      CHECK(cache.keyspace.total_keys() == 20'000 - static_cast<size_t>(expiring));
      CHECK_FALSE(cache.evict_one());
      for (const std::string& name : cache.evicted) {
        if (std::stoi(name.substr(4)) % every != 7 % every) FAIL(name);
      }
      CHECK(cache.keyspace.eviction.stats.evicted_keys == static_cast<uint64_t>(expiring));
    }
  }
}

TEST_CASE("policies for all keys empty all databases") {
  if (cannot_measure()) return;
  for (const EvictionPolicy policy : kAllKeys) {
    Cache cache(policy, 4);
    for (uint64_t i = 0; i < 5'000; i++) cache.put(name_of(i), 64, kNoExpiry, i % 7 == 0 ? 3 : 1);
    while (cache.keyspace.total_keys() > 0) REQUIRE(cache.evict_one());
    CHECK_FALSE(cache.evict_one());
    CHECK(cache.evicted.size() == 5'000);
  }
}

TEST_CASE("under noeviction nothing goes") {
  Cache cache(EvictionPolicy::noeviction);
  cache.put("key", 64, kStartMs + 1000);
  CHECK(cache.keyspace.evict(1 << 20, Deadline::never()) == 0);
  CHECK(cache.has("key"));
}

TEST_CASE("volatile-ttl takes keys that expire soon") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::volatile_ttl);
  for (uint64_t i = 0; i < 10'000; i++)
    cache.put(name_of(i), 64, kStartMs + 1'000'000 + static_cast<int64_t>(i) * 10);
  for (int i = 0; i < 2'000; i++) REQUIRE(cache.evict_one());
  size_t among_the_first = 0;
  for (const std::string& name : cache.evicted)
    among_the_first += std::stoi(name.substr(4)) < 3'000;
  CHECK(among_the_first > 1'800);
}

TEST_CASE("volatile-ttl spares keys whose expiry was put off after they were candidates") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::volatile_ttl);
  Database& database = cache.keyspace.database(0);
  constexpr uint64_t kKeys = 1'000;
  for (uint64_t i = 0; i < kKeys; i++)
    cache.put(name_of(i), 64, kStartMs + 1'000'000 + static_cast<int64_t>(i) * 10);
  for (int i = 0; i < 100; i++) REQUIRE(cache.evict_one());
  // The pool knows the next to go. They are refreshed, without another sample of bits.
  for (uint64_t i = 0; i < kKeys / 5; i++) {
    const Key key = make_key(name_of(i));
    Database::Slot* slot = database.find(key);
    if (slot != nullptr) database.set_expiry(key, slot, kStartMs + 9'000'000, kStartMs);
  }
  cache.evicted.clear();
  for (int i = 0; i < 300; i++) REQUIRE(cache.evict_one());
  for (const std::string& name : cache.evicted) {
    if (std::stoull(name.substr(4)) < kKeys / 5) FAIL(name);
  }
}

TEST_CASE("random policies take keys without favour") {
  if (cannot_measure()) return;
  for (const EvictionPolicy policy :
       {EvictionPolicy::allkeys_random, EvictionPolicy::volatile_random}) {
    Cache cache(policy);
    for (uint64_t i = 0; i < 8'000; i++) cache.put(name_of(i), 64, kStartMs + 1'000'000);
    for (int i = 0; i < 4'000; i++) REQUIRE(cache.evict_one());
    size_t first_half = 0;
    for (const std::string& name : cache.evicted) first_half += std::stoi(name.substr(4)) < 4'000;
    CHECK(first_half > 1'800);
    CHECK(first_half < 2'200);
  }
}

TEST_CASE("a victim that has expired counts as expired") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::volatile_lru);
  cache.put("key", 64, kStartMs + 5);
  cache.keyspace.set_now_ms(kStartMs + 10);
  CHECK(cache.evict_one());
  CHECK(cache.keyspace.stats.expired_keys == 1);
  CHECK(cache.keyspace.eviction.stats.evicted_keys == 0);
}

TEST_CASE("evict frees what it is asked for, and not much more") {
  if (cannot_measure()) return;
  for (const EvictionPolicy policy : kAllKeys) {
    Cache cache(policy);
    for (uint64_t i = 0; i < 5'000; i++) cache.put(name_of(i), 1'000);
    cache.evict_one();
    cache.keyspace.do_background_work(Deadline::never());  // allocates the ghost
    const size_t before = used_memory();
    const size_t freed = cache.keyspace.evict(1'000'000, Deadline::never());
    CHECK(freed >= 1'000'000);
    CHECK(freed < 1'020'000);
    CHECK(before - used_memory() == freed);
  }
}

TEST_CASE("an eviction stops at its deadline") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::allkeys_hybrid);
  for (uint64_t i = 0; i < 5'000; i++) cache.put(name_of(i));
  cache.keyspace.evict(1 << 30, Deadline::in_us(0));
  CHECK(cache.keyspace.total_keys() > 4'900);
}

TEST_CASE("nothing is evicted for memory that is on its way") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::allkeys_lru);
  for (uint64_t i = 0; i < 100; i++) cache.put(name_of(i), 1'000);
  Database& database = cache.keyspace.database(1);
  const Key key = make_key("large");
  Edit<List> list(cache.keyspace, database, key, nullptr, Type::list, kNoExpiry);
  const std::string_view element[] = {"some element of a list"};
  for (int i = 0; i < 100'000; i++) list->push(element, End::back);
  list.commit("rpush");
  cache.keyspace.eviction.set_limit(used_memory() - 500'000);
  cache.keyspace.remove(database, key, "del");
  REQUIRE(cache.keyspace.disposal.pending() == 1);
  CHECK(cache.keyspace.eviction.make_room(100));
  while (cache.keyspace.do_background_work(Deadline::in_us(50))) {
  }
  CHECK(cache.evicted.empty());
  CHECK(cache.keyspace.total_keys() == 100);
}

TEST_CASE("room is made for a request, and refused when nothing can go") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::volatile_lru);
  for (uint64_t i = 0; i < 2'000; i++)
    cache.put(name_of(i), 1'000, i < 1'000 ? kStartMs + 100'000 : kNoExpiry);
  Eviction& eviction = cache.keyspace.eviction;
  CHECK(eviction.make_room(100));  // no limit
  eviction.set_limit(used_memory() - 100'000);
  CHECK(eviction.make_room(100));
  while (cache.keyspace.do_background_work(Deadline::in_us(100))) {
  }
  CHECK(cache.evicted.size() > 80);
  CHECK(cache.evicted.size() < 120);
  CHECK(cache.keyspace.eviction.stats.current_exceeded.name() == "current_eviction_exceeded_time");
  eviction.set_limit(1);
  while (eviction.make_room(100)) {
  }
  CHECK(cache.keyspace.total_keys() == 1'000);
  CHECK_FALSE(cache.keyspace.do_background_work(Deadline::in_us(100)));
  // Output that waits for clients is no reason to evict or to refuse.
  eviction.set_uncounted(used_memory());
  CHECK(eviction.make_room(100));
}

TEST_CASE(
    "a turn's time for eviction is bounded, and what a request brings is made room for in any "
    "case") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::allkeys_lru);
  for (uint64_t i = 0; i < 50'000; i++) cache.put(name_of(i), 100);
  Eviction& eviction = cache.keyspace.eviction;
  eviction.set_limit(used_memory() - 3'000'000);
  eviction.begin_turn();
  CHECK(eviction.make_room(100));
  const size_t first = cache.evicted.size();
  CHECK(first > 0);
  // Its time may be up now; each further request still evicts a little.
  for (int i = 0; i < 100; i++) {
    const size_t before = cache.evicted.size();
    CHECK(eviction.make_room(100));
    CHECK(cache.evicted.size() > before);
  }
  while (cache.keyspace.do_background_work(Deadline::in_us(300))) {
  }
  CHECK(cache.keyspace.total_keys() > 0);
  CHECK(eviction.make_room(100));
}

TEST_CASE("what is written about victims for clients does not keep an eviction going") {
  if (cannot_measure()) return;
  for (const EvictionPolicy policy : {EvictionPolicy::allkeys_lru, EvictionPolicy::volatile_lru}) {
    Cache cache(policy);
    // Half of the keys have expired, which is told as well.
    for (uint64_t i = 0; i < 5'000; i++)
      cache.put(name_of(i), 8, kStartMs + (i % 2 == 0 ? 5 : 100'000));
    cache.keyspace.set_now_ms(kStartMs + 10);
    std::deque<std::string> output;
    cache.keyspace.key_changed.add(
        [&](const KeyEvent& event) { output.emplace_back(200, event.key.front()); });
    cache.settings.tenacity = 100;
    cache.apply();
    Eviction& eviction = cache.keyspace.eviction;
    eviction.set_limit(used_memory() - 10'000);
    eviction.begin_turn();
    CHECK(eviction.make_room(100));
    CHECK(output.size() > 100);
    CHECK(output.size() < 400);
    CHECK(eviction.uncounted() >= output.size() * 200);
    CHECK(cache.keyspace.total_keys() == 5'000 - output.size());
  }
}

TEST_CASE("evictions are not changes") {
  if (cannot_measure()) return;
  Cache cache(EvictionPolicy::allkeys_lru);
  for (uint64_t i = 0; i < 10; i++) cache.put(name_of(i));
  const uint64_t before = cache.keyspace.changes();
  REQUIRE(cache.evict_one());
  CHECK(cache.keyspace.changes() == before);
}

TEST_CASE("candidates that are gone or were used are not evicted") {
  if (cannot_measure()) return;
  Random random(9);
  for (const EvictionPolicy policy : kAllKeys) {
    Cache cache(policy, 3);
    std::set<std::string> model;
    size_t known = 0;
    for (int i = 0; i < 30'000; i++) {
      const std::string name = name_of(random.below(3'000));
      switch (random.below(8)) {
        case 0:
          cache.keyspace.remove(cache.keyspace.database(0), make_key(name), "del");
          model.erase(name);
          break;
        case 1:
        case 2:
          cache.get(name);
          break;
        case 3:
          cache.evict_one();
          for (; known < cache.evicted.size(); known++)
            REQUIRE(model.erase(cache.evicted[known]) == 1);
          break;
        case 4:
          if (i % 3'000 == 4) {
            cache.keyspace.flush(cache.keyspace.database(0));
            model.clear();
          }
          break;
        default:
          cache.put(name, random.below(300));
          model.insert(name);
      }
    }
    CHECK(cache.keyspace.database(0).size() == model.size());
    CHECK(cache.keyspace.usage.keys() == model.size());
    for (const std::string& name : model) {
      if (!cache.has(name)) FAIL(name);
    }
  }
}

}  // namespace larder
