#include "server/structures/packed_entry.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "server/structures/packed_list.h"

namespace larder {
namespace {

std::string encode(const PackedText& text) {
  std::string bytes(text.size(), '?');
  CHECK(text.write(bytes.data()) == bytes.data() + bytes.size());
  return bytes;
}

std::vector<std::string> interesting_texts() {
  std::vector<std::string> texts = {"",
                                    "a",
                                    "-",
                                    "-0",
                                    "00",
                                    "01",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "1.5",
                                    "9223372036854775808",
                                    "-9223372036854775809",
                                    std::string("\0\x80\xff", 3)};
  for (const size_t length : {126u, 127u, 128u, 129u, 255u, 256u, 8191u, 8192u, 70'000u}) {
    texts.emplace_back(length, 'x');
  }
  const int64_t edges[] = {0,
                           1,
                           63,
                           64,
                           127,
                           128,
                           32767,
                           32768,
                           8388607,
                           8388608,
                           2147483647,
                           2147483648,
                           (int64_t{1} << 47) - 1,
                           int64_t{1} << 47,
                           std::numeric_limits<int64_t>::max()};
  for (const int64_t edge : edges) {
    texts.push_back(std::to_string(edge));
    if (edge > 0) texts.push_back(std::to_string(-edge));
    texts.push_back(std::to_string(-edge - 1));
  }
  return texts;
}

TEST_CASE("every text comes back as it was", "[packed]") {
  for (const std::string& text : interesting_texts()) {
    const PackedText packed(text);
    const std::string bytes = encode(packed);
    const PackedEntry entry(bytes.data());
    CHECK(entry.to_string() == text);
    CHECK(entry.length() == text.size());
    CHECK(entry.end() == bytes.data() + bytes.size());
    CHECK(entry.hash() == packed.hash());
    CHECK(packed.matches(bytes.data()));
    CHECK(entry.is_text() != packed.is_number());
  }
}

TEST_CASE("an entry matches its own text and no other", "[packed]") {
  const std::vector<std::string> texts = interesting_texts();
  for (const std::string& stored : texts) {
    const std::string bytes = encode(PackedText(stored));
    for (const std::string& other : texts) {
      CHECK(PackedText(other).matches(bytes.data()) == (other == stored));
    }
  }
}

TEST_CASE("numbers take the fewest bytes", "[packed]") {
  CHECK(PackedText("0").size() == 1);
  CHECK(PackedText("63").size() == 1);
  CHECK(PackedText("64").size() == 2);
  CHECK(PackedText("-1").size() == 2);
  CHECK(PackedText("-129").size() == 3);
  CHECK(PackedText("32768").size() == 4);
  CHECK(PackedText("8388608").size() == 5);
  CHECK(PackedText("-2147483649").size() == 7);
  CHECK(PackedText("9223372036854775807").size() == 9);
  CHECK(PackedText(std::string(127, 'x')).size() == 128);
}

TEST_CASE("doubles are numbers where they are whole", "[packed]") {
  for (const double value : {0.0, -0.0, 1.0, -63.0, 1e15, 9007199254740992.0}) {
    const std::string bytes = encode(PackedText::of_double(value));
    CHECK_FALSE(PackedEntry(bytes.data()).is_double());
    CHECK(PackedEntry(bytes.data()).number() == value);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {0.1, -3.5, 1e300, 9007199254740994.0, infinity, -infinity, 5e-324}) {
    const std::string bytes = encode(PackedText::of_double(value));
    CHECK(PackedEntry(bytes.data()).is_double());
    CHECK(PackedEntry(bytes.data()).number() == value);
  }
}

TEST_CASE("an expiry is no element", "[packed]") {
  const std::string bytes = encode(PackedText::of_expiry(1'700'000'000'000));
  const PackedEntry entry(bytes.data());
  CHECK(entry.is_expiry());
  CHECK_FALSE(entry.is_text());
  CHECK(entry.integer() == 1'700'000'000'000);
  CHECK_FALSE(PackedText("1700000000000").matches(bytes.data()));
}

struct StringBuffer {
  std::string held;
  std::string_view bytes() const { return held; }
  char* resize(size_t size) {
    held.resize(size);
    held.shrink_to_fit();
    return held.data();
  }
};

TEST_CASE("a packed list behaves as a vector", "[packed]") {
  std::mt19937 random(7);
  const std::vector<std::string> texts = interesting_texts();
  StringBuffer buffer;
  std::vector<std::string> model;
  for (int step = 0; step < 5000; step++) {
    const size_t at = random() % (model.size() + 1);
    const std::string& text = texts[random() % (texts.size() - 2)];
    const PackedText packed(text);
    const PackedList list(buffer.bytes());
    const size_t offset = list.offset_of(list.at(at));
    const bool has_one = at < model.size();
    const size_t old_size = has_one ? packed::size_of(list.at(at)) : 0;
    if (!has_one || random() % 3 == 0) {
      packed.write(splice(buffer, offset, 0, packed.size(), 1));
      model.insert(model.begin() + static_cast<ptrdiff_t>(at), text);
    } else if (random() % 2 == 0) {
      packed.write(splice(buffer, offset, old_size, packed.size(), 0));
      model[at] = text;
    } else {
      splice(buffer, offset, old_size, 0, -1);
      model.erase(model.begin() + static_cast<ptrdiff_t>(at));
    }
    std::vector<std::string> held;
    PackedList(buffer.bytes()).for_each([&](const char* entry) {
      held.push_back(PackedEntry(entry).to_string());
    });
    REQUIRE(held == model);
    REQUIRE(PackedList(buffer.bytes()).count() == model.size());
  }
}

}  // namespace
}  // namespace larder
