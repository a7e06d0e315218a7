#include "server/base/allocation_mover.h"

#include <algorithm>
#include <cstring>

#include "server/base/allocator.h"
#include "server/base/assert.h"

#ifdef LARDER_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace larder {

bool AllocationMover::should_move(void* allocation) {
  bool result = false;
  judge({&allocation, 1}, {&result, 1});
  return result;
}

void AllocationMover::judge(std::span<void* const> allocations, std::span<bool> should_move) {
  LARDER_ASSERT(allocations.size() <= kMaxJudged && should_move.size() >= allocations.size());
  const std::span<Place> places = std::span(places_).first(allocations.size());
  look_up(allocations, places);
  for (size_t i = 0; i < places.size(); i++) {
    should_move[i] = is_sparse(places[i]);
    if (!should_move[i]) left_++;
  }
}

// Slabs up to an eighth above the mean count as emptier: with the mean itself the walk would come
// to rest while half of the slabs are still half full. An allocation alone in its pages has one
// region.
bool AllocationMover::is_sparse(const Place& place) const {
  if (place.regions <= 1 || place.free_regions == 0) return false;
  const size_t region_bytes = place.slab_bytes / place.regions;
  const auto found = std::ranges::lower_bound(classes_, region_bytes, {}, &SizeClass::bytes);
  if (found == classes_.end() || found->bytes != region_bytes) return false;
  const uint64_t used = place.regions - place.free_regions;
  return used * found->slabs <= found->used_regions + found->used_regions / 8;
}

#ifdef LARDER_JEMALLOC

namespace {

// All arenas together, in jemalloc's names.
constexpr size_t kAllArenas = 4096;

template <class Number>
Number read_control(const char* name) {
  Number value{};
  size_t size = sizeof(value);
  mallctl(name, &value, &size, nullptr, 0);
  return value;
}

}  // namespace

bool AllocationMover::is_supported() {
  static_assert(sizeof(Place) == 3 * sizeof(size_t));
  void* allocation = allocate(64);
  Place place{};
  size_t size = sizeof(place);
  const bool works = mallctl("experimental.utilization.batch_query", &place, &size, &allocation,
                             sizeof(allocation)) == 0;
  deallocate(allocation, 64);
  return works && place.regions > 1 && place.slab_bytes % place.regions == 0;
}

AllocationMover::AllocationMover() {
  query_depth_ = query_path_.size();
  mallctlnametomib("experimental.utilization.batch_query", query_path_.data(), &query_depth_);
  figures_depth_ = regions_path_.size();
  mallctlnametomib("stats.arenas.0.bins.0.curregs", regions_path_.data(), &figures_depth_);
  figures_depth_ = slabs_path_.size();
  mallctlnametomib("stats.arenas.0.bins.0.curslabs", slabs_path_.data(), &figures_depth_);
  regions_path_[2] = slabs_path_[2] = kAllArenas;
  const auto count = read_control<unsigned>("arenas.nbins");
  Path size_path{};
  size_t depth = size_path.size();
  mallctlnametomib("arenas.bin.0.size", size_path.data(), &depth);
  for (size_t i = 0; i < count; i++) {
    SizeClass size_class;
    size_t size = sizeof(size_class.bytes);
    size_path[2] = i;
    mallctlbymib(size_path.data(), depth, &size_class.bytes, &size, nullptr, 0);
    classes_.push_back(size_class);
  }
}

void AllocationMover::refresh() {
  refresh_memory_figures();
  for (size_t i = 0; i < classes_.size(); i++) {
    regions_path_[4] = slabs_path_[4] = i;
    size_t regions = 0;
    size_t slabs = 0;
    size_t size = sizeof(regions);
    mallctlbymib(regions_path_.data(), figures_depth_, &regions, &size, nullptr, 0);
    mallctlbymib(slabs_path_.data(), figures_depth_, &slabs, &size, nullptr, 0);
    classes_[i].used_regions = regions;
    classes_[i].slabs = slabs;
  }
}

void AllocationMover::look_up(std::span<void* const> allocations, std::span<Place> places) const {
  size_t size = places.size_bytes();
  const int failure =
      mallctlbymib(query_path_.data(), query_depth_, places.data(), &size,
                   const_cast<void**>(allocations.data()), allocations.size_bytes());
  if (failure != 0) std::memset(places.data(), 0, places.size_bytes());
}

// Past the thread's cache: what lies in it comes from any slab, and what goes into it keeps its
// slab.
void* AllocationMover::copy(const void* allocation, size_t bytes, size_t alignment) {
  const int flags = MALLOCX_TCACHE_NONE | (alignment == 0 ? 0 : MALLOCX_ALIGN(alignment));
  void* fresh = mallocx(bytes, flags);
  // The usual way ends the process with a message.
  if (fresh == nullptr) [[unlikely]]
    fresh = allocate(bytes);
  std::memcpy(fresh, allocation, bytes);
  moved_++;
  moved_bytes_ += bytes;
  return fresh;
}

void AllocationMover::release(void* allocation, size_t bytes, size_t alignment) {
  const int flags = MALLOCX_TCACHE_NONE | (alignment == 0 ? 0 : MALLOCX_ALIGN(alignment));
  sdallocx(allocation, bytes, flags);
}

#else

bool AllocationMover::is_supported() {
  return false;
}
AllocationMover::AllocationMover() = default;
void AllocationMover::refresh() {}
void AllocationMover::look_up(std::span<void* const>, std::span<Place> places) const {
  std::memset(places.data(), 0, places.size_bytes());
}

void* AllocationMover::copy(const void* allocation, size_t bytes, size_t alignment) {
  void* fresh = alignment == 0 ? allocate(bytes) : allocate_aligned(alignment, bytes);
  std::memcpy(fresh, allocation, bytes);
  moved_++;
  moved_bytes_ += bytes;
  return fresh;
}

void AllocationMover::release(void* allocation, size_t bytes, size_t alignment) {
  alignment == 0 ? deallocate(allocation, bytes) : deallocate_aligned(allocation, alignment, bytes);
}

#endif

}  // namespace larder
