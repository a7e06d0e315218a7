// A payload of known length on its way from the socket straight into the memory that will hold it.
//
// The memory grows with what arrives (256 KB, then doubling), so that an announced length costs
// nothing until its bytes are sent. Once the first megabyte is there, the rest of the length is
// reserved at once: growing further would copy hundreds of megabytes while everybody waits.
// Reserved memory that no byte has reached is address space only and does not count as used
// (UnwrittenBytes). Where the machine has not even address space for it, the doubling goes on.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/base/allocator.h"
#include "server/base/shared_bytes.h"

namespace larder {

class LargeRead {
 public:
  // The most that one read takes: four times a usual read, because nothing is parsed or copied.
  static constexpr size_t kReadBytes = 256 * 1024;
  // So much has to arrive before the whole length is reserved.
  static constexpr size_t kTrustedBytes = 1024 * 1024;

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
