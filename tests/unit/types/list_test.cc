#include "server/types/list.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "server/keyspace/edit.h"

namespace larder {
namespace {

using Model = std::deque<std::string>;

// Lists in a real database, opened as commands open them.
class Lists {
 public:
  Edit<List> edit(std::string_view name) {
    const Key key = make_key(name);
    Database::Slot* slot = keyspace.find(database(), key, Lookup::write);
    return Edit<List>(keyspace, database(), key, slot, Type::list, kNoExpiry);
  }
  Database& database() { return keyspace.database(0); }
  const Entry* entry(std::string_view name) {
    Database::Slot* slot = database().find(make_key(name));
    return slot == nullptr ? nullptr : slot->get();
  }
  bool has(std::string_view name) { return entry(name) != nullptr; }
  // The value for reading; the key must be there.
  List at(std::string_view name) { return List(entry(name)->value()); }
  std::string encoding(std::string_view name) { return std::string(at(name).encoding_name()); }
  size_t push(std::string_view name, const std::vector<std::string>& texts, End end = End::back) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    auto list = edit(name);
    const size_t size = list->push(views, end);
    list.commit("push");
    return size;
  }
  bool drop(std::string_view name, size_t count, End end = End::front) {
    auto list = edit(name);
    list->drop(count, end);
    return list.commit("pop");
  }

  Keyspace keyspace{1};
};

Model elements_of(const List& list) {
  Model elements;
  list.visit(0, list.size(), [&](const PackedEntry& element) {
    elements.push_back(element.to_string());
    return true;
  });
  return elements;
}

void check_same(const List& list, const Model& model) {
  REQUIRE(list.size() == model.size());
  CHECK(list.empty() == model.empty());
  CHECK(elements_of(list) == model);
  Model reversed;
  list.visit_backwards(0, list.size(), [&](const PackedEntry& element) {
    reversed.push_front(element.to_string());
    return true;
  });
  CHECK(reversed == model);
  if (model.empty()) return;
  CHECK(list.at_end(End::front).to_string() == model.front());
  CHECK(list.at_end(End::back).to_string() == model.back());
  const size_t middle = model.size() / 2;
  CHECK(list.at(middle).to_string() == model[middle]);
}

std::string random_text(std::mt19937_64& random) {
  const uint64_t kind = random() % 50;
  if (kind < 10) return std::to_string(random() % 4);
  if (kind < 15) return std::to_string(static_cast<int64_t>(random()) >> (random() % 64));
  if (kind < 17) return "";
  if (kind < 18) return std::string(2000, 'x');
  return std::string(1 + random() % 3, static_cast<char>('a' + random() % 2));
}

std::vector<std::string> random_texts(std::mt19937_64& random) {
  std::vector<std::string> texts(random() % 8 == 0 ? 1 + random() % 40 : 1);
  for (std::string& text : texts) text = random_text(random);
  return texts;
}

void random_push(Lists& lists, Model& model, std::mt19937_64& random) {
  const End end = random() % 2 == 0 ? End::front : End::back;
  const auto texts = random_texts(random);
  const size_t size = lists.push("list", texts, end);
  for (const std::string& text : texts) {
    end == End::front ? model.push_front(text) : model.push_back(text);
  }
  CHECK(size == model.size());
}

void random_drop(Lists& lists, Model& model, std::mt19937_64& random) {
  const End end = random() % 2 == 0 ? End::front : End::back;
  const size_t count = random() % 4 == 0 ? 1 + random() % model.size() : 1;
  CHECK(lists.drop("list", count, end) == (count < model.size()));
  for (size_t i = 0; i < count; i++) end == End::front ? model.pop_front() : model.pop_back();
}

void random_change(Lists& lists, Model& model, std::mt19937_64& random) {
  const std::string text = random_text(random);
  const size_t index = random() % model.size();
  auto list = lists.edit("list");
  if (random() % 2 == 0) {
    list->replace(index, text);
    model[index] = text;
  } else {
    const size_t at = random() % 5 == 0 ? model.size() : index;
    list->insert(at, text);
    model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), text);
  }
  list.commit("change");
}

