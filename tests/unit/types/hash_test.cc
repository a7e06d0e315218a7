#include "server/types/hash.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "server/base/numbers.h"
#include "server/keyspace/edit.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

// Hashes in a real database, opened as commands open them.
class Hashes {
 public:
  Hashes() { keyspace.set_now_ms(kStartMs); }
  Edit<Hash> edit(std::string_view name) {
    const Key key = make_key(name);
    Database::Slot* slot = keyspace.find(database(), key, Lookup::write);
    return Edit<Hash>(keyspace, database(), key, slot, Type::hash, kNoExpiry);
  }
  Database& database() { return keyspace.database(0); }
  bool has(std::string_view name) { return database().find(make_key(name)) != nullptr; }
  // The value for reading; the key must be there.
  Hash at(std::string_view name) {
    return Hash(database().find(make_key(name))->get()->value());
  }
  void set(std::string_view name, std::string_view field, std::string_view value,
           int64_t expiry_ms = kNeverEnds) {
    auto hash = edit(name);
    hash->set(field, value, expiry_ms, keyspace.now_ms());
    hash.commit("hset");
  }
  std::optional<std::string> get(std::string_view name, std::string_view field) {
    const auto found = at(name).find(PackedText(field), keyspace.now_ms());
    if (!found) return std::nullopt;
    return found->value().to_string();
  }

  Keyspace keyspace{1};
};

struct ModelField {
  std::string value;
  int64_t expiry_ms;
  bool operator==(const ModelField&) const = default;
};
using Model = std::map<std::string, ModelField>;

Model fields_of(const Hash& hash, int64_t now_ms) {
  Model fields;
  hash.visit(now_ms, [&](const HashField& field) {
    const bool is_new =
        fields.emplace(field.name().to_string(),
                       ModelField{field.value().to_string(), field.expiry_ms()}).second;
    CHECK(is_new);
    return true;
  });
  return fields;
}

std::string random_text(Random& random, size_t max_length) {
  if (random.below(3) == 0) return to_text(static_cast<int64_t>(random.next() >> random.below(64)));
  std::string text(random.below(max_length + 1), '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

// Random operations on a hash and on a map, compared after each.
class HashModel {
 public:
  HashModel(uint64_t seed, size_t names) : random_(seed) {
    hashes_.keyspace.type_limits.hash_max_listpack_entries = random_.below(2) == 0 ? 512 : 12;
    hashes_.keyspace.type_limits.hash_max_listpack_value = random_.below(2) == 0 ? 64 : 1000;
    while (names_.size() < names) names_.insert(random_text(random_, 40));
  }
  void run(int steps) {
    for (int i = 0; i < steps; i++) {
      step();
      compare();
    }
  }

 private:
  int64_t now_ms() const { return hashes_.keyspace.now_ms(); }
  std::string pick_name() {
    auto at = names_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(names_.size())));
    return *at;
  }
  std::string pick_value() {
    constexpr size_t kLengths[] = {0, 10, 60, 70, 300};
    return random_text(random_, kLengths[random_.below(random_.below(8) == 0 ? 5 : 3)]);
  }
  int64_t pick_end() {
    return now_ms() + 1 + static_cast<int64_t>(random_.below(2000));
  }
  void forget_expired() {
    std::erase_if(model_, [&](const auto& item) { return item.second.expiry_ms < now_ms(); });
  }

  void step() {
    auto hash = hashes_.edit("h");
    const std::string name = pick_name();
    const bool is_there = model_.count(name) != 0;
    switch (random_.below(12)) {
      case 0: case 1: case 2: case 3: {
        const int64_t end_ms = random_.below(4) == 0 ? pick_end() : kNeverEnds;
        const std::string value = pick_value();
        CHECK(hash->set(name, value, end_ms, now_ms()) == !is_there);
        model_[name] = {value, end_ms};
        hash.commit("hset");
        break;
      }
      case 4: {
        const std::string value = pick_value();
        CHECK(hash->set_keeping_end(name, value, now_ms()) == !is_there);
        model_[name] = {value, is_there ? model_[name].expiry_ms : kNeverEnds};
        hash.commit("hset");
        break;
      }
      case 5: case 6:
        if (!hash) break;
        CHECK(hash->remove(PackedText(name), now_ms()) == is_there);
        model_.erase(name);
        hash.commit("hdel", is_there);
        break;
      case 7: case 8: {
        if (!hash || !is_there) break;
        const int64_t end_ms = random_.below(4) == 0 ? kNeverEnds : pick_end();
        hash->set_expiry(PackedText(name), end_ms);
        model_[name].expiry_ms = end_ms;
        hash.commit("hexpire");
        break;
      }
      case 9:
        hashes_.keyspace.set_now_ms(now_ms() + static_cast<int64_t>(random_.below(300)));
        break;
      case 10:
        if (hash) hash.remove_expired_fields(random_.below(2) == 0 ? Deadline::never() : Deadline::in_us(-1));
        break;
      case 11:
        hashes_.keyspace.do_background_work(Deadline::never());
        break;
    }
    forget_expired();
  }

  void compare() {
    if (!hashes_.has("h")) {
      REQUIRE(model_.empty());
      return;
    }
    const Hash hash = hashes_.at("h");
    REQUIRE(fields_of(hash, now_ms()) == model_);
    REQUIRE(hash.live_size(now_ms()) == model_.size());
    REQUIRE(hash.size() >= model_.size());
    const std::string name = pick_name();
    const auto found = hash.find(PackedText(name), now_ms());
    REQUIRE(found.has_value() == (model_.count(name) != 0));
    if (found) {
      REQUIRE(found->value().to_string() == model_[name].value);
    }
    const auto picked = hash.random(random_, now_ms());
    REQUIRE(picked.has_value() == !model_.empty());
    if (picked) {
      REQUIRE(model_.count(picked->name().to_string()) == 1);
    }
    int64_t first_end_ms = kNeverEnds;
    for (const auto& [key, field] : model_) first_end_ms = std::min(first_end_ms, field.expiry_ms);
    REQUIRE(hash.times().due_ms <= first_end_ms);
    if (first_end_ms != kNeverEnds) {
      REQUIRE(hash.times().indexed_ms != kNeverEnds);
    }
  }

  Random random_;
  Hashes hashes_;
  std::set<std::string> names_;
  Model model_;
};

}  // namespace

