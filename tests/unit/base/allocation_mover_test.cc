#include "server/base/allocation_mover.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "server/base/allocator.h"

namespace larder {
namespace {

// No test and no part of the server uses allocations of this size in numbers.
constexpr size_t kBytes = 3500;
constexpr size_t kCount = 20'000;

size_t active_bytes() {
  refresh_memory_figures();
  return memory_figures().active;
}

TEST_CASE("mover: what is moved keeps its bytes") {
  AllocationMover mover;
  mover.refresh();
  void* memory = allocate(100);
  std::memset(memory, 7, 100);
  memory = mover.move(memory, 100);
  for (size_t i = 0; i < 100; i++) CHECK(static_cast<char*>(memory)[i] == 7);
  CHECK(mover.moved() == 1);
  CHECK(mover.moved_bytes() == 100);
  deallocate(memory, 100);
  void* aligned = mover.move(allocate_aligned(64, 640), 640, 64);
  CHECK(reinterpret_cast<uintptr_t>(aligned) % 64 == 0);
  deallocate_aligned(aligned, 64, 640);
}

TEST_CASE("mover: nothing moves out of full slabs, or pages of its own") {
  if (!AllocationMover::is_supported()) return;
  std::vector<void*> blocks;
  for (size_t i = 0; i < 1000; i++) blocks.push_back(allocate(kBytes));
  void* large = allocate(1 << 20);
  AllocationMover mover;
  mover.refresh();
  CHECK(!mover.should_move(large));
  size_t sparse = 0;
  for (void* block : blocks) sparse += mover.should_move(block) ? 1u : 0u;
  // The slab that is being filled may be one.
  CHECK(sparse < 100);
  for (void* block : blocks) deallocate(block, kBytes);
  deallocate(large, 1 << 20);
}

TEST_CASE("mover: after most have gone, the rest fits into much fewer pages") {
  if (!AllocationMover::is_supported()) return;
  std::vector<void*> blocks;
  const size_t before = active_bytes();
  for (size_t i = 0; i < kCount; i++) {
    blocks.push_back(allocate(kBytes));
    std::memset(blocks.back(), static_cast<int>(i % 251), kBytes);
  }
  std::vector<size_t> kept;
  for (size_t i = 0; i < kCount; i++) {
    if (i % 10 == 0) {
      kept.push_back(i);
    } else {
      deallocate(blocks[i], kBytes);
    }
  }
  const size_t sparse = active_bytes();
  AllocationMover mover;
  for (int round = 0; round < 8; round++) {
    mover.refresh();
    for (const size_t i : kept) blocks[i] = mover.move_if_sparse(blocks[i], kBytes);
  }
  const size_t packed = active_bytes();
  CHECK(mover.moved() > 0);
  CHECK((packed - before) * 2 < sparse - before);
  CHECK(packed - before < kept.size() * 4096 * 3 / 2);
  for (const size_t i : kept) {
    CHECK(static_cast<unsigned char*>(blocks[i])[kBytes - 1] == i % 251);
    deallocate(blocks[i], kBytes);
  }
}

TEST_CASE("mover: judges many at once as it does one by one") {
  AllocationMover mover;
  std::vector<void*> blocks;
  for (size_t i = 0; i < 2000; i++) blocks.push_back(allocate(kBytes));
  for (size_t i = 0; i < 2000; i++) {
    if (i % 7 != 0) {
      deallocate(blocks[i], kBytes);
      blocks[i] = nullptr;
    }
  }
  std::erase(blocks, nullptr);
  mover.refresh();
  bool together[AllocationMover::kMaxJudged];
  mover.judge(blocks, together);
  for (size_t i = 0; i < blocks.size(); i++) CHECK(together[i] == mover.should_move(blocks[i]));
  for (void* block : blocks) deallocate(block, kBytes);
}

}  // namespace
}  // namespace larder
