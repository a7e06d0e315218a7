#include "server/structures/chunked_list.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>

#include "server/base/allocator.h"

namespace larder {
namespace {

using Model = std::deque<std::string>;

std::string text_at(const ChunkedList& list, size_t index) {
  return PackedEntry(list.at(index)).to_string();
}

void check_same(const ChunkedList& list, const Model& model) {
  REQUIRE(list.size() == model.size());
  size_t index = 0;
  size_t bytes = 0;
  bool is_same = true;
  list.visit(0, list.size(), [&](const char* entry) {
    is_same &= PackedEntry(entry).to_string() == model[index++];
    bytes += packed::size_of(entry);
    return true;
  });
  list.visit_backwards(0, list.size(), [&](const char* entry) {
    is_same &= PackedEntry(entry).to_string() == model[--index];
    return true;
  });
  CHECK(index == 0);
  CHECK(is_same);
  CHECK(list.bytes() == bytes);
  if (!model.empty()) {
    CHECK(PackedEntry(list.at_end(End::front)).to_string() == model.front());
    CHECK(PackedEntry(list.at_end(End::back)).to_string() == model.back());
  }
}

size_t remove_from(Model& model, const std::string& text, size_t limit, End from) {
  size_t removed = 0;
  for (size_t step = model.size(); step > 0 && removed < limit; step--) {
    const size_t index = from == End::back ? step - 1 : model.size() - step;
    if (model[index] != text) continue;
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(index));
    removed++;
  }
  return removed;
}

// Texts of all forms; few different ones, so that some are equal.
std::string random_text(std::mt19937_64& random, bool with_long) {
  const uint64_t kind = random() % 100;
  if (kind < 30) return "text of 16 b " + std::to_string(100 + random() % 5);
  if (kind < 50) return std::to_string(random() % 4);
  if (kind < 60) return std::to_string(static_cast<int64_t>(random()));
  if (kind < 62) return "";
  if (kind < 90 || !with_long) return std::string(random() % 60, 'm');
  if (kind < 96) return std::string(120 + random() % 900, 'l');
  return std::string(1000 + random() % 10000, 'x');
}

void random_operation(ChunkedList& list, Model& model, std::mt19937_64& random, bool grows,
                      bool with_long) {
  const std::string text = random_text(random, with_long);
  const End end = random() % 2 == 0 ? End::front : End::back;
  const uint64_t kind = random() % 100;
  if (model.size() < 2 || kind < (grows ? 55u : 25u)) {
    list.push(PackedText(text), end);
    end == End::front ? model.push_front(text) : model.push_back(text);
  } else if (kind < 75) {
    const size_t count = kind % 10 == 0 ? std::min<size_t>(random() % 200, model.size() - 1) : 1;
    list.drop(count, end);
    for (size_t i = 0; i < count; i++) end == End::front ? model.pop_front() : model.pop_back();
  } else if (kind < 85) {
    const size_t index = random() % model.size();
    list.replace(index, PackedText(text));
    model[index] = text;
  } else if (kind < 97) {
    const size_t index = 1 + random() % (model.size() - 1);
    list.insert(index, PackedText(text));
    model.insert(model.begin() + static_cast<std::ptrdiff_t>(index), text);
  } else if (model.size() > 20) {
    const size_t limit = random() % 3 == 0 ? SIZE_MAX : 1 + random() % 10;
    Model after = model;
    const size_t removed = remove_from(after, text, limit, end);
    if (after.empty()) return;
    CHECK(list.remove_equal(PackedText(text), limit, end) == removed);
    model = after;
  }
}

TEST_CASE("a chunked list does what a deque does") {
  const auto [with_long, seed] =
      GENERATE(table<bool, uint64_t>({{false, 1}, {true, 2}, {true, 3}}));
  std::mt19937_64 random(seed);
  ChunkedList list;
  Model model;
  for (int i = 0; i < 40'000; i++) {
    random_operation(list, model, random, (i / 4000) % 2 == 0, with_long);
    if (i % 500 == 0) check_same(list, model);
    if (!model.empty() && i % 7 == 0) {
      const size_t index = random() % model.size();
      REQUIRE(text_at(list, index) == model[index]);
      REQUIRE(PackedEntry(list.at_end(End::back)).to_string() == model.back());
    }
  }
  check_same(list, model);
  check_same(ChunkedList(list), model);
}

TEST_CASE("a part of a chunked list can be visited both ways, and left early") {
  ChunkedList list;
  for (int i = 0; i < 1000; i++) list.push(PackedText(std::to_string(i)), End::back);
  std::string seen;
  list.visit(500, 400, [&](const char* entry) {
    seen += PackedEntry(entry).to_string() + ' ';
    return seen.size() < 12;
  });
  CHECK(seen == "500 501 502 ");
  seen.clear();
  list.visit_backwards(500, 400, [&](const char* entry) {
    seen += PackedEntry(entry).to_string() + ' ';
    return seen.size() < 12;
  });
  CHECK(seen == "899 898 897 ");
}

TEST_CASE("a million short texts take less than 18 bytes each, from either side") {
  const End end = GENERATE(End::front, End::back);
  constexpr size_t kCount = 1'000'000;
  const size_t before = used_memory();
  ChunkedList list;
  for (size_t i = 0; i < kCount; i++) {
    const std::string text = "value:" + std::to_string(1'000'000'000 + i);
    list.push(PackedText(text), end);
  }
  CHECK(list.memory(0) <= 18 * kCount);
  CHECK(list.memory(1000) <= 18 * kCount);
  const size_t used = used_memory() - before;
  CHECK((used == 0 || used <= 18 * kCount));  // 0: an allocator that does not count
  CHECK(text_at(list, 123'456).size() == 16);
}

TEST_CASE("long and short texts in turn do not leave room unused") {
  ChunkedList list;
  constexpr size_t kPairs = 1000;
  for (size_t i = 0; i < kPairs; i++) {
    list.push(PackedText("short"), End::back);
    list.push(PackedText(std::string(2000, 'x')), End::back);
  }
  CHECK(list.memory(0) < kPairs * 2400);
}

TEST_CASE("what is taken away is given back") {
  ChunkedList list;
  for (int i = 0; i < 100'000; i++) list.push(PackedText("0123456789abcdef"), End::back);
  list.drop(90'000, End::front);
  list.drop(9'990, End::back);
  CHECK(list.memory(0) < 3000);
  CHECK(list.drain(Deadline::never()));
  CHECK(list.memory(0) == 0);
  CHECK(list.chunk_count() == 0);
}

}  // namespace
}  // namespace larder
