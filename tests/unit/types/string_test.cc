#include "server/types/string.h"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/keyspace/edit.h"

namespace larder {
namespace {

// Strings in a real database, opened as commands open them.
class Strings {
 public:
  Edit<String> edit(std::string_view name) {
    const Key key = make_key(name);
    Database::Slot* slot = keyspace_.find(database(), key, Lookup::write);
    return Edit<String>(keyspace_, database(), key, slot, Type::string,
                        slot == nullptr ? kNoExpiry : slot->get()->expiry_ms());
  }
  // An edit whose old value is gone, as SET opens it.
  Edit<String> replace(std::string_view name, int64_t expiry_ms) {
    const Key key = make_key(name);
    Edit<String> edit(keyspace_, database(), key, keyspace_.find(database(), key, Lookup::write),
                      Type::string, expiry_ms);
    edit.discard_value();
    return edit;
  }
  void remove(std::string_view name) { keyspace_.remove(database(), make_key(name), "del"); }
  // The value for reading; the key must be there.
  String at(std::string_view name) { return String(entry(name).value()); }
  const Entry& entry(std::string_view name) {
    Database::Slot* slot = database().find(make_key(name));
    REQUIRE(slot != nullptr);
    return *slot->get();
  }
  std::string text(std::string_view name) {
    String::Digits digits;
    return std::string(at(name).bytes(digits));
  }
  template <class Value>
  void set(std::string_view name, Value value) {
    auto edit = replace(name, kNoExpiry);
    edit->assign(std::move(value));
    edit.commit("set");
  }
  int64_t now_ms() const { return keyspace_.now_ms(); }
  bool has(std::string_view name) { return database().find(make_key(name)) != nullptr; }

 private:
  Database& database() { return keyspace_.database(0); }
  Keyspace keyspace_{1};
};

std::string random_bytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.below(256));
  return bytes;
}

