// A block of bytes with several owners: a large value that is stored in the keyspace and at the same
// time on its way out to clients. Copying the handle shares; bytes are changed only while unique.
//
//   +----------------+------------+-------------+----------------- ... -----+
//   | owners  u32    | unused u32 | size  u64   | capacity u64 | bytes      |
//   +----------------+------------+-------------+----------------- ... -----+
//
// Not thread-safe: all owners live on the reactor's thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace larder {

class SharedBytes {
 public:
  SharedBytes() = default;
  // `size` bytes of room, contents undefined.
  static SharedBytes with_size(size_t size);
  // `size` zeros; fresh memory is not written for it.
  static SharedBytes zeros(size_t size);
  static SharedBytes copy_of(std::string_view bytes);

  SharedBytes(const SharedBytes& other) : block_(other.block_) {
    if (block_ != nullptr) block_->owners++;
  }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBytes() { release(); }

  explicit operator bool() const { return block_ != nullptr; }
  char* data() { return block_ == nullptr ? nullptr : bytes(); }
  const char* data() const { return block_ == nullptr ? nullptr : bytes(); }
  size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  size_t capacity() const { return block_ == nullptr ? 0 : block_->capacity; }
  std::string_view view() const { return {data(), size()}; }
  bool is_unique() const { return block_ != nullptr && block_->owners == 1; }
  // What the block takes from the allocator.
  size_t memory() const;

  // Changes the size; keeps the first min(old, new) bytes, the rest is undefined. Shared bytes are
  // copied first. Grows the capacity to exactly `size` unless `capacity` says more.
  void resize(size_t size, size_t capacity = 0);
  // Grows a block of one owner to `size` bytes, the new ones undefined. False, with nothing
  // changed: there is no memory for so many. Requires is_unique().
  [[nodiscard]] bool try_grow(size_t size);

  // For owners that keep the block in eight bytes of their own: hand the reference out, take it back.
  void* detach() { return std::exchange(block_, nullptr); }
  static SharedBytes attach(void* block) { return SharedBytes(static_cast<Block*>(block)); }
  // The same block again, without taking the keeper's reference.
  static SharedBytes share(void* block) {
    static_cast<Block*>(block)->owners++;
    return attach(block);
  }
  static std::string_view view_of(const void* block) {
    const Block* header = static_cast<const Block*>(block);
    return {reinterpret_cast<const char*>(header + 1), header->size};
  }

 private:
  struct Block {
    uint32_t owners;
    uint32_t unused;
    uint64_t size;
    uint64_t capacity;
  };
  explicit SharedBytes(Block* block) : block_(block) {}
  char* bytes() const { return reinterpret_cast<char*>(block_ + 1); }
  void release();

  Block* block_ = nullptr;
};

}  // namespace larder
