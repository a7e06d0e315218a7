// The bytes of one connection that were read and not yet consumed. While a turn lasts they usually
// lie in the turn's arena; what is left at its end moves into a buffer of the connection's own,
// which grows with what arrives and is freed when it is empty: an idle connection holds no buffer.
//
// Views of unread() stay valid while the turn's requests run: the own buffer moves only when bytes
// are added, before that, and in settle(), after it.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder {

class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer() { free_own(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  std::string_view unread() const { return {data_, size_}; }
  bool is_empty() const { return size_ == 0; }
  void consume(size_t bytes);

  // Looks at `bytes` at `memory` without copying them. Requires is_empty().
  void borrow(char* memory, size_t bytes);
  // Copies `bytes` behind what is there. Cost: amortised one copy; the own buffer doubles.
  void append(std::string_view bytes);
  // Takes out `bytes` bytes at `offset`; what lies behind them moves up.
  void cut(size_t offset, size_t bytes);
  // The end of the turn: borrowed bytes are copied, an empty own buffer is freed.
  void settle();

  // What the own buffer takes from the allocator, and how much of that is unused.
  size_t memory() const;
  size_t unused() const { return own_ == nullptr ? 0 : capacity_ - size_; }

 private:
  bool is_borrowed() const { return size_ > 0 && own_ == nullptr; }
  void free_own();
  void make_room(size_t bytes);

  char* data_ = nullptr;  // in the arena, or in own_
  size_t size_ = 0;
  char* own_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace larder
