#include "server/keyspace/edit.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

#include "server/base/shared_bytes.h"
#include "server/types/string.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

struct EditTest {
  EditTest() : keyspace(1), database(keyspace.database(0)) {
    keyspace.set_now_ms(kStartMs);
    keyspace.key_changed.add(
        [this](const KeyEvent& event) { events += std::string(event.event) + ";"; });
  }
  Edit<String> edit(std::string_view name, int64_t expiry_ms = kNoExpiry) {
    const Key key = make_key(name);
    Database::Slot* slot = keyspace.find(database, key, Lookup::write);
    return {keyspace, database,     key,
            slot,     Type::string, slot == nullptr ? expiry_ms : slot->get()->expiry_ms()};
  }
  std::optional<std::string> value(std::string_view name) {
    const Database::Slot* slot = keyspace.find(database, make_key(name), Lookup::silent);
    if (slot == nullptr) return std::nullopt;
    String::Digits digits;
    return std::string(String(slot->get()->value()).bytes(digits));
  }
  int64_t expiry_ms(std::string_view name) {
    return database.find(make_key(name))->get()->expiry_ms();
  }

  Keyspace keyspace;
  Database& database;
  std::string events;
};

}  // namespace

TEST_CASE("an edit creates a key when its value is given, not before") {
  EditTest test;
  {
    auto edit = test.edit("k");
    CHECK_FALSE(edit);
    CHECK(edit->length() == 0);
    CHECK(test.database.size() == 0);
    CHECK(test.database.find(make_key("k")) == nullptr);
  }
  auto edit = test.edit("k", kStartMs + 5);
  edit->assign("value");
  CHECK(edit);
  edit.commit("set");
  CHECK(test.value("k") == "value");
  CHECK(test.expiry_ms("k") == kStartMs + 5);
  CHECK(test.database.expiring() == 1);
  CHECK(test.events == "set;");
}

TEST_CASE("an edit of a key that is there keeps its expiry") {
  EditTest test;
  auto created = test.edit("k", kStartMs + 5000);
  created->assign("1");
  created.commit("set");
  for (const std::string_view value : {"a longer value than before", "2", ""}) {
    auto edit = test.edit("k");
    edit->assign(value);
    edit.commit("set");
    REQUIRE(test.value("k") == value);
    REQUIRE(test.expiry_ms("k") == kStartMs + 5000);
  }
  CHECK(test.database.expiring() == 1);
}

TEST_CASE("a replaced key gets another value and another expiry") {
  EditTest test;
  const std::string large(50'000, 'x');
  for (const int64_t expiry_ms : {kNoExpiry, kStartMs + 1000, kStartMs + 500, kNoExpiry}) {
    for (const std::string& value : {std::string("short"), large, std::string("12"), large}) {
      const Key key = make_key("k");
      Edit<String> edit(test.keyspace, test.database, key,
                        test.keyspace.find(test.database, key, Lookup::write), Type::string,
                        expiry_ms);
      edit.discard_value();
      edit->assign(value);
      edit.commit("set");
      REQUIRE(test.value("k") == value);
      REQUIRE(test.expiry_ms("k") == expiry_ms);
      REQUIRE(test.database.expiring() == (expiry_ms == kNoExpiry ? 0 : 1));
    }
  }
  CHECK(test.database.size() == 1);
}

TEST_CASE("an edit can change the expiry alone") {
  EditTest test;
  auto edit = test.edit("k");
  edit.set_expiry(kStartMs + 7);  // of the key to be
  edit->assign("value");
  edit.commit("set");
  CHECK(test.expiry_ms("k") == kStartMs + 7);
  auto later = test.edit("k");
  later.set_expiry(kStartMs + 9);
  CHECK(later.expiry_ms() == kStartMs + 9);
  later.set_expiry(kNoExpiry);
  CHECK(test.value("k") == "value");
  CHECK(test.expiry_ms("k") == kNoExpiry);
  CHECK(test.database.expiring() == 0);
}

TEST_CASE("a commit of no changes tells nobody") {
  EditTest test;
  auto created = test.edit("k");
  created->assign("value");
  created.commit("set");
  test.events.clear();
  const uint64_t changes = test.keyspace.changes();
  auto edit = test.edit("k");
  edit.commit("append", 0);
  CHECK(test.events.empty());
  CHECK(test.keyspace.changes() == changes);
  edit->append("!");
  edit.commit("append", 1);
  CHECK(test.events == "append;");
  CHECK(test.keyspace.changes() == changes + 1);
}

TEST_CASE("changes are counted by element, and what follows from them is not") {
  EditTest test;
  auto created = test.edit("k");
  created->assign("value");
  const uint64_t changes = test.keyspace.changes();
  created.commit("set", 3);
  CHECK(test.keyspace.changes() == changes + 3);
  created.commit_half("move");
  CHECK(test.keyspace.changes() == changes + 3);
  CHECK(test.events == "set;move;");
}

TEST_CASE("a large value lives as long as somebody holds it") {
  EditTest test;
  SharedBytes block = SharedBytes::copy_of(std::string(100'000, 'x'));
  auto edit = test.edit("k");
  edit->assign(block);
  edit.commit("set");
  CHECK_FALSE(block.is_unique());
  test.keyspace.remove(test.database, make_key("k"), "del");
  CHECK(block.is_unique());
}

}  // namespace larder
