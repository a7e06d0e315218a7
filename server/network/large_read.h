// A payload of known length on its way from the socket straight into the memory that will hold it.
//
// An announced length costs nothing until its bytes are sent: there is room for one read, and when
// that is full, the rest of the length is reserved at once. Growing little by little would copy
// hundreds of megabytes while everybody waits. Reserved memory that no byte has reached is address
// space only, and does not count as used (UnwrittenBytes). Where the machine has not even address
// space for it, the room doubles.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/base/allocator.h"
#include "server/base/shared_bytes.h"

namespace larder {

class LargeRead {
 public:
  // The most that one read takes: twice a usual read, because nothing is parsed or copied. More
  // would keep others waiting on machines where fresh pages are dear: up to 17 us each was seen.
  static constexpr size_t kReadBytes = 128 * 1024;

  // Starts a payload of `length` bytes (> 0). Requires !is_active().
  void begin(size_t length);
  bool is_active() const { return length_ > 0; }
  bool is_done() const { return length_ > 0 && filled_ == length_; }
  size_t missing() const { return length_ - filled_; }

  // Where the next bytes go: at least one byte, at most kReadBytes. Requires missing() > 0.
  std::span<char> room();
  // Counts the first `bytes` of the last room() as arrived.
  void keep(size_t bytes);
  // Copies bytes that were read before the payload was known to be one.
  void add(std::string_view bytes);

  // Hands over the payload and ends the read. Requires is_done().
  SharedBytes take();

  // Without what is reserved and not yet written.
  size_t memory() const { return bytes_.memory() - unwritten_.bytes(); }

 private:
  void grow();

  SharedBytes bytes_;
  UnwrittenBytes unwritten_;
  size_t length_ = 0;
  size_t filled_ = 0;
};

}  // namespace larder
