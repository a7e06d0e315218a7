#include "server/base/allocator.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef LARDER_JEMALLOC
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

#include "server/base/assert.h"

#ifdef LARDER_JEMALLOC
// Where jemalloc looks for the settings of a program when it starts; MALLOC_CONF still overrules them.
//
// dirty_decay_ms: unused pages go back after one second instead of ten, so that the process takes
// what its data needs. At a million small keys that is 4 bytes a key, for some 2 % of the time while
// they are put in.
//
// slab_sizes: jemalloc describes each slab in 128 bytes, and the classes of 128, 256, 512 ... bytes
// have slabs of a single page: 4 to 64 bytes an allocation. With these sizes it is 1 to 8.
const char* malloc_conf =
    "dirty_decay_ms:1000,slab_sizes:113-128:4|225-256:8|449-512:8|897-1024:8|1793-2048:8";
#endif

namespace larder {
namespace {

[[noreturn]] void out_of_memory(size_t bytes) {
  char reason[64];
  std::snprintf(reason, sizeof(reason), "Out of memory: an allocation of %zu bytes failed", bytes);
  end_process(reason);
}

}  // namespace

#ifdef LARDER_JEMALLOC

namespace {

// The addresses of the calling thread's own counters never change, so they are looked up once.
struct ThreadCounters {
  uint64_t* allocated = nullptr;
  uint64_t* deallocated = nullptr;
  ThreadCounters() {
    size_t size = sizeof(uint64_t*);
    mallctl("thread.allocatedp", &allocated, &size, nullptr, 0);
    mallctl("thread.deallocatedp", &deallocated, &size, nullptr, 0);
  }
  uint64_t net() const { return *allocated - *deallocated; }
};

// What stats.allocated said at the last refresh, less what lay in the caches of threads, which it counts
// though nobody uses it, and less what this thread's counters said: the part of used memory that other
// threads account for.
thread_local size_t other_threads_bytes = 0;

// What all UnwrittenBytes hold.
thread_local size_t unwritten_bytes = 0;

const ThreadCounters& thread_counters() {
  thread_local const ThreadCounters counters;
  return counters;
}

size_t read_figure(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  mallctl(name, &value, &size, nullptr, 0);
  return value;
}

}  // namespace

void* allocate(size_t bytes) {
  void* memory = mallocx(bytes == 0 ? 1 : bytes, 0);
  if (memory == nullptr) [[unlikely]] out_of_memory(bytes);
  return memory;
}

void* allocate_zeroed(size_t bytes) {
  void* memory = mallocx(bytes == 0 ? 1 : bytes, MALLOCX_ZERO);
  if (memory == nullptr) [[unlikely]] out_of_memory(bytes);
  return memory;
}

void* allocate_aligned(size_t alignment, size_t bytes) {
  void* memory = mallocx(bytes, MALLOCX_ALIGN(alignment));
  if (memory == nullptr) [[unlikely]] out_of_memory(bytes);
  return memory;
}

void* allocate_aligned_zeroed(size_t alignment, size_t bytes) {
  void* memory = mallocx(bytes, MALLOCX_ALIGN(alignment) | MALLOCX_ZERO);
  if (memory == nullptr) [[unlikely]] out_of_memory(bytes);
  return memory;
}

void* reallocate(void* memory, size_t bytes) {
  void* moved = realloc(memory, bytes == 0 ? 1 : bytes);
  if (moved == nullptr) [[unlikely]] out_of_memory(bytes);
  return moved;
}

void* try_reallocate(void* memory, size_t bytes) { return realloc(memory, bytes); }

void deallocate(void* memory, size_t bytes) {
  if (memory != nullptr) sdallocx(memory, bytes == 0 ? 1 : bytes, 0);
}

void deallocate_aligned(void* memory, size_t alignment, size_t bytes) {
  if (memory != nullptr) sdallocx(memory, bytes, MALLOCX_ALIGN(alignment));
}

size_t allocation_size(size_t bytes) { return nallocx(bytes == 0 ? 1 : bytes, 0); }

size_t used_memory() {
  return other_threads_bytes + static_cast<size_t>(thread_counters().net()) - unwritten_bytes;
}

void UnwrittenBytes::set(size_t bytes) {
  unwritten_bytes += bytes - bytes_;
  bytes_ = bytes;
}

void refresh_memory_figures() {
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  mallctl("epoch", &epoch, &size, &epoch, size);
  other_threads_bytes = read_figure("stats.allocated") -
                        read_figure("stats.arenas.4096.tcache_bytes") -
                        static_cast<size_t>(thread_counters().net());
}

MemoryFigures memory_figures() {
  MemoryFigures figures{};
  figures.allocated = read_figure("stats.allocated") - unwritten_bytes;
  figures.active = read_figure("stats.active") - unwritten_bytes;
  figures.resident = read_figure("stats.resident") - unwritten_bytes;
  figures.retained = read_figure("stats.retained");
  const size_t page_bytes = read_figure("arenas.page");
  figures.dirty = read_figure("stats.arenas.4096.pdirty") * page_bytes;
  figures.muzzy = read_figure("stats.arenas.4096.pmuzzy") * page_bytes;
  return figures;
}

void purge_allocator() { mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0); }

void purge_in_background(bool is_on) {
  mallctl("background_thread", nullptr, nullptr, &is_on, sizeof(is_on));
}

std::string allocator_report() {
  std::string report;
  malloc_stats_print(
      [](void* out, const char* text) { static_cast<std::string*>(out)->append(text); }, &report,
      nullptr);
  return report;
}

std::string allocator_name() {
  const char* version = nullptr;
  size_t size = sizeof(version);
  mallctl("version", &version, &size, nullptr, 0);
  const std::string text = version == nullptr ? "" : version;
  return "jemalloc-" + text.substr(0, text.find('-'));
}

#else

void* allocate(size_t bytes) {
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) out_of_memory(bytes);
  return memory;
}

void* allocate_zeroed(size_t bytes) {
  void* memory = std::calloc(bytes == 0 ? 1 : bytes, 1);
  if (memory == nullptr) out_of_memory(bytes);
  return memory;
}

void* allocate_aligned(size_t alignment, size_t bytes) {
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) out_of_memory(bytes);
  return memory;
}

void* allocate_aligned_zeroed(size_t alignment, size_t bytes) {
  return std::memset(allocate_aligned(alignment, bytes), 0, bytes);
}

void* reallocate(void* memory, size_t bytes) {
  void* moved = std::realloc(memory, bytes == 0 ? 1 : bytes);
  if (moved == nullptr) out_of_memory(bytes);
  return moved;
}

void* try_reallocate(void* memory, size_t bytes) { return std::realloc(memory, bytes); }
void deallocate(void* memory, size_t) { std::free(memory); }
void deallocate_aligned(void* memory, size_t, size_t) { std::free(memory); }
// Not a byte more: the tools that this build is for call it an error to use what was not asked for.
size_t allocation_size(size_t bytes) { return bytes; }
size_t used_memory() { return mallinfo2().uordblks; }
void UnwrittenBytes::set(size_t bytes) { bytes_ = bytes; }
void refresh_memory_figures() {}
MemoryFigures memory_figures() { return {}; }
void purge_allocator() { malloc_trim(0); }
void purge_in_background(bool) {}
std::string allocator_report() { return "Stats not supported for the current allocator"; }
std::string allocator_name() { return "libc"; }

#endif

}  // namespace larder
