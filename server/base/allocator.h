// The process's memory. One allocator serves everything (new, malloc and libraries included): jemalloc,
// or libc's in builds for tools that must see each allocation (-DLARDER_ALLOCATOR=libc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

// Never return null: when the machine has no memory left, the process ends with a message.
void* allocate(size_t bytes);
// Filled with zeros. Memory that comes fresh from the kernel is neither written nor, until somebody else
// does, backed.
void* allocate_zeroed(size_t bytes);
void* allocate_aligned(size_t alignment, size_t bytes);  // alignment: a power of two
void* allocate_aligned_zeroed(size_t alignment, size_t bytes);  // as allocate_zeroed
// As realloc: keeps the first min(old, new) bytes; `memory` may be null.
void* reallocate(void* memory, size_t bytes);
// `bytes`: the size that was asked for, which spares the allocator a look-up.
void deallocate(void* memory, size_t bytes);
void deallocate_aligned(void* memory, size_t alignment, size_t bytes);

// As reallocate, but returns null, and leaves `memory` as it was, where there is no room for so much.
void* try_reallocate(void* memory, size_t bytes);

// What the allocator sets aside for a request of `bytes`: the size class.
size_t allocation_size(size_t bytes);

// Bytes handed out to the process and not yet given back, rounded up to size classes, without those that
// are UnwrittenBytes. The thread's own counters make it cheap (a few loads); threads other than the
// caller's are included at the last refresh.
size_t used_memory();

// The part of an allocation that its owner has not written yet. The kernel gives memory its pages when
// they are first written, so that until then this part is address space and nothing else; it does not
// count as used. For the reactor's thread only.
class UnwrittenBytes {
 public:
  UnwrittenBytes() = default;
  UnwrittenBytes(const UnwrittenBytes&) = delete;
  UnwrittenBytes& operator=(const UnwrittenBytes&) = delete;
  ~UnwrittenBytes() { set(0); }

  void set(size_t bytes);
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};
// Refreshes the counters behind used_memory and the figures below. Cost: microseconds; once a tick.
void refresh_memory_figures();

struct MemoryFigures {
  size_t allocated;  // by the program
  size_t active;     // in pages that hold at least one allocation
  size_t resident;   // mapped and backed by memory, allocator's own data included
  size_t dirty;      // in pages that hold nothing and are kept for later
  size_t retained;   // kept address space without memory
  size_t muzzy;      // given back to the kernel lazily
};
MemoryFigures memory_figures();  // zeros with libc

// Gives unused pages back to the kernel now.
void purge_allocator();
// Whether a thread of the allocator's own gives unused pages back, some seconds after they became free.
// Otherwise an allocation now and then does it: after a million entries were freed, one of them takes
// milliseconds. Off when the process starts, and again in a child after fork. Nothing with libc.
void purge_in_background(bool is_on);
// A report for people (MEMORY MALLOC-STATS).
std::string allocator_report();
// "jemalloc-5.3.0" or "libc".
std::string allocator_name();

}  // namespace larder
