// The memory in which the reads of one turn land, one behind another: the small requests of a
// thousand connections then lie in a few pages that stay in the cache, and no connection needs a
// buffer of its own while its requests are complete.
//
// What a turn read is gone when the next one begins; connections move what they still need.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "server/base/assert.h"

namespace larder {

class TurnArena {
 public:
  // The most that one read takes from here; reads are only made while this much is left, so that a
  // busy connection near the end of the arena is not cut into small pieces. Where connections wait
  // for room, a read takes what is there for each of them, down to kLeastReadBytes.
  static constexpr size_t kReadBytes = 64 * 1024;
  static constexpr size_t kLeastReadBytes = 4 * 1024;
  static constexpr size_t kBytes = 1024 * 1024;

  TurnArena();
  ~TurnArena();
  TurnArena(const TurnArena&) = delete;
  TurnArena& operator=(const TurnArena&) = delete;

  bool has_room() const { return kBytes - used_ >= read_bytes_; }
  // Where the next read lands. Requires has_room().
  std::span<char> room();
  // Keeps the first `bytes` of the last room() until the end of the turn.
  void keep(size_t bytes);
  // Forgets everything. `waiting`: connections that had no room in the last turn. Under
  // AddressSanitizer a view that outlived its turn is reported from here on.
  void reset(size_t waiting);

 private:
  std::unique_ptr<char[]> bytes_;
  size_t used_ = 0;
  size_t read_bytes_ = kReadBytes;
};

}  // namespace larder
