// Moves allocations out of slabs that are nearly empty, so that those become free altogether: what active
// defragmentation is made of.
//
// jemalloc cuts slabs of some pages into equal regions, and gives pages back only when no region of a
// slab is in use. Asked for where an allocation lies it tells how many regions of the slab are free; what
// lies in a slab that is emptier than the mean of its size class is copied to a new region, which
// jemalloc takes from a fuller slab. Without jemalloc nothing is ever moved.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace larder {

class AllocationMover {
 public:
  // The most that judge() takes at once.
  static constexpr size_t kMaxJudged = 1024;

  AllocationMover();
  // Whether this build's allocator can tell where allocations lie.
  static bool is_supported();

  // Looks how full the slabs of each size are now; some ten microseconds. To be called before a few
  // thousand moves.
  void refresh();

  // Tells of each allocation whether it should move. A look at the allocator's index for each.
  void judge(std::span<void* const> allocations, std::span<bool> should_move);
  bool should_move(void* allocation);

  // Copies an allocation of `bytes` bytes to a better place, frees it, and returns the new address.
  void* move(void* allocation, size_t bytes, size_t alignment = 0) {
    void* moved = copy(allocation, bytes, alignment);
    release(allocation, bytes, alignment);
    return moved;
  }
  // The same in two steps, for what others have to be told of in between.
  void* copy(const void* allocation, size_t bytes, size_t alignment = 0);
  static void release(void* allocation, size_t bytes, size_t alignment = 0);
  // Both: the address where it is now.
  void* move_if_sparse(void* allocation, size_t bytes, size_t alignment = 0) {
    return should_move(allocation) ? move(allocation, bytes, alignment) : allocation;
  }

  // Since the mover was made: allocations that were moved, and that were looked at and left.
  uint64_t moved() const { return moved_; }
  uint64_t left() const { return left_; }
  uint64_t moved_bytes() const { return moved_bytes_; }

 private:
  // Of one size class: regions in use, and slabs.
  struct SizeClass {
    size_t bytes = 0;
    uint64_t used_regions = 0;
    uint64_t slabs = 0;
  };
  // What jemalloc answers for one address.
  struct Place {
    size_t free_regions;
    size_t regions;
    size_t slab_bytes;
  };
  using Path = std::array<size_t, 8>;

  bool is_sparse(const Place& place) const;
  void look_up(std::span<void* const> allocations, std::span<Place> places) const;

  std::vector<SizeClass> classes_;
  std::array<Place, kMaxJudged> places_;
  // The names of jemalloc's controls as numbers, which spares looking them up.
  [[maybe_unused]] Path query_path_{};
  [[maybe_unused]] size_t query_depth_ = 0;
  [[maybe_unused]] Path regions_path_{};
  [[maybe_unused]] Path slabs_path_{};
  [[maybe_unused]] size_t figures_depth_ = 0;
  uint64_t moved_ = 0;
  uint64_t left_ = 0;
  uint64_t moved_bytes_ = 0;
};

}  // namespace larder
