// What the algebras of sorted sets read: a sorted set, or nothing.
#pragma once

#include <optional>
#include <string_view>

#include "server/command/context.h"
#include "server/types/sorted_set.h"

namespace larder {

class ScoredInput {
 public:
  // The key's value for reading. Error: WRONGTYPE.
  static Result<ScoredInput> find(Context& ctx, const Key& key) {
    const Entry* entry = ctx.find_entry(key, ctx.client.no_touch ? Lookup::peek : Lookup::read);
    if (entry != nullptr && entry->type() != Type::sorted_set) return errors::wrong_type();
    return ScoredInput(entry);
  }

  size_t size() const { return size_; }
  double weight() const { return weight_; }
  void set_weight(double weight) { weight_ = weight; }
  bool is_same(const ScoredInput& other) const { return entry_ == other.entry_; }
  // Without the weight.
  std::optional<double> score(std::string_view member) const {
    if (entry_ == nullptr) return std::nullopt;
    return SortedSet(entry_->value()).score(member);
  }
  // `visit(std::string_view member, double score)` returns whether to go on.
  template <class Visit>
  void visit(Visit&& visit) const {
    if (entry_ == nullptr) return;
    const SortedSet set(entry_->value());
    set.visit(set.all(), visit);
  }

 private:
  explicit ScoredInput(const Entry* entry)
      : entry_(entry), size_(entry == nullptr ? 0 : SortedSet(entry->value()).size()) {}

  const Entry* entry_;
  size_t size_;
  double weight_ = 1;
};

}  // namespace larder
