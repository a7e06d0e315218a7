#include "protocol/output_chain.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace larder {
namespace {

// Size classes of the allocator, so that nothing is lost to rounding.
constexpr size_t kBlockSizes[] = {512, 4096, 16384};
// Between 4 KB and 8 KB they are this far apart.
constexpr size_t kBlockStep = 1024;

}  // namespace

// Lives as long as a segment lies in it.
struct OutputChain::Block {
  size_t bytes;  // with this header
  size_t segments;
};

struct OutputChain::Segment {
  Segment* next;
  Block* block;
  const char* begin;
  const char* end;  // not kept for the last segment, which ends at at_
  void (*release)(void* owner);
  void* owner;
  bool is_external;
  bool is_open;  // a placeholder without its text
};

OutputChain::OutputChain(OutputChain&& other) noexcept {
  *this = std::move(other);
}

OutputChain& OutputChain::operator=(OutputChain&& other) noexcept {
  if (this == &other) return *this;
  clear();
  at_ = std::exchange(other.at_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  ceiling_ = std::exchange(other.ceiling_, kNoLimit);
  head_ = std::exchange(other.head_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  block_ = std::exchange(other.block_, nullptr);
  memory_ = std::exchange(other.memory_, 0);
  block_memory_ = std::exchange(other.block_memory_, 0);
  limit_ = std::exchange(other.limit_, kNoLimit);
  overflowed_ = std::exchange(other.overflowed_, false);
  return *this;
}

size_t OutputChain::size_of(const Segment* segment) const {
  return static_cast<size_t>((segment == tail_ ? at_ : segment->end) - segment->begin);
}

// Makes `place` in the last block the header of a new last segment.
OutputChain::Segment* OutputChain::start_segment(char* place) {
  Segment* const segment = new (place) Segment{};
  segment->block = block_;
  block_->segments++;
  if (tail_ == nullptr) {
    head_ = segment;
  } else {
    tail_->end = at_;
    tail_->next = segment;
  }
  tail_ = segment;
  at_ = place + sizeof(Segment);
  segment->begin = at_;
  return segment;
}

// A new last block, with an empty segment that has at least `room` bytes.
void OutputChain::add_block(size_t room) {
  const size_t needed = sizeof(Block) + sizeof(Segment) + room;
  const size_t previous = block_ == nullptr ? 0 : block_->bytes;
  size_t bytes = 0;
  for (const size_t size : kBlockSizes) {
    bytes = size;
    if (size > previous && size >= needed) break;
  }
  // A single reply of some kilobytes, as a page of a cache has them, leaves in one piece, and its
  // block is not larger than it.
  const bool is_alone = previous == 0 && needed > kBlockSizes[1] && needed <= 2 * kBlockSizes[1];
  bytes = is_alone ? (needed + kBlockStep - 1) / kBlockStep * kBlockStep : std::max(bytes, needed);

  char* const memory = static_cast<char*>(::operator new(bytes));
  block_ = new (memory) Block{.bytes = bytes, .segments = 0};
  memory_ += bytes;
  block_memory_ += bytes;
  start_segment(memory + sizeof(Block));
  end_ = memory + bytes;
}

// A new last segment with `room` bytes, in the last block if it has the room.
OutputChain::Segment* OutputChain::add_segment(size_t room) {
  const size_t misplaced = reinterpret_cast<uintptr_t>(at_) % alignof(Segment);
  const size_t padding = misplaced == 0 ? 0 : alignof(Segment) - misplaced;
  if (static_cast<size_t>(end_ - at_) < padding + sizeof(Segment) + room) {
    add_block(room);
    return tail_;
  }
  return start_segment(at_ + padding);
}

void OutputChain::add_room(size_t n) {
  assert(n <= kMaxReserve);
  add_block(n);
}

void OutputChain::overflow() {
  overflowed_ = true;
  ceiling_ = 0;
}

void OutputChain::append(std::string_view bytes) {
  if (bytes_ + bytes.size() > ceiling_) [[unlikely]]
    return overflow();
  while (!bytes.empty()) {
    if (at_ == end_) add_block(std::min(bytes.size(), kMaxReserve));
    const size_t part = std::min(bytes.size(), static_cast<size_t>(end_ - at_));
    std::memcpy(at_, bytes.data(), part);
    commit(part);
    bytes.remove_prefix(part);
  }
}

void OutputChain::append_external(std::string_view bytes, void* owner, void (*release)(void*)) {
  const bool fits = bytes_ + bytes.size() <= ceiling_;
  if (!fits) overflow();
  if (!fits || bytes.empty()) {
    if (release != nullptr) release(owner);
    return;
  }

  Segment* const segment = add_segment(0);
  add_segment(0);
  segment->begin = bytes.data();
  segment->end = bytes.data() + bytes.size();
  segment->release = release;
  segment->owner = owner;
  segment->is_external = true;
  bytes_ += bytes.size();
  memory_ += bytes.size();
}

OutputChain::Placeholder OutputChain::reserve_header() {
  Placeholder placeholder;
  if (overflowed_) return placeholder;
  placeholder.segment = add_segment(kMaxHeader);
  at_ += kMaxHeader;
  add_segment(0);
  placeholder.segment->end = placeholder.segment->begin;
  placeholder.segment->is_open = true;
  return placeholder;
}

void OutputChain::fill_header(Placeholder placeholder, std::string_view header) {
  Segment* const segment = placeholder.segment;
  if (segment == nullptr) return;
  assert(segment->is_open && header.size() <= kMaxHeader);
  segment->is_open = false;
  if (bytes_ + header.size() > ceiling_) return overflow();
  // The room of a placeholder lies right behind its own header.
  std::memcpy(reinterpret_cast<char*>(segment + 1), header.data(), header.size());
  segment->end = segment->begin + header.size();
  bytes_ += header.size();
}

OutputChain::Mark OutputChain::mark() const {
  Mark mark;
  mark.tail = tail_;
  mark.at = at_;
  mark.overflowed = overflowed_;
  return mark;
}

void OutputChain::rewind(const Mark& mark) {
  if (mark.tail == nullptr) {
    clear();
  } else {
    bytes_ -= size_of(mark.tail) - static_cast<size_t>(mark.at - mark.tail->begin);
    for (Segment* segment = mark.tail->next; segment != nullptr;) {
      Segment* const next = segment->next;
      bytes_ -= size_of(segment);
      free_segment(segment);
      segment = next;
    }
    tail_ = mark.tail;
    tail_->next = nullptr;
    at_ = mark.at;
    block_ = tail_->block;
    end_ = reinterpret_cast<char*>(block_) + block_->bytes;
  }
  overflowed_ = mark.overflowed;
  ceiling_ = overflowed_ ? 0 : limit_;
}

void OutputChain::set_limit(size_t bytes) {
  limit_ = bytes;
  if (!overflowed_) ceiling_ = bytes;
}

size_t OutputChain::fill(std::span<iovec> out) const {
  size_t used = 0;
  for (const Segment* segment = head_; segment != nullptr; segment = segment->next) {
    if (used == out.size() || segment->is_open) break;
    const size_t size = size_of(segment);
    if (size == 0) continue;
    // writev only reads, whatever the type of iov_base says.
    out[used++] = iovec{.iov_base = const_cast<char*>(segment->begin), .iov_len = size};
  }
  return used;
}

void OutputChain::free_segment(Segment* segment) {
  Block* const block = segment->block;
  if (segment->is_external) {
    memory_ -= static_cast<size_t>(segment->end - segment->begin);
    if (segment->release != nullptr) segment->release(segment->owner);
  }
  if (--block->segments > 0) return;
  memory_ -= block->bytes;
  block_memory_ -= block->bytes;
  ::operator delete(block);
}

// With the last segment goes the last block.
void OutputChain::free_tail() {
  free_segment(tail_);
  head_ = tail_ = nullptr;
  block_ = nullptr;
  at_ = end_ = nullptr;
}

void OutputChain::drop_front(size_t sent) {
  assert(sent <= bytes_);
  bytes_ -= sent;
  while (head_ != nullptr) {
    const size_t size = size_of(head_);
    if (head_->is_open || sent < size) {
      head_->begin += sent;
      if (head_->is_external) memory_ -= sent;
      return;
    }
    sent -= size;
    if (head_ == tail_) return free_tail();
    Segment* const next = head_->next;
    free_segment(head_);
    head_ = next;
  }
}

void OutputChain::clear() {
  while (head_ != tail_) {
    Segment* const next = head_->next;
    free_segment(head_);
    head_ = next;
  }
  if (tail_ != nullptr) free_tail();
  bytes_ = 0;
  overflowed_ = false;
  ceiling_ = limit_;
}

}  // namespace larder
