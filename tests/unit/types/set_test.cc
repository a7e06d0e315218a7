#include "server/types/set.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "server/base/numbers.h"
#include "server/keyspace/edit.h"

namespace larder {
namespace {

using Model = std::set<std::string>;

// Sets in a real database, opened as commands open them.
class Sets {
 public:
  Edit<Set> edit(std::string_view name) {
    const Key key = make_key(name);
    Database::Slot* slot = keyspace_.find(database(), key, Lookup::write);
    return Edit<Set>(keyspace_, database(), key, slot, Type::set,
                     slot == nullptr ? kNoExpiry : slot->get()->expiry_ms());
  }
  // An edit whose old value is gone, as SUNIONSTORE opens it.
  Edit<Set> replace(std::string_view name) {
    const Key key = make_key(name);
    Edit<Set> edit(keyspace_, database(), key, keyspace_.find(database(), key, Lookup::write),
                   Type::set, kNoExpiry);
    edit.discard_value();
    return edit;
  }
  // Empty if there is no such key.
  Set at(std::string_view name) {
    Database::Slot* slot = database().find(make_key(name));
    return slot == nullptr ? Set(ValueView{Type::set, kNoValue, 0, nullptr})
                           : Set(slot->get()->value());
  }
  bool has(std::string_view name) { return database().find(make_key(name)) != nullptr; }
  void remove(std::string_view name) { keyspace_.remove(database(), make_key(name), "del"); }
  int64_t add(std::string_view name, const std::vector<std::string>& members) {
    auto set = edit(name);
    if (set && members.size() > 1) set->expect(members.size());
    int64_t added = 0;
    for (const std::string& member : members) added += set->add(PackedText(member), members.size());
    set.commit("sadd", added);
    return added;
  }
  bool remove(std::string_view name, const std::string& member) {
    auto set = edit(name);
    const bool removed = set && set->remove(PackedText(member));
    set.commit("srem", removed ? 1 : 0);
    return removed;
  }
  TypeLimits& limits() { return keyspace_.type_limits; }
  Random& random() { return keyspace_.random; }

 private:
  Database& database() { return keyspace_.database(0); }
  Keyspace keyspace_{1};
};

std::vector<std::string> members_of(const Set& set) {
  std::vector<std::string> members;
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](PackedEntry entry) { members.push_back(entry.to_string()); });
  } while (position != 0);
  return members;
}

void check_same(const Set& set, const Model& model) {
  REQUIRE(set.size() == model.size());
  const std::vector<std::string> members = members_of(set);
  REQUIRE(members.size() == model.size());
  REQUIRE(Model(members.begin(), members.end()) == model);
  size_t missed = 0;
  for (const std::string& member : members) {
    missed += set.contains(PackedText(member)) ? 0u : 1u;
    // The same as another set would keep it.
    std::string entry(PackedText(member).size(), '\0');
    PackedText(member).write(entry.data());
    missed += set.contains(SetMember(PackedEntry(entry.data()))) ? 0u : 1u;
  }
  REQUIRE(missed == 0);
}