void random_removal(Lists& lists, Model& model, std::mt19937_64& random) {
  const std::string text = random_text(random);
  const End from = random() % 2 == 0 ? End::front : End::back;
  const size_t limit = random() % 4 == 0 ? SIZE_MAX : 1 + random() % 4;
  size_t removed = 0;
  for (size_t step = model.size(); step > 0 && removed < limit; step--) {
    const size_t index = from == End::back ? step - 1 : model.size() - step;
    if (model[index] != text) continue;
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(index));
    removed++;
  }
  auto list = lists.edit("list");
  CHECK(list->remove_equal(text, limit, from) == removed);
  list.commit("lrem", static_cast<int64_t>(removed));
}

TEST_CASE("a list does what a deque does, short and long") {
  const auto [longest, seed] =
      GENERATE(table<size_t, uint64_t>({{6, 1}, {200, 2}, {1000, 3}, {3000, 4}}));
  std::mt19937_64 random(seed);
  Lists lists;
  lists.keyspace.type_limits.list_max_listpack_size = seed % 2 == 0 ? -2 : 40;
  Model model;
  for (int i = 0; i < 6000; i++) {
    const uint64_t kind = random() % 100;
    const bool grows = model.size() < longest && (i / 1000) % 2 == 0;
    if (model.empty() || kind < (grows ? 60u : 30u)) {
      random_push(lists, model, random);
    } else if (kind < 75) {
      random_drop(lists, model, random);
    } else if (kind < 95) {
      random_change(lists, model, random);
    } else {
      random_removal(lists, model, random);
    }
    REQUIRE(lists.has("list") == !model.empty());
    if (i % 20 == 0 && !model.empty()) check_same(lists.at("list"), model);
  }
}

TEST_CASE("a copy of a list, short or long, is one of its own") {
  Lists lists;
  const size_t count = GENERATE(size_t{3}, size_t{1000});
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; i++) texts.push_back("text number " + std::to_string(i));
  texts.emplace_back(5000, 'x');
  lists.push("from", texts);
  auto copy = lists.edit("to");
  copy_value(lists.entry("from")->value(), copy);
  copy.commit("copy_to");
  lists.drop("from", count);
  check_same(lists.at("to"), Model(texts.begin(), texts.end()));
  check_same(lists.at("from"), Model{texts.back()});
}

// --- Names; the limits are those of Redis 7.2's listTypeTryConversion ---

TEST_CASE("a list is a listpack up to list-max-listpack-size bytes") {
  Lists lists;
  const auto [option, bytes] = GENERATE(table<int, size_t>(
      {{-1, 4096}, {-2, 8192}, {-3, 16384}, {-4, 32768}, {-5, 65536}, {-9, 65536}, {1000, 8192}}));
  lists.keyspace.type_limits.list_max_listpack_size = option;
  // An empty listpack has 7 bytes; what is added counts as it comes.
  lists.push("fits", {std::string(bytes - 7, 'x')});
  CHECK(lists.encoding("fits") == "listpack");
  lists.push("over", {std::string(bytes - 6, 'x')});
  CHECK(lists.encoding("over") == "quicklist");
  // Elements that are there count with their head of 1 and their tail of 1.
  lists.push("two", {"12chars-long"});
  lists.push("two", {std::string(bytes - 7 - 14, 'x')});
  CHECK(lists.encoding("two") == "listpack");
  lists.push("two over", {"12chars-long"});
  lists.push("two over", {std::string(bytes - 6 - 14, 'x')});
  CHECK(lists.encoding("two over") == "quicklist");
}

TEST_CASE("a list is a listpack up to list-max-listpack-size elements") {
  Lists lists;
  const auto [option, most] =
      GENERATE(table<int, size_t>({{0, 1}, {1, 1}, {128, 128}, {500, 500}}));
  lists.keyspace.type_limits.list_max_listpack_size = option;
  lists.push("list", std::vector<std::string>(most, "1"));
  CHECK(lists.encoding("list") == "listpack");
  lists.push("list", {"1"});
  CHECK(lists.encoding("list") == "quicklist");
  if (most < 2) return;
  lists.drop("list", most - most / 2);
  CHECK(lists.encoding("list") == "quicklist");
  lists.drop("list", 1);
  CHECK(lists.encoding("list") == "listpack");
}

