// When fields of hashes end: the index of a database, and the slices in which they go.
#include <catch2/catch.hpp>
#include <algorithm>
#include <string>

#include "server/base/numbers.h"
#include "server/keyspace/edit.h"
#include "server/types/hash.h"
#include "server/types/string.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

struct FieldsTest {
  FieldsTest() {
    keyspace.set_now_ms(kStartMs);
    keyspace.key_changed.add([this](const KeyEvent& event) {
      events += std::string(event.key) + " " + std::string(event.event) + ";";
    });
  }
  Edit<Hash> edit(std::string_view name, size_t index = 0) {
    Database& database = keyspace.database(index);
    const Key key = make_key(name);
    Database::Slot* slot = keyspace.find(database, key, Lookup::write);
    return Edit<Hash>(keyspace, database, key, slot, Type::hash, kNoExpiry);
  }
  void set(std::string_view name, std::string_view field, int64_t ttl_ms) {
    auto hash = edit(name);
    hash->set(field, "value", ttl_ms < 0 ? kNeverEnds : keyspace.now_ms() + ttl_ms,
              keyspace.now_ms());
    hash.commit("hset");
  }
  // How many fields a hash has in memory; 0 if there is none.
  size_t fields(std::string_view name, size_t index = 0) {
    const Database::Slot* slot = keyspace.database(index).find(make_key(name));
    return slot == nullptr ? 0 : Hash(slot->get()->value()).size();
  }
  // Moves the clock and does what is due.
  void pass(int64_t ms) {
    keyspace.set_now_ms(keyspace.now_ms() + ms);
    while (keyspace.do_background_work(Deadline::never())) {
    }
  }
  size_t indexed() { return keyspace.database(0).hashes_with_expiry(); }

  Keyspace keyspace{2};
  std::string events;
};

constexpr int64_t kWheelMs = 32;  // how late a field may go

}  // namespace

TEST_CASE("fields that end go by themselves, and the hash with the last of them") {
  FieldsTest test;
  test.set("h", "a", 100);
  test.set("h", "b", 200);
  test.set("h", "c", -1);
  test.set("all", "a", 100);
  CHECK(test.indexed() == 2);
  CHECK(test.keyspace.next_background_ms() <= kStartMs + 100 + kWheelMs);
  test.events.clear();
  test.pass(99);
  CHECK(test.events.empty());
  test.pass(kWheelMs);
  CHECK(test.fields("h") == 2);
  CHECK(test.fields("all") == 0);
  CHECK((test.events == "h hexpired;all hexpired;all del;" ||
         test.events == "all hexpired;all del;h hexpired;"));
  CHECK(test.keyspace.stats.expired_subkeys == 2);
  CHECK(test.keyspace.stats.expired_keys == 0);
  test.pass(100);
  CHECK(test.fields("h") == 1);
  CHECK(test.indexed() == 0);
  CHECK(test.keyspace.database(0).next_field_expiry_ms() == INT64_MAX);
}

TEST_CASE("an end that moves is the one that counts") {
  FieldsTest test;
  test.set("h", "later", 100);
  test.set("h", "later", 1000);
  test.set("h", "earlier", 5000);
  test.set("h", "earlier", 200);
  test.set("h", "never", 100);
  test.set("h", "never", -1);
  test.pass(150);
  CHECK(test.fields("h") == 3);
  test.pass(100);
  CHECK(test.fields("h") == 2);
  test.pass(1000);
  CHECK(test.fields("h") == 1);
  CHECK(test.indexed() == 0);
}

TEST_CASE("ends far away do not pile up or get lost") {
  FieldsTest test;
  constexpr int64_t kYearMs = int64_t{365} * 24 * 3600 * 1000;
  test.set("h", "far", 5 * kYearMs);
  test.set("h", "near", 1000);
  test.pass(2000);
  CHECK(test.fields("h") == 1);
  for (int i = 0; i < 4; i++) test.pass(kYearMs);
  CHECK(test.fields("h") == 1);
  CHECK(test.indexed() == 1);
  test.pass(kYearMs);
  CHECK(test.fields("h") == 0);
  CHECK(test.indexed() == 0);
}

TEST_CASE("a hash that moves takes its ends along") {
  FieldsTest test;
  Database& first = test.keyspace.database(0);
  Database& second = test.keyspace.database(1);
  test.set("a", "f", 100);
  test.set("a", "stays", -1);
  test.keyspace.relocate({first, make_key("a"), first, make_key("b"), "rename_from", "rename_to"},
                         first.find(make_key("a")));
  CHECK(first.hashes_with_expiry() == 1);
  test.keyspace.relocate({first, make_key("b"), second, make_key("b"), "move_from", "move_to"},
                         first.find(make_key("b")));
  CHECK(first.hashes_with_expiry() == 0);
  CHECK(second.hashes_with_expiry() == 1);
  test.keyspace.swap(first, second);
  CHECK(first.hashes_with_expiry() == 1);
  CHECK(second.hashes_with_expiry() == 0);
  test.pass(200);
  CHECK(test.fields("b") == 1);
  test.set("b", "f", 100);
  test.keyspace.flush(first);
  CHECK(first.hashes_with_expiry() == 0);
  test.pass(200);
}