TEST_CASE("a hash behaves like a map whose elements end") {
  for (uint64_t seed = 1; seed <= 40; seed++) {
    INFO("seed " << seed);
    HashModel(seed, seed % 2 == 0 ? 10 : 60).run(400);
  }
  HashModel(100, 2000).run(1500);
}

TEST_CASE("a hash is called a hashtable where Redis does") {
  Hashes hashes;
  hashes.keyspace.type_limits.hash_max_listpack_entries = 4;
  for (int i = 0; i < 4; i++) hashes.set("count", to_text(i), "v");
  CHECK(hashes.at("count").encoding_name() == "listpack");
  hashes.set("count", "0", "again");
  CHECK(hashes.at("count").encoding_name() == "listpack");
  hashes.set("count", "4", "v");
  CHECK(hashes.at("count").encoding_name() == "hashtable");
  // It stays one.
  auto edit = hashes.edit("count");
  edit->remove(PackedText(int64_t{4}), 0);
  edit.commit("hdel");
  CHECK(hashes.at("count").encoding_name() == "hashtable");

  hashes.set("value", "f", std::string(64, 'x'));
  CHECK(hashes.at("value").encoding_name() == "listpack");
  hashes.set("value", "f", std::string(65, 'x'));
  CHECK(hashes.at("value").encoding_name() == "hashtable");
  hashes.set("name", std::string(65, 'x'), "v");
  CHECK(hashes.at("name").encoding_name() == "hashtable");

  auto expected = hashes.edit("expected");
  expected->expect(5);
  expected->set("f", "v", kNeverEnds, 0);
  expected.commit("hset");
  CHECK(hashes.at("expected").encoding_name() == "hashtable");
}

TEST_CASE("a hash too long for its entry is kept outside and called as Redis calls it") {
  Hashes hashes;
  hashes.keyspace.type_limits.hash_max_listpack_value = 100'000;
  for (int i = 0; i < 10; i++) hashes.set("h", to_text(i), std::string(10'000, 'x'));
  const Hash hash = hashes.at("h");
  CHECK(hash.encoding_name() == "listpack");
  CHECK(hash.size() == 10);
  CHECK(hash.memory(0) > 100'000);
  CHECK(hashes.get("h", "7") == std::string(10'000, 'x'));
}

TEST_CASE("a copy of a hash is its own") {
  Hashes hashes;
  for (const int fields : {3, 600}) {
    for (int i = 0; i < fields; i++) {
      hashes.set("from", to_text(i), "value", i % 3 == 0 ? kStartMs + 1000 + i : kNeverEnds);
    }
    const Model before = fields_of(hashes.at("from"), kStartMs);
    auto copy = hashes.edit("to");
    copy.discard_value();
    copy->assign(hashes.at("from"));
    copy.commit("copy_to");
    CHECK(fields_of(hashes.at("to"), kStartMs) == before);
    CHECK(hashes.database().hashes_with_expiry() == 2);
    hashes.set("from", "0", "changed");
    CHECK(hashes.get("to", "0") == "value");
    hashes.keyspace.remove(hashes.database(), make_key("from"), "del");
    CHECK(fields_of(hashes.at("to"), kStartMs) == before);
    CHECK(hashes.database().hashes_with_expiry() == 1);
  }
}

TEST_CASE("numbers and texts of a hash come back as they were given") {
  Hashes hashes;
  const std::string texts[] = {"", "0", "-0", "00", "+1", "63", "64", "-1", "9223372036854775807",
                               "-9223372036854775808", "9223372036854775808", "1.5", "1e3",
                               std::string("\0\r\n", 3), std::string(127, 'x'), std::string(128, 'x'),
                               std::string(9000, 'y')};
  for (const std::string& text : texts) hashes.set("h", text, text);
  for (const std::string& text : texts) CHECK(hashes.get("h", text) == text);
  CHECK(hashes.at("h").size() == std::size(texts));
}

TEST_CASE("a scan of a hash sees all that stays, whatever else comes and goes") {
  Hashes hashes;
  constexpr int kFields = 3000;
  for (int i = 0; i < kFields; i++) hashes.set("h", "stays:" + to_text(i), "v");
  std::set<std::string> seen;
  uint64_t position = 0;
  int64_t turn = 0;
  do {
    position = hashes.at("h").scan(position, kStartMs, [&](const HashField& field) {
      seen.insert(field.name().to_string());
    });
    CHECK((position & UINT32_MAX) == 0);
    for (int i = 0; i < 200; i++) hashes.set("h", "comes:" + to_text(turn * 200 + i), "v");
    turn++;
  } while (position != 0);
  int kept = 0;
  for (const std::string& name : seen) kept += name.starts_with("stays:");
  CHECK(kept == kFields);
  CHECK(turn > 10);
}

}  // namespace larder