// Sizes at which something changes: none, digits, Redis's embstr, the largest that is embedded.
size_t random_size(Random& random) {
  constexpr size_t kBorders[] = {0, 1, 8, 19, 20, 21, 43, 44, 45, 300, 4096, 32 * 1024, 50'000};
  const size_t border = kBorders[random.below(std::size(kBorders))];
  const size_t drift = random.below(3);
  return border == 0 ? 0 : border - 1 + drift;
}

int64_t random_integer(Random& random) {
  switch (random.below(4)) {
    case 0:
      return static_cast<int64_t>(random.below(20)) - 10;
    case 1:
      return INT64_MAX - static_cast<int64_t>(random.below(3));
    case 2:
      return INT64_MIN + static_cast<int64_t>(random.below(3));
    default:
      return static_cast<int64_t>(random.next());
  }
}

// Plays random changes on strings and on std::strings at once.
class Game {
 public:
  explicit Game(uint64_t seed) : random_(seed) {}

  void play(int rounds) {
    for (int i = 0; i < rounds; i++) {
      const std::string name(1, static_cast<char>('a' + random_.below(kNames)));
      move(name);
      check(name);
      check(kOther);
    }
    for (const auto& [name, unused] : model_) check(name);
  }

 private:
  static constexpr size_t kNames = 6;
  static constexpr const char* kOther = "a";

  void move(const std::string& name) {
    switch (random_.below(10)) {
      case 0:
        return set_text(name, random_bytes(random_, random_size(random_)));
      case 1:
        return set_text(name, to_text(random_integer(random_)));
      case 2:
        return set_block(name);
      case 3:
        return set_integer(name);
      case 4:
        return append(name);
      case 5:
        return set_range(name);
      case 6:
        return add(name);
      case 7:
        return take_owner(name);
      case 8:
        return copy(name);
      default:
        return set_expiry_or_remove(name);
    }
  }

  void set_text(const std::string& name, std::string text) {
    auto edit = strings_.replace(name, random_expiry());
    if (random_.below(4) == 0) {
      edit->assign_text(text);
    } else {
      edit->assign(std::string_view(text));
    }
    edit.commit("set");
    model_[name] = std::move(text);
  }
  void set_block(const std::string& name) {
    const std::string text = random_bytes(random_, random_size(random_));
    SharedBytes block = SharedBytes::copy_of(text);
    if (random_.below(2) == 0) owned_.push_back({block, text});
    auto edit = strings_.replace(name, random_expiry());
    edit->assign(std::move(block));
    edit.commit("set");
    model_[name] = text;
  }
  void set_integer(const std::string& name) {
    const int64_t number = random_integer(random_);
    auto edit = strings_.replace(name, random_expiry());
    edit->assign(number);
    edit.commit("set");
    model_[name] = to_text(number);
  }
  void append(const std::string& name) {
    const std::string more = random_bytes(random_, random_size(random_));
    auto edit = strings_.edit(name);
    std::string& text = model_[name];
    text += more;
    CHECK(edit->append(more) == text.size());
    edit.commit("append");
  }
  void set_range(const std::string& name) {
    const std::string part = random_bytes(random_, 1 + random_size(random_));
    const size_t offset = random_size(random_);
    auto edit = strings_.edit(name);
    std::string& text = model_[name];
    if (text.size() < offset + part.size()) text.resize(offset + part.size(), '\0');
    text.replace(offset, part.size(), part);
    CHECK(edit->set_range(offset, part) == text.size());
    edit.commit("setrange");
  }
  void add(const std::string& name) {
    const int64_t delta = random_integer(random_);
    const bool is_new = !model_.contains(name);
    const auto number = is_new ? std::optional<int64_t>(0) : parse_int64(model_[name]);
    auto edit = strings_.edit(name);
    auto sum = edit->add(delta);
    int64_t expected = 0;
    if (!number || __builtin_add_overflow(*number, delta, &expected)) {
      CHECK_FALSE(sum.is_ok());
      if (is_new) model_.erase(name);
      return;
    }
    edit.commit("incrby");
    REQUIRE(sum.is_ok());
    CHECK(sum.value() == expected);
    model_[name] = to_text(expected);
  }
  // A reply on its way out owns the value too, and must not see later changes.
  void take_owner(const std::string& name) {
    if (!model_.contains(name)) return;
    if (SharedBytes block = strings_.at(name).shared()) owned_.push_back({block, model_[name]});
    while (owned_.size() > 8) owned_.pop_front();
  }
  void copy(const std::string& name) {
    if (!model_.contains(name)) return;
    const std::string target(1, static_cast<char>('a' + random_.below(kNames)));
    if (target == name) return;
    // As COPY does: the target goes first, as its entry must not move while the source is read.
    strings_.remove(target);
    const ValueView source = strings_.entry(name).value();
    auto edit = strings_.edit(target);
    copy_value(source, edit);
    edit.commit("copy_to");
    model_[target] = model_[name];
  }
  void set_expiry_or_remove(const std::string& name) {
    if (!model_.contains(name)) return;
    if (random_.below(3) == 0) {
      strings_.remove(name);
      model_.erase(name);
      return;
    }
    auto edit = strings_.edit(name);
    edit.set_expiry(random_expiry());
  }

  int64_t random_expiry() {
    if (random_.below(2) == 0) return kNoExpiry;
    return strings_.now_ms() + 100'000 + static_cast<int64_t>(random_.below(100'000));
  }

  void check(const std::string& name) {
    for (const auto& [block, text] : owned_) {
      if (block.view() != text) FAIL("a change was seen by another owner");
    }
    const auto found = model_.find(name);
    REQUIRE(strings_.has(name) == (found != model_.end()));
    if (found == model_.end()) return;
    const std::string& text = found->second;
    const String value = strings_.at(name);
    if (strings_.text(name) != text) FAIL("wrong bytes in a string of " << text.size());
    CHECK(value.length() == text.size());
    CHECK(value.integer() == parse_int64(text));
    const auto encoding = value.encoding_name();
    CHECK((encoding == "int" || encoding == "embstr" || encoding == "raw"));
    if (encoding == "int") CHECK(parse_int64(text).has_value());
    if (encoding == "embstr") CHECK(text.size() <= 44);
    CHECK((value.memory() == 0 || value.memory() > String::kMaxEmbedded));
    CHECK(static_cast<bool>(value.shared()) == (value.memory() > 0));
  }

  struct Owned {
    SharedBytes block;
    std::string text;
  };

  Random random_;
  Strings strings_;
  std::map<std::string, std::string> model_;
  std::deque<Owned> owned_;
};

}  // namespace

TEST_CASE("a string equals its model after any changes") {
  for (uint64_t seed = 1; seed <= 8; seed++) {
    INFO("seed " << seed);
    Game(seed).play(1500);
  }
}

TEST_CASE("a new string counts from zero") {
  Strings strings;
  auto edit = strings.edit("n");
  auto sum = edit->add(-7);
  REQUIRE(sum.is_ok());
  CHECK(sum.value() == -7);
  edit.commit("incrby");
  CHECK(strings.text("n") == "-7");
  CHECK(strings.at("n").encoding_name() == "int");
}

