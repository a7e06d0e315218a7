// How much may be done at once, steered by how long it took: a bound that holds a time.
//
// What one unit costs changes with the load, so nobody could set the bound once. After each batch
// it is compared with the target what a batch of the whole bound takes: above double it the bound
// shrinks to 0.8, below half of it it grows by 1.2, and in between it moves an eighth of the way to
// where the time would be the target. It grows only where it was the bound that ended the batch,
// and shrinks only where more was left to do or the batch was a quarter of the bound: a small batch
// says nothing about a large one. A jump of the cost by ten is made up for in about thirty batches;
// noise of single batches is averaged away.
//
// Knows no clock and no server.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

class BatchBound {
 public:
  struct Rules {
    int64_t target_ns;
    size_t least;
    size_t most;  // not below `least`
  };
  struct Batch {
    size_t size;  // may exceed the bound, for reasons that are not its business
    int64_t nanoseconds;
    bool was_cut;  // there was more to do
  };

  explicit BatchBound(size_t start) : bound_(static_cast<double>(start)) {}

  size_t value() const { return static_cast<size_t>(bound_); }
  // Brings the bound between other limits.
  void limit(const Rules& rules);
  // A batch has ended.
  void note(const Batch& batch, const Rules& rules);

 private:
  double bound_;
};

}  // namespace larder