TEST_CASE("a hash that is replaced or removed is forgotten") {
  FieldsTest test;
  for (int i = 0; i < 3; i++) test.set("h" + to_text(i), "f", 100);
  CHECK(test.indexed() == 3);
  test.keyspace.remove(test.keyspace.database(0), make_key("h0"), "del");
  CHECK(test.indexed() == 2);
  {
    auto edit = test.edit("h1");
    edit.discard_value();
    edit->set("f", "v", kNeverEnds, kStartMs);
    edit.commit("hset");
  }
  CHECK(test.indexed() == 1);
  auto edit = test.edit("h2");
  edit->remove(PackedText("f"), kStartMs);
  edit.commit("hdel");
  CHECK(test.indexed() == 0);
  test.pass(1000);
  CHECK(test.fields("h1") == 1);
}

TEST_CASE("many fields that end at once go in slices") {
  FieldsTest test;
  constexpr size_t kFields = 20'000;
  for (size_t i = 0; i < kFields; i++) test.set("h", "field:" + std::to_string(i), 1000);
  test.set("h", "stays", -1);
  test.keyspace.set_now_ms(kStartMs + 1000 + kWheelMs);
  size_t slices = 0;
  size_t last = test.fields("h");
  // A deadline that has passed lets each slice look at one page.
  while (test.keyspace.do_background_work(Deadline::in_us(-1))) {
    CHECK(last - test.fields("h") <= 300);
    last = test.fields("h");
    slices++;
    REQUIRE(slices < kFields);
  }
  CHECK(slices > kFields / 300);
  CHECK(test.fields("h") == 1);
  CHECK(test.keyspace.stats.expired_subkeys == kFields);
  CHECK(test.indexed() == 0);
}

TEST_CASE("a walk that is under way survives what happens to its hash") {
  FieldsTest test;
  const auto begin = [&] {
    for (int i = 0; i < 5000; i++) test.set("h", "field:" + to_text(i), i % 2 == 0 ? 1000 : 60'000);
    test.keyspace.set_now_ms(test.keyspace.now_ms() + 1000 + kWheelMs);
    for (int i = 0; i < 5; i++) CHECK(test.keyspace.do_background_work(Deadline::in_us(-1)));
    CHECK(test.fields("h") > 2500);
  };
  Database& database = test.keyspace.database(0);
  SECTION("renamed") {
    begin();
    test.keyspace.relocate({database, make_key("h"), database, make_key("r"), "from", "to"},
                           database.find(make_key("h")));
    test.pass(2 * kWheelMs);
    CHECK(test.fields("r") == 2500);
    test.pass(60'000);
    CHECK(test.fields("r") == 0);
  }
  SECTION("removed") {
    begin();
    test.keyspace.remove(database, make_key("h"), "del");
    test.set("h", "new", 500);
    test.pass(100);
    CHECK(test.fields("h") == 1);
    test.pass(1000);
    CHECK(test.fields("h") == 0);
  }
  SECTION("another type") {
    begin();
    test.keyspace.remove(database, make_key("h"), "del");
    const Key key = make_key("h");
    Edit<String> string(test.keyspace, database, key, nullptr, Type::string, kNoExpiry);
    string->assign("text");
    string.commit("set");
    test.pass(1000);
    CHECK(database.size() == 1);
  }
  SECTION("swapped") {
    begin();
    test.keyspace.swap(database, test.keyspace.database(1));
    test.pass(2 * kWheelMs);
    CHECK(test.fields("h", 1) == 2500);
  }
  CHECK(test.indexed() == 0);
}

TEST_CASE("fields that end one after the other do not make a large hash be walked all the time") {
  FieldsTest test;
  constexpr int kFields = 20'000;
  for (int i = 0; i < kFields; i++) test.set("h", "field:" + to_text(i), 100 + i);
  test.events.clear();
  for (int i = 0; i < 1000; i++) test.pass(1);
  // Each walk is followed by 20 ms of rest.
  const auto walks = std::count(test.events.begin(), test.events.end(), ';');
  CHECK(walks >= 25);
  CHECK(walks <= 50);
  CHECK(test.fields("h") <= kFields - 850);
}

TEST_CASE("with active expiry off, fields wait to be looked for") {
  FieldsTest test;
  test.keyspace.set_active_expiry(false);
  test.set("h", "f", 100);
  test.pass(1000);
  CHECK(test.fields("h") == 1);
  auto edit = test.edit("h");
  CHECK(edit->is_due(test.keyspace.now_ms()));
  test.events.clear();
  edit.remove_expired_fields(Deadline::never());
  CHECK_FALSE(edit);
  CHECK(test.events == "h hexpired;h del;");
  // The same edit may bring it to life again, and nothing of the old one is left.
  edit->set("f", "v", kNeverEnds, test.keyspace.now_ms());
  edit.commit("hset");
  CHECK(test.fields("h") == 1);
  CHECK(test.indexed() == 0);
}

}  // namespace larder