TEST_CASE("a quicklist is a listpack again when it takes half of the bytes") {
  Lists lists;
  // 14 bytes each in a listpack: 584 of them and the 7 of an empty one are 8183.
  lists.push("list", std::vector<std::string>(584, "12chars-long"));
  CHECK(lists.encoding("list") == "listpack");
  lists.push("list", {"12chars-long"});
  CHECK(lists.encoding("list") == "quicklist");
  // 4096 bytes are 292 of them.
  const End end = GENERATE(End::front, End::back);
  for (size_t size = 585; size > 293; size--) lists.drop("list", 1, end);
  CHECK(lists.encoding("list") == "quicklist");
  lists.drop("list", 1, end);
  CHECK(lists.encoding("list") == "listpack");
}

TEST_CASE("the count of a listpack's bytes follows every kind of element") {
  // What each takes in a listpack, by https://github.com/antirez/listpack/blob/master/listpack.md
  const auto [text, bytes] = GENERATE(table<std::string, size_t>({{"0", 2},
                                                                  {"127", 2},
                                                                  {"128", 3},
                                                                  {"-1", 3},
                                                                  {"-4096", 3},
                                                                  {"4095", 3},
                                                                  {"4096", 4},
                                                                  {"-32768", 4},
                                                                  {"32768", 5},
                                                                  {"-8388608", 5},
                                                                  {"8388608", 6},
                                                                  {"-2147483649", 10},
                                                                  {"9223372036854775807", 10},
                                                                  {"", 2},
                                                                  {"01", 4},
                                                                  {std::string(63, 'x'), 65},
                                                                  {std::string(64, 'x'), 67},
                                                                  {std::string(126, 'x'), 130},
                                                                  {std::string(4095, 'x'), 4099}}));
  Lists lists;
  constexpr size_t kLimit = 8192 - 7;
  const size_t padding = 30;
  lists.push("list", {std::string(padding, 'p'), text});
  const size_t used = padding + 2 + bytes;
  lists.push("list", {std::string(kLimit - used, 'x')});
  CHECK(lists.encoding("list") == "listpack");
  lists.push("other", {std::string(padding, 'p'), text});
  lists.push("other", {std::string(kLimit - used + 1, 'x')});
  CHECK(lists.encoding("other") == "quicklist");
}

// --- Memory ---

TEST_CASE("a short list lies in its key's entry, and a long one is freed in steps") {
  Lists lists;
  lists.push("short", std::vector<std::string>(10, "0123456789abcdef"));
  CHECK(lists.at("short").memory(0) == 0);
  CHECK(lists.entry("short")->value().size == 170);
  lists.push("long", std::vector<std::string>(100'000, "0123456789abcdef"));
  CHECK(lists.at("long").memory(0) < 1'800'000);
  CHECK(is_heavy(lists.entry("long")->value()));
  CHECK_FALSE(is_heavy(lists.entry("short")->value()));
  lists.drop("long", 100'000);
  CHECK_FALSE(lists.has("long"));
  CHECK(lists.keyspace.disposal.pending() == 1);
  while (lists.keyspace.disposal.run(Deadline::in_us(0))) {
  }
  CHECK(lists.keyspace.disposal.pending() == 0);
}

TEST_CASE("a list that has become short lies in its entry again") {
  Lists lists;
  lists.push("list", std::vector<std::string>(5000, "0123456789abcdef"));
  lists.drop("list", 4990, End::back);
  CHECK(lists.at("list").memory(0) == 0);
  CHECK(lists.encoding("list") == "listpack");
  check_same(lists.at("list"), Model(10, "0123456789abcdef"));
}

}  // namespace
}  // namespace larder
