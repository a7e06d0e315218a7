// A hash whose fields end one by one, in both its forms, against a std::map.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "server/base/assert.h"
#include "server/types/detached_place.h"
#include "server/types/hash.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace larder {
namespace {

struct Value {
  std::string text;
  int64_t expiry_ms = kNeverEnds;

  bool operator==(const Value&) const = default;
};
using Model = std::map<std::string, Value>;

class Game {
 public:
  explicit Game(FuzzBytes bytes) : bytes_(bytes), random_(1) {
    limits_.hash_max_listpack_entries = bytes_.below(40);
    limits_.hash_max_listpack_value = bytes_.byte();
    begin();
  }

  void play() {
    for (int i = 0; i < 300 && !bytes_.empty(); i++) {
      step();
      if (Hash(*place_).size() == 0) begin();
    }
    check_all(Hash(*place_));
    if (model_.empty()) return;
    DetachedPlace other(Type::hash, limits_);
    Hash copy(other);
    copy.assign(Hash(*place_));
    check_all(copy);
  }

 private:
  void begin() {
    LARDER_ASSERT(live().empty());
    place_ = std::make_unique<DetachedPlace>(Type::hash, limits_);
    model_.clear();
  }
  bool is_live(const Model::const_iterator& field) const {
    return field != model_.end() && field->second.expiry_ms >= now_ms_;
  }
  Model live() const {
    Model fields = model_;
    std::erase_if(fields, [&](const auto& field) { return field.second.expiry_ms < now_ms_; });
    return fields;
  }
  // Never in the past: commands remove such a field at once.
  int64_t expiry_ms() { return bytes_.flag() ? now_ms_ + bytes_.byte() : kNeverEnds; }

  void step() {
    Hash hash(*place_);
    const uint8_t choice = bytes_.byte();
    const std::string name = bytes_.text();
    const auto known = model_.find(name);
    const bool was_live = is_live(known);
    if (choice < 110) {
      const Value value{bytes_.text(), expiry_ms()};
      LARDER_ASSERT(hash.set(name, value.text, value.expiry_ms, now_ms_) != was_live);
      model_[name] = value;
    } else if (choice < 140) {
      const Value value{bytes_.text(), was_live ? known->second.expiry_ms : kNeverEnds};
      LARDER_ASSERT(hash.set_keeping_end(name, value.text, now_ms_) != was_live);
      model_[name] = value;
    } else if (choice < 170) {
      if (model_.empty()) return;
      LARDER_ASSERT(hash.remove(PackedText(name), now_ms_) == was_live);
      if (was_live) model_.erase(name);
    } else if (choice < 200) {
      if (!was_live) return;
      known->second.expiry_ms = expiry_ms();
      hash.set_expiry(PackedText(name), known->second.expiry_ms);
    } else if (choice < 220) {
      now_ms_ += bytes_.byte();
    } else if (choice < 230) {
      if (model_.empty()) return;
      hash.remove_expired(now_ms_, Deadline::never());
      model_ = live();
    } else if (choice < 240) {
      for (size_t i = bytes_.byte(); i > 0; i--) {
        const std::string many = "many:" + std::to_string(i);
        hash.set(many, name, kNeverEnds, now_ms_);
        model_[many] = {name};
      }
    } else {
      check_all(hash);
    }
    check_field(Hash(*place_), name);
  }
  void check_field(const Hash& hash, const std::string& name) const {
    const auto known = model_.find(name);
    const auto found = hash.find(PackedText(name), now_ms_);
    LARDER_ASSERT(found.has_value() == is_live(known));
    if (!found) return;
    LARDER_ASSERT(found->name().to_string() == name);
    LARDER_ASSERT(found->value().to_string() == known->second.text);
    LARDER_ASSERT(found->expiry_ms() == known->second.expiry_ms);
  }
  void check_all(const Hash& hash) {
    const Model expected = live();
    LARDER_ASSERT(hash.live_size(now_ms_) == expected.size());
    LARDER_ASSERT(hash.size() >= expected.size());
    Model visited;
    Model scanned;
    hash.visit(now_ms_, [&](const HashField& field) {
      note(visited, field);
      return true;
    });
    uint64_t position = 0;
    do {
      position =
          hash.scan(position, now_ms_, [&](const HashField& field) { note(scanned, field); });
    } while (position != 0);
    LARDER_ASSERT(visited == expected);
    LARDER_ASSERT(scanned == expected);
    const auto picked = hash.random(random_, now_ms_);
    LARDER_ASSERT(picked.has_value() == !expected.empty());
    if (picked) LARDER_ASSERT(expected.contains(picked->name().to_string()));
    const int64_t due_ms = hash.times().due_ms;
    for (const auto& field : expected) LARDER_ASSERT(due_ms <= field.second.expiry_ms);
  }
  static void note(Model& model, const HashField& field) {
    const bool is_new = model
                            .try_emplace(field.name().to_string(),
                                         Value{field.value().to_string(), field.expiry_ms()})
                            .second;
    LARDER_ASSERT(is_new);
  }

  FuzzBytes bytes_;
  Random random_;
  TypeLimits limits_;
  std::unique_ptr<DetachedPlace> place_;
  Model model_;
  int64_t now_ms_ = 1'000'000;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::Game(larder::FuzzBytes(data, size)).play();
  return 0;
}
