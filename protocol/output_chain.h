// The bytes on their way to one socket.
//
// A chain of segments. Most lie in blocks that grow with the need (512 B, 4 KB, 16 KB; a first
// reply of 4 to 8 KB gets a block of its size), so that an idle connection holds nothing and a
// pipelined one few blocks. A large value is a segment that points at the value itself. The headers
// of the segments lie in the blocks as well:
//
//   block   +-------+---------+----------------+---------+---------+----------------+------+
//           | Block | Segment | bytes of reply | Segment | Segment | bytes of reply | free |
//           +-------+---------+----------------+---------+---------+----------------+------+
//                                                   |
//                                                   +--> a large value, kept alive by its owner
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace larder {

// Ends the process if the machine has no memory left. Not thread-safe.
class OutputChain {
 private:
  struct Segment;

 public:
  // The most that reserve() gives in one piece.
  static constexpr size_t kMaxReserve = 8000;
  // The longest text that a placeholder takes: a type byte, 20 digits, CR LF.
  static constexpr size_t kMaxHeader = 23;
  static constexpr size_t kNoLimit = SIZE_MAX;

  OutputChain() = default;
  ~OutputChain() { clear(); }
  OutputChain(OutputChain&& other) noexcept;
  OutputChain& operator=(OutputChain&& other) noexcept;

  // Room for n <= kMaxReserve bytes, valid until the next call of anything but commit(). What was
  // written there counts once it is committed; commit(n) takes at most what was reserved. A few
  // instructions, and a new block now and then.
  char* reserve(size_t n) {
    if (n > static_cast<size_t>(end_ - at_)) [[unlikely]]
      add_room(n);
    return at_;
  }
  void commit(size_t n) {
    if (bytes_ + n > ceiling_) [[unlikely]]
      return overflow();
    at_ += n;
    bytes_ += n;
  }

  void append(std::string_view bytes);

  // Queues bytes that are not copied. release(owner) is called exactly once: when they were sent,
  // or dropped for whatever reason, maybe within this call. `release` may be null, for bytes that
  // outlive the chain. Worth it from about a kilobyte on.
  void append_external(std::string_view bytes, void* owner, void (*release)(void*));

  // A place for a header whose text is known only later, when what follows it was written. Any
  // number may be open, in any order. Nothing behind an open placeholder is sent. Cost: O(1) and
  // about 140 bytes of room; nothing moves. A placeholder ends with a rewind to before it and with
  // clear().
  class Placeholder {
    friend class OutputChain;
    Segment* segment = nullptr;
  };
  Placeholder reserve_header();
  // At most kMaxHeader bytes; once per placeholder.
  void fill_header(Placeholder placeholder, std::string_view header);

  // Takes back what was queued since the mark, an overflow included; a header that was filled in
  // before the mark stays. A mark ends with drop_front(), clear(), and a rewind to an earlier one.
  class Mark {
    friend class OutputChain;
    Segment* tail = nullptr;
    char* at = nullptr;
    bool overflowed = false;
  };
  Mark mark() const;
  void rewind(const Mark& mark);

  // The most that may be queued. What would exceed it makes the chain overflowed: it is dropped,
  // and so is everything after it, so that an endless reply costs nothing more from then on. What
  // is queued is then an incomplete reply, and the connection cannot be used further. Long loops
  // ask overflowed().
  void set_limit(size_t bytes);
  size_t limit() const { return limit_; }
  bool overflowed() const { return overflowed_; }

  bool empty() const { return bytes_ == 0; }
  // Everything queued, external bytes included.
  size_t bytes() const { return bytes_; }
  // What the chain holds: its blocks, and the external bytes that are still to be sent.
  size_t memory() const { return memory_; }
  // Its blocks alone: what nobody else holds.
  size_t block_memory() const { return block_memory_; }

  // Describes the front of the queue for writev; returns how many entries were used. Stays true
  // until the next change.
  size_t fill(std::span<iovec> out) const;
  // The first `sent` <= bytes() bytes have left. Frees what is not needed any more: everything,
  // once the chain is empty.
  void drop_front(size_t sent);
  // Drops everything and ends an overflow; the limit stays.
  void clear();

 private:
  struct Block;

  void overflow();
  void add_room(size_t n);
  void add_block(size_t room);
  Segment* add_segment(size_t room);
  Segment* start_segment(char* place);
  void free_segment(Segment* segment);
  void free_tail();
  size_t size_of(const Segment* segment) const;

  // The chain has either no segment and no block, or its last segment lies in the last block, holds
  // bytes of that block, ends at at_ and can grow up to end_.
  char* at_ = nullptr;
  char* end_ = nullptr;
  size_t bytes_ = 0;
  size_t ceiling_ = kNoLimit;  // the limit, or 0 while overflowed, so that nothing more fits
  Segment* head_ = nullptr;
  Segment* tail_ = nullptr;
  Block* block_ = nullptr;  // the last one
  size_t memory_ = 0;
  size_t limit_ = kNoLimit;
  bool overflowed_ = false;
  size_t block_memory_ = 0;
};

}  // namespace larder
