#include "server/base/allocator.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

namespace larder {
namespace {

TEST_CASE("memory is given, grown and taken back") {
  auto* memory = static_cast<char*>(allocate(10));
  std::memcpy(memory, "0123456789", 10);
  memory = static_cast<char*>(reallocate(memory, 10'000));
  CHECK(std::memcmp(memory, "0123456789", 10) == 0);
  deallocate(memory, 10'000);
  deallocate(allocate(0), 0);
  deallocate(nullptr, 5);
}

TEST_CASE("aligned memory is aligned") {
  for (const size_t alignment : {16u, 64u, 4096u}) {
    void* const memory = allocate_aligned(alignment, 100);
    CHECK(reinterpret_cast<uintptr_t>(memory) % alignment == 0);
    deallocate_aligned(memory, alignment, 100);
  }
}

TEST_CASE("a size class holds what was asked for") {
  for (const size_t bytes : {0u, 1u, 8u, 9u, 24u, 25u, 100u, 5000u, 100'000u}) {
    CHECK(allocation_size(bytes) >= bytes);
  }
}

#ifdef LARDER_JEMALLOC
TEST_CASE("used memory follows every allocation") {
  refresh_memory_figures();
  const size_t before = used_memory();
  void* const memory = allocate(1 << 20);
  CHECK(used_memory() - before == allocation_size(1 << 20));
  deallocate(memory, 1 << 20);
  CHECK(used_memory() == before);
  refresh_memory_figures();
  const MemoryFigures figures = memory_figures();
  CHECK(figures.allocated > 0);
  CHECK(figures.active >= figures.allocated);
  CHECK(figures.resident >= figures.active);
  CHECK(allocator_name().starts_with("jemalloc-5."));
}

TEST_CASE("the allocator knows the program's settings") {
  const std::string report = allocator_report();
  CHECK(report.find("opt.dirty_decay_ms: 1000") != std::string::npos);
}
#endif

}  // namespace
}  // namespace larder