// Members of every kind that is kept in another way, more or less of them.
std::string random_member(Random& random, int kind, uint64_t range) {
  const uint64_t id = random.below(range);
  switch (kind) {
    case 0:
      return to_text(static_cast<int64_t>(id) - static_cast<int64_t>(range) / 2);
    case 1:
      return to_text(static_cast<int64_t>(id << 20));
    case 2:
      return to_text(INT64_MIN + static_cast<int64_t>(id));
    case 3:
      return std::string("member:") + std::to_string(id);
    case 4:
      return std::string(id % 200, 'x') + std::to_string(id);
    case 5:
      return std::string(1, static_cast<char>(id));
    default:
      return std::string(300 + id % 10'000, 'y') + std::to_string(id);
  }
}

class Game {
 public:
  explicit Game(uint64_t seed) : random_(seed) {
    if (seed % 3 == 1) sets_.limits() = small_limits();
    if (seed % 3 == 2) sets_.limits() = large_limits();
  }

  void play(int rounds) {
    for (int i = 0; i < rounds; i++) {
      if (i % 50 == 0) {
        kinds_ = 1 + static_cast<int>(random_.below(7));
        range_ = 1 + random_.below(random_.below(4) == 0 ? 3000 : 60);
      }
      const std::string name(1, static_cast<char>('a' + random_.below(3)));
      move(name);
      check(name);
    }
  }

 private:
  static TypeLimits small_limits() {
    TypeLimits limits;
    limits.set_max_intset_entries = 5;
    limits.set_max_listpack_entries = 8;
    limits.set_max_listpack_value = 10;
    return limits;
  }
  // What is small for the options does not fit into an entry.
  static TypeLimits large_limits() {
    TypeLimits limits;
    limits.set_max_intset_entries = 1'000'000;
    limits.set_max_listpack_entries = 1'000'000;
    limits.set_max_listpack_value = 1'000'000;
    return limits;
  }

  std::string member() {
    return random_member(random_, static_cast<int>(random_.below(static_cast<uint64_t>(kinds_))),
                         range_);
  }

  void move(const std::string& name) {
    switch (random_.below(12)) {
      case 0:
        return add_many(name);
      case 1:
        return take_random(name);
      case 2:
        return copy(name);
      case 3:
        return assign(name);
      case 4:
        if (random_.below(4) == 0) drop(name);
        return;
      case 5:
      case 6:
      case 7:
        return remove(name);
      default:
        return add(name, {member()});
    }
  }

  void add(const std::string& name, const std::vector<std::string>& members) {
    int64_t wanted = 0;
    for (const std::string& one : members) wanted += models_[name].insert(one).second ? 1 : 0;
    REQUIRE(sets_.add(name, members) == wanted);
  }
  void add_many(const std::string& name) {
    std::vector<std::string> members;
    const uint64_t count = 1 + random_.below(random_.below(5) == 0 ? 700 : 20);
    for (uint64_t i = 0; i < count; i++) members.push_back(member());
    add(name, members);
  }
  void remove(const std::string& name) {
    Model& model = models_[name];
    std::string gone = member();
    // One that is there, more often than not.
    if (const auto at = model.lower_bound(gone); at != model.end()) gone = *at;
    const bool was_there = model.erase(gone) == 1;
    REQUIRE(sets_.remove(name, gone) == was_there);
  }
  void take_random(const std::string& name) {
    Model& model = models_[name];
    if (model.size() < 2) return;
    const size_t count = 1 + random_.below(model.size() - 1);
    size_t taken = 0;
    auto set = sets_.edit(name);
    set->take_random(count, sets_.random(), [&](PackedEntry entry) {
      REQUIRE(model.erase(entry.to_string()) == 1);
      taken++;
    });
    set.commit("spop");
    REQUIRE(taken == count);
  }
  void copy(const std::string& name) {
    if (!sets_.has(name)) return;
    auto copied = sets_.replace("copy");
    copied->assign(sets_.at(name));
    copied.commit("copy_to");
    REQUIRE(sets_.at("copy").encoding_name() == sets_.at(name).encoding_name());
    check_same(sets_.at("copy"), models_[name]);
    // Each lives on without the other.
    models_["copy"] = models_[name];
    add(random_.below(2) == 0 ? "copy" : name, {member()});
    check("copy");
  }
  void assign(const std::string& name) {
    if (!sets_.has(name)) return;
    CollectedMembers collected;
    uint64_t position = 0;
    do {
      position = sets_.at(name).scan(position,
                                     [&](PackedEntry entry) { collected.add(SetMember(entry)); });
    } while (position != 0);
    auto assigned = sets_.replace("assigned");
    assigned->assign(collected);
    assigned.commit("sunionstore");
    models_["assigned"] = models_[name];
    check("assigned");
  }
  void drop(const std::string& name) {
    sets_.remove(name);
    models_[name].clear();
  }
  void check(const std::string& name) {
    REQUIRE(sets_.has(name) == !models_[name].empty());
    check_same(sets_.at(name), models_[name]);
  }

  Random random_;
  Sets sets_;
  std::map<std::string, Model> models_;
  int kinds_ = 1;
  uint64_t range_ = 10;
};

}  // namespace

TEST_CASE("sets do what std::set does, across every change of encoding") {
  const uint64_t seed = static_cast<uint64_t>(GENERATE(range(0, 12)));
  Game(seed).play(600);
}

TEST_CASE("the name of a set's encoding follows the options") {
  Sets sets;
  sets.limits().set_max_intset_entries = 3;
  sets.limits().set_max_listpack_entries = 4;
  sets.limits().set_max_listpack_value = 6;
  const auto name = [&] { return sets.at("s").encoding_name(); };
  sets.add("s", {"1"});
  CHECK(name() == "intset");
  SECTION("integers") {
    sets.add("s", {"70000"});
    sets.add("s", {"5000000000"});
    CHECK(name() == "intset");
    sets.add("s", {"2"});
    CHECK(name() == "hashtable");
  }
  SECTION("a text among integers") {
    sets.add("s", {"a"});
    CHECK(name() == "listpack");
    sets.add("s", {"b", "c"});
    CHECK(name() == "listpack");
    sets.add("s", {"d"});
    CHECK(name() == "hashtable");
  }
  SECTION("a long text") {
    sets.add("s", {"123456x"});
    CHECK(name() == "hashtable");
  }
  SECTION("a text beside an integer whose digits are too many") {
    sets.add("s", {"-123456"});
    sets.add("s", {"a"});
    CHECK(name() == "hashtable");
  }
  SECTION("many at once") {
    sets.add("s", {"1", "1", "1", "1"});
    CHECK(name() == "hashtable");
    CHECK(sets.at("s").size() == 1);
  }
}

