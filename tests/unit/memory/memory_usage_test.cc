#include "server/memory/memory_usage.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

namespace larder {
namespace {

constexpr size_t kBlock = 4 << 20;
// What jemalloc's caches of small blocks may add to or take from its figures between two samples.
constexpr size_t kCaches = 64 << 10;

// Builds for sanitizers have an allocator that does not count.
bool counts_memory() { return allocator_name().starts_with("jemalloc"); }

TEST_CASE("memory: the peak stays when the memory is given back") {
  if (!counts_memory()) return;
  MemoryUsage memory;
  memory.sample();
  memory.mark_startup();
  CHECK(memory.startup() > 0);
  const size_t before = memory.used();
  void* block = allocate(kBlock);
  memory.sample();
  CHECK(memory.used() + kCaches >= before + kBlock);
  deallocate(block, kBlock);
  memory.sample();
  CHECK(memory.used() < before + kBlock);
  CHECK(memory.peak() + kCaches >= before + kBlock);
}

TEST_CASE("memory: between samples the peak is at least what is used") {
  if (!counts_memory()) return;
  MemoryUsage memory;
  void* block = allocate(kBlock);
  CHECK(memory.peak() >= kBlock);
  CHECK(memory.peak() >= memory.used());
  deallocate(block, kBlock);
}

TEST_CASE("memory: what is touched is resident") {
  MemoryUsage memory;
  memory.sample();
  const size_t before = memory.resident();
  CHECK(before > 100'000);
  void* block = allocate(16 * kBlock);
  std::memset(block, 1, 16 * kBlock);
  memory.sample();
  CHECK(memory.resident() >= before + 8 * kBlock);
  CHECK(memory.resident() < machine_memory());
  deallocate(block, 16 * kBlock);
}

}  // namespace
}  // namespace larder
