// What the algebras of sorted sets read: a sorted set, a set, whose members all have the score 1, or
// nothing.
#pragma once

#include <optional>
#include <string_view>

#include "server/command/context.h"
#include "server/types/set.h"
#include "server/types/sorted_set.h"

namespace larder {

class ScoredInput {
 public:
  // The key's value for reading. Error: WRONGTYPE.
  static Result<ScoredInput> find(Context& ctx, const Key& key) {
    const Entry* entry = ctx.find_entry(key, ctx.client.no_touch ? Lookup::peek : Lookup::read);
    if (entry != nullptr && entry->type() != Type::sorted_set && entry->type() != Type::set) {
      return errors::wrong_type();
    }
    return ScoredInput(entry);
  }

  size_t size() const { return size_; }
  double weight() const { return weight_; }
  void set_weight(double weight) { weight_ = weight; }
  bool is_same(const ScoredInput& other) const { return entry_ == other.entry_; }
  // Without the weight.
  std::optional<double> score(std::string_view member) const {
    if (entry_ == nullptr) return std::nullopt;
    if (!is_set()) return SortedSet(entry_->value()).score(member);
    if (!Set(entry_->value()).contains(PackedText(member))) return std::nullopt;
    return kScoreInSet;
  }
  // `visit(std::string_view member, double score)` returns whether to go on.
  template <class Visit>
  void visit(Visit&& visit) const {
    if (entry_ == nullptr) return;
    if (is_set()) return visit_set(Set(entry_->value()), visit);
    const SortedSet set(entry_->value());
    set.visit(set.all(), visit);
  }

 private:
  static constexpr double kScoreInSet = 1;

  explicit ScoredInput(const Entry* entry) : entry_(entry) {
    if (entry == nullptr) return;
    size_ = is_set() ? Set(entry->value()).size() : SortedSet(entry->value()).size();
  }
  bool is_set() const { return entry_->type() == Type::set; }
  template <class Visit>
  static void visit_set(const Set& set, Visit&& visit) {
    uint64_t position = 0;
    bool go_on = true;
    do {
      position = set.scan(position, [&](PackedEntry member) {
        PackedEntry::Digits digits;
        if (go_on) go_on = visit(member.text(digits), kScoreInSet);
      });
    } while (position != 0 && go_on);
  }

  const Entry* entry_;
  size_t size_ = 0;
  double weight_ = 1;
};

}  // namespace larder