TEST_CASE("a small set that is too large for its entry keeps its name") {
  Sets sets;
  sets.limits().set_max_intset_entries = 10'000;
  sets.limits().set_max_listpack_entries = 10'000;
  for (int64_t i = 0; i < 6000; i++) {
    sets.add("n", {to_text(i << 40)});
    sets.add("s", {"member:" + to_text(i)});
  }
  CHECK(sets.at("n").encoding_name() == "intset");
  CHECK(sets.at("s").encoding_name() == "listpack");
  CHECK(sets.at("n").memory(0) > 0);
  for (int64_t i = 6000; i < 10'001; i++) {
    sets.add("n", {to_text(i << 40)});
    sets.add("s", {"member:" + to_text(i)});
  }
  CHECK(sets.at("n").encoding_name() == "hashtable");
  CHECK(sets.at("s").encoding_name() == "hashtable");
}

TEST_CASE("a random member is any with the same odds, and so are those that are taken") {
  for (const size_t size : {1u, 6u, 100u, 700u}) {
    for (const bool are_numbers : {true, false}) {
      Sets sets;
      std::vector<std::string> members;
      for (size_t i = 0; i < size; i++) {
        members.push_back((are_numbers ? "" : "m") + std::to_string(i * 100));
      }
      sets.add("s", members);
      std::map<std::string, double> picked, taken;
      const double draws = 100 * static_cast<double>(size);
      for (double i = 0; i < draws; i++) {
        picked[sets.at("s").random(sets.random()).entry().to_string()]++;
      }
      // A third of them, so that 300 rounds take each a hundred times.
      const size_t part = std::max<size_t>(size / 3, 1);
      for (size_t i = 0; i < 100 * size / part && size > 1; i++) {
        auto set = sets.edit("s");
        std::vector<std::string> gone;
        set->take_random(part, sets.random(),
                         [&](PackedEntry entry) { gone.push_back(entry.to_string()); });
        set.commit("spop");
        for (const std::string& member : gone) taken[member]++;
        sets.add("s", gone);
      }
      const auto chi_squared = [&](std::map<std::string, double>& counts) {
        double sum = 0;
        for (const std::string& member : members) {
          sum += (counts[member] - 100) * (counts[member] - 100) / 100;
        }
        return sum;
      };
      const double freedom = static_cast<double>(size) - 1;
      CHECK(chi_squared(picked) <= freedom + 5 * std::sqrt(2 * freedom) + 1e-9);
      if (size > 1) CHECK(chi_squared(taken) <= freedom + 5 * std::sqrt(2 * freedom) + 2);
    }
  }
}

TEST_CASE("a large set is freed in steps") {
  Sets sets;
  std::vector<std::string> members;
  for (int64_t i = 0; i < 50'000; i++) members.push_back("member:" + to_text(i));
  sets.add("s", members);
  auto copy = sets.replace("copy");
  copy->assign(sets.at("s"));
  copy.commit("copy_to");
  CHECK(Set::is_heavy(copy.view()));
  CHECK(!Set::is_heavy({Type::set, 0, 0, nullptr}));
  // The disposal of the database frees what this takes out of the entry.
  sets.remove("copy");
  CHECK(sets.at("s").size() == 50'000);
}

TEST_CASE("a set of 1 million takes at most 20 bytes a member of 12 bytes, 14 an integer") {
  Sets sets;
  std::vector<std::string> texts, numbers;
  for (int64_t i = 0; i < 1'000'000; i++) {
    char text[32];
    std::snprintf(text, sizeof(text), "m:%010lld", static_cast<long long>(i));
    texts.emplace_back(text);
    numbers.push_back(to_text(i * 1'000'003));
  }
  sets.add("texts", texts);
  sets.add("numbers", numbers);
  CHECK(sets.at("texts").size() == 1'000'000);
  CHECK(sets.at("texts").memory(0) <= 20'000'000);
  CHECK(sets.at("numbers").memory(0) <= 14'000'000);
}

}  // namespace larder
