// Intersection, union and difference of sets. Members come out in batches, each once, and nothing
// is built that the operation does not need: an intersection walks over the smallest set and asks
// the others, a union walks over all sets and leaves out what an earlier one holds.
//
// Cost: 25 to 60 ns for each member that is looked at and set that is asked, because the look-ups
// of a batch overlap.
#pragma once

#include <span>
#include <vector>

#include "server/types/set.h"

namespace larder {

// Where members go.
class MemberSink {
 public:
  // Members of texts point at those of the sets. Returns whether more is wanted.
  virtual bool take(std::span<const SetMember> members) = 0;

 protected:
  ~MemberSink() = default;
};

// The sets need not differ, and may be empty. No set at all: nothing comes.
void intersect_sets(std::vector<Set> sets, MemberSink& sink);
void unite_sets(std::vector<Set> sets, MemberSink& sink);
// What the first holds and no other does.
void subtract_sets(std::vector<Set> sets, MemberSink& sink);

}  // namespace larder