TEST_CASE("an increment that fails changes nothing and creates nothing") {
  Strings strings;
  strings.set("n", INT64_MAX);
  {
    auto edit = strings.edit("n");
    CHECK_FALSE(edit->add(1).is_ok());
  }
  CHECK(strings.text("n") == "9223372036854775807");
  strings.set("text", std::string_view("1 "));
  {
    auto edit = strings.edit("text");
    CHECK_FALSE(edit->add(1).is_ok());
  }
  strings.set("empty", std::string_view());
  {
    auto edit = strings.edit("empty");
    CHECK_FALSE(edit->add(1).is_ok());
  }
  CHECK(strings.text("text") == "1 ");
}

TEST_CASE("only canonical integers are kept as numbers") {
  Strings strings;
  const auto encoding = [&](std::string_view text) {
    strings.set("k", text);
    CHECK(strings.text("k") == text);
    return std::string(strings.at("k").encoding_name());
  };
  CHECK(encoding("0") == "int");
  CHECK(encoding("-9223372036854775808") == "int");
  CHECK(encoding("9223372036854775808") == "embstr");
  CHECK(encoding("-0") == "embstr");
  CHECK(encoding("01") == "embstr");
  CHECK(encoding("+1") == "embstr");
  CHECK(encoding(" 1") == "embstr");
  CHECK(encoding("") == "embstr");
  CHECK(encoding(std::string(44, 'x')) == "embstr");
  CHECK(encoding(std::string(45, 'x')) == "raw");
}

TEST_CASE("a text that is assigned as text stays one, even if it looks like a number") {
  Strings strings;
  auto edit = strings.replace("k", kNoExpiry);
  edit->assign_text("10");
  edit.commit("incrbyfloat");
  CHECK(strings.at("k").encoding_name() == "embstr");
  CHECK(strings.at("k").integer() == 10);
}

TEST_CASE("a changed string is raw however short") {
  Strings strings;
  strings.set("k", std::string_view("1"));
  auto edit = strings.edit("k");
  CHECK(edit->append("2") == 2);
  edit.commit("append");
  CHECK(strings.text("k") == "12");
  CHECK(strings.at("k").encoding_name() == "raw");
}

TEST_CASE("a large block is adopted, not copied") {
  Strings strings;
  SharedBytes block = SharedBytes::copy_of(std::string(String::kMaxEmbedded + 1, 'x'));
  const char* where = block.data();
  strings.set("k", std::move(block));
  String::Digits digits;
  CHECK(strings.at("k").bytes(digits).data() == where);
  // Its only owner is the entry: a change happens in place.
  auto edit = strings.edit("k");
  edit->set_range(0, "y");
  edit.commit("setrange");
  CHECK(strings.at("k").bytes(digits).data() == where);
}

TEST_CASE("a shared block is copied when one of its owners changes it") {
  Strings strings;
  const std::string text(40'000, 'x');
  strings.set("k", std::string_view(text));
  const SharedBytes reply = strings.at("k").shared();
  REQUIRE(reply);
  auto edit = strings.edit("k");
  edit->set_range(1, "yz");
  edit.commit("setrange");
  CHECK(reply.view() == text);
  CHECK(strings.text("k").substr(0, 4) == "xyzx");
  CHECK(strings.text("k").size() == text.size());
}

TEST_CASE("a range beyond the end of a new string is filled with zeros") {
  Strings strings;
  for (const size_t offset : {size_t{0}, size_t{5}, size_t{40'000}}) {
    auto edit = strings.edit("k");
    CHECK(edit->set_range(offset, "ab") == offset + 2);
    edit.commit("setrange");
    CHECK(strings.text("k") == std::string(offset, '\0') + "ab");
    strings.remove("k");
  }
}

TEST_CASE("many appends to a large string do not copy it each time") {
  Strings strings;
  strings.set("k", std::string_view(std::string(40'000, 'x')));
  int moves = 0;
  const char* last = nullptr;
  String::Digits digits;
  for (int i = 0; i < 40'000; i++) {
    auto edit = strings.edit("k");
    edit->append("y");
    edit.commit("append");
    const char* now = strings.at("k").bytes(digits).data();
    if (now != last) moves++;
    last = now;
  }
  CHECK(strings.at("k").length() == 80'000);
  CHECK(moves < 10);
}

}  // namespace larder
