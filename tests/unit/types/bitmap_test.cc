#include "server/types/bitmap.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "server/base/random.h"
#include "server/types/detached_place.h"

namespace larder {
namespace {

std::string text_of(const ValuePlace& place) {
  String::Digits digits;
  return std::string(String(place.view()).bytes(digits));
}

void set_bit(std::string& bytes, uint64_t offset, bool bit) {
  if (bytes.size() <= offset / 8) bytes.resize(offset / 8 + 1);
  const auto mask = static_cast<uint8_t>(0x80 >> (offset % 8));
  auto& byte = reinterpret_cast<uint8_t&>(bytes[offset / 8]);
  byte = static_cast<uint8_t>(bit ? byte | mask : byte & ~mask);
}

// Offsets in the first bytes, and around where a string moves out of its entry.
uint64_t random_offset(Random& random) {
  if (random.below(20) > 0) return random.below(200);
  constexpr uint64_t kBorder = String::kMaxEmbedded * 8;
  return random.below(2) == 0 ? kBorder - 20 + random.below(40) : random.below(2 * kBorder);
}

[[maybe_unused]] size_t resident_bytes() {
  size_t pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> pages;
  return pages * 4096;
}

}  // namespace

TEST_CASE("bits of a string in any encoding agree with those of a std::string") {
  Random random(51);
  for (int game = 0; game < 30; game++) {
    DetachedPlace place(Type::string);
    std::string model;
    SharedBytes other_owner;
    std::string other_owners_bytes;
    for (int round = 0; round < 300; round++) {
      const uint64_t offset = random_offset(random);
      const bool bit = random.below(2) == 0;
      switch (random.below(12)) {
        case 0:
          model = std::to_string(static_cast<int64_t>(random.next()));
          String(place).assign(std::string_view(model));
          break;
        case 1:
          other_owner = String(place.view()).shared();
          other_owners_bytes = other_owner.view();
          break;
        default: {
          const bool old_bit = bit_at(model, offset);
          const bool grows = offset / 8 >= model.size();
          const Bitmap::Change change = Bitmap(place).set(offset, bit);
          REQUIRE(change.old_bit == old_bit);
          REQUIRE(change.has_changed == (grows || old_bit != bit));
          set_bit(model, offset, bit);
        }
      }
      REQUIRE(text_of(place) == model);
      REQUIRE(Bitmap(place.view()).get(offset) == bit_at(model, offset));
      REQUIRE(other_owner.view() == other_owners_bytes);
    }
  }
}

TEST_CASE("a bit that does not change leaves the value as it is") {
  DetachedPlace place(Type::string);
  String(place).assign(int64_t{12345});
  CHECK_FALSE(Bitmap(place).set(0, false).has_changed);
  CHECK(String(place.view()).encoding_name() == "int");
  CHECK(Bitmap(place).set(7, false).has_changed);
  CHECK(text_of(place) == "02345");
  CHECK(Bitmap(place).set(7, false).has_changed == false);
  CHECK(String(place.view()).encoding_name() == "raw");
}

TEST_CASE("fields are read and changed within reach") {
  DetachedPlace place(Type::string);
  Bitmap bitmap(place);
  const BitField field{true, 9};
  CHECK(bitmap.get_field(12, field) == 0);
  CHECK(bitmap.reach(20));
  CHECK_FALSE(bitmap.reach(20));
  CHECK(text_of(place) == std::string(3, '\0'));
  CHECK(bitmap.set_field(12, field, -200));
  CHECK_FALSE(bitmap.set_field(12, field, -200));
  CHECK(bitmap.get_field(12, field) == -200);
}

#ifdef LARDER_JEMALLOC
TEST_CASE("one far bit takes no memory for the zeros before it") {
  constexpr uint64_t kFar = uint64_t{1} << 31;  // 256 MB
  DetachedPlace place(Type::string);
  const size_t resident_before = resident_bytes();
  CHECK(Bitmap(place).set(kFar, true).has_changed);
  CHECK(resident_bytes() - resident_before < 16 * 1024 * 1024);
  CHECK(String(place.view()).length() == kFar / 8 + 1);
  CHECK(Bitmap(place.view()).get(kFar));
  CHECK_FALSE(Bitmap(place.view()).get(kFar - 1));
  const std::string_view before = String(place.view()).shared().view();
  CHECK(Bitmap(place).set(12345, true).has_changed);
  CHECK(String(place.view()).shared().view().data() == before.data());
}
#endif

}  // namespace larder
