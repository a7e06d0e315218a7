// A set in all its forms against a std::set: whatever is added and taken away, both hold the same.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "server/base/assert.h"
#include "server/types/detached_place.h"
#include "server/types/set.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace larder {
namespace {

using Model = std::set<std::string>;

Model members_of(const Set& set) {
  Model members;
  size_t count = 0;
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](PackedEntry entry) {
      members.insert(entry.to_string());
      count++;
    });
  } while (position != 0);
  LARDER_ASSERT(count == members.size());
  return members;
}

class Game {
 public:
  explicit Game(FuzzBytes bytes) : bytes_(bytes), random_(1) {
    limits_.set_max_intset_entries = bytes_.below(40);
    limits_.set_max_listpack_entries = bytes_.below(40);
    limits_.set_max_listpack_value = bytes_.byte();
    begin();
  }

  void play() {
    for (int i = 0; i < 400 && !bytes_.empty(); i++) step();
    LARDER_ASSERT(members_of(Set(*place_)) == model_);
    check_copy();
  }

 private:
  void begin() {
    place_ = std::make_unique<DetachedPlace>(Type::set, limits_);
    model_.clear();
  }
  void step() {
    Set set(*place_);
    const uint8_t choice = bytes_.byte();
    const std::string member = bytes_.text();
    const bool is_known = model_.contains(member);
    if (choice < 180) {
      LARDER_ASSERT(set.add(PackedText(member), 1 + choice % 4) != is_known);
      model_.insert(member);
    } else if (choice < 230) {
      if (model_.empty()) return;
      LARDER_ASSERT(set.remove(PackedText(member)) == is_known);
      model_.erase(member);
    } else if (choice < 240) {
      take_random(set);
    } else {
      for (size_t i = bytes_.byte(); i > 0; i--) add_number(set, static_cast<int64_t>(i * choice));
    }
    LARDER_ASSERT(set.size() == model_.size());
    LARDER_ASSERT(set.contains(PackedText(member)) == model_.contains(member));
    if (model_.empty()) begin();
  }
  void add_number(Set& set, int64_t number) {
    LARDER_ASSERT(set.add(PackedText(number)) == model_.insert(to_text(number)).second);
  }
  void take_random(Set& set) {
    if (model_.size() < 2) return;
    const size_t count = bytes_.byte() % model_.size();
    size_t taken = 0;
    set.take_random(count, random_, [&](PackedEntry entry) {
      LARDER_ASSERT(model_.erase(entry.to_string()) == 1);
      taken++;
    });
    LARDER_ASSERT(taken == count);
    LARDER_ASSERT(model_.contains(set.random(random_).entry().to_string()));
  }
  void check_copy() {
    if (model_.empty()) return;
    DetachedPlace other(Type::set, limits_);
    Set copy(other);
    copy.assign(Set(*place_));
    LARDER_ASSERT(members_of(copy) == model_);
    LARDER_ASSERT(copy.encoding_name() == Set(*place_).encoding_name());
  }

  FuzzBytes bytes_;
  Random random_;
  TypeLimits limits_;
  std::unique_ptr<DetachedPlace> place_;
  Model model_;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::Game(larder::FuzzBytes(data, size)).play();
  return 0;
}
