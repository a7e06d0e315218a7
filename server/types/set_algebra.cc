#include "server/types/set_algebra.h"

#include <algorithm>
#include <array>

namespace larder {
namespace {

// How many look-ups overlap: the processor keeps a dozen lines on their way, and each takes
// several.
constexpr size_t kBatch = 32;

// Hands over all members of a set, a batch at a time: `take(std::span<SetMember>)` returns whether
// to go on, and may change the members.
template <class Take>
void for_each_batch(const Set& set, Take&& take) {
  std::array<SetMember, kBatch> batch;
  size_t count = 0;
  bool goes_on = true;
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](PackedEntry entry) {
      if (!goes_on) return;
      batch[count++] = SetMember(entry);
      if (count < kBatch) return;
      goes_on = take(std::span(batch));
      count = 0;
    });
  } while (position != 0 && goes_on);
  if (goes_on && count > 0) take(std::span(batch).first(count));
}

// Members that were seen before: what a union of many sets, and a difference to many, ask once
// instead of asking each set.
class SeenMembers {
 public:
  void reserve(size_t count) { seen_.table.reserve(count, 16); }
  // Keeps those members that were not seen yet and notes them.
  size_t keep_new(std::span<SetMember> members) {
    prefetch(members);
    size_t kept = 0;
    for (SetMember& member : members) {
      if (seen_.contains(member)) continue;
      seen_.add_new(member);
      if (&members[kept] != &member) members[kept] = member;
      kept++;
    }
    return kept;
  }
  size_t keep_unseen(std::span<SetMember> members) const {
    if (seen_.table.size() == 0) return members.size();
    prefetch(members);
    const auto is_seen = [&](const SetMember& member) { return seen_.contains(member); };
    const auto end = std::remove_if(members.begin(), members.end(), is_seen);
    return static_cast<size_t>(end - members.begin());
  }

 private:
  void prefetch(std::span<const SetMember> members) const {
    for (const SetMember& member : members) seen_.table.prefetch_page(member.hash());
    for (const SetMember& member : members) seen_.table.prefetch_record(member.hash());
  }
  SetTable seen_;
};

// Up to this many sets are asked one by one.
constexpr size_t kFewSets = 4;

void unite_many(std::span<const Set> sets, MemberSink& sink) {
  size_t most = 0;
  for (const Set& set : sets) most = std::max(most, set.size());
  SeenMembers seen;
  seen.reserve(most);
  bool goes_on = true;
  for (const Set& set : sets) {
    for_each_batch(set, [&](std::span<SetMember> members) {
      const size_t count = seen.keep_new(members);
      goes_on = count == 0 || sink.take(members.first(count));
      return goes_on;
    });
    if (!goes_on) return;
  }
}

// The members of the first that the others hold are collected by walking over the others, which are
// smaller together than asking all of them for each member of the first would cost.
void subtract_many(const Set& first, std::span<const Set> others, MemberSink& sink) {
  SeenMembers removed;
  for (const Set& other : others) {
    for_each_batch(other, [&](std::span<SetMember> members) {
      removed.keep_new(members.first(first.filter(members, true)));
      return true;
    });
  }
  for_each_batch(first, [&](std::span<SetMember> members) {
    const size_t count = removed.keep_unseen(members);
    return count == 0 || sink.take(members.first(count));
  });
}

}  // namespace

void intersect_sets(std::vector<Set> sets, MemberSink& sink) {
  if (sets.empty()) return;
  std::stable_sort(sets.begin(), sets.end(),
                   [](const Set& a, const Set& b) { return a.size() < b.size(); });
  const Set smallest = sets.front();
  std::erase_if(sets, [&](const Set& set) { return set.is_same(smallest); });
  for_each_batch(smallest, [&](std::span<SetMember> members) {
    size_t count = members.size();
    for (const Set& other : sets) count = other.filter(members.first(count), true);
    return count == 0 || sink.take(members.first(count));
  });
}

void unite_sets(std::vector<Set> sets, MemberSink& sink) {
  if (sets.size() > kFewSets) return unite_many(sets, sink);
  // The members of the largest set are looked for nowhere.
  std::stable_sort(sets.begin(), sets.end(),
                   [](const Set& a, const Set& b) { return a.size() > b.size(); });
  bool goes_on = true;
  for (size_t i = 0; i < sets.size() && goes_on; i++) {
    for_each_batch(sets[i], [&](std::span<SetMember> members) {
      size_t count = members.size();
      for (const Set& earlier : std::span(sets).first(i))
        count = earlier.filter(members.first(count), false);
      goes_on = count == 0 || sink.take(members.first(count));
      return goes_on;
    });
  }
}

void subtract_sets(std::vector<Set> sets, MemberSink& sink) {
  if (sets.empty()) return;
  const Set first = sets.front();
  const std::span<const Set> others = std::span(sets).subspan(1);
  size_t sum = 0;
  for (const Set& other : others) {
    if (other.is_same(first)) return;
    sum += other.size();
  }
  // Asking needs no memory, but asks every set for every member of the first.
  if (sum * 8 < first.size() ||
      (others.size() > kFewSets && first.size() * others.size() > first.size() + 2 * sum)) {
    return subtract_many(first, others, sink);
  }
  // The largest first, as it is the likeliest to hold a member.
  std::stable_sort(sets.begin() + 1, sets.end(),
                   [](const Set& a, const Set& b) { return a.size() > b.size(); });
  for_each_batch(first, [&](std::span<SetMember> members) {
    size_t count = members.size();
    for (const Set& other : others) count = other.filter(members.first(count), false);
    return count == 0 || sink.take(members.first(count));
  });
}

}  // namespace larder
