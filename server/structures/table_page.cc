#include "server/structures/table_page.h"

#include <algorithm>

#include "server/base/allocator.h"
#include "server/base/assert.h"

namespace larder {

size_t TablePage::size_class(size_t bytes) {
  if (bytes <= kMinBytes) return kMinBytes;
  const size_t step = std::max<size_t>(std::bit_ceil(bytes) / 8, 16);
  return (bytes + step - 1) / step * step;
}

TablePage* TablePage::create(size_t size, size_t slots, unsigned depth) {
  LARDER_ASSERT(size <= kMaxBytes);
  auto* page = static_cast<TablePage*>(allocate(size));
  page->count_ = 0;
  page->slots_ = static_cast<uint16_t>(round_slots(slots));
  page->size_ = page->top_ = static_cast<uint16_t>(size);
  page->dead_ = 0;
  page->depth_ = static_cast<uint8_t>(depth);
  page->unused_ = 0;
  return page;
}

TablePage* TablePage::clone(const TablePage* page, RecordSize size_of) {
  auto* copy = static_cast<TablePage*>(allocate(page->size_));
  std::memcpy(static_cast<void*>(copy), page, page->size_);
  for (size_t slot = 0; slot < copy->count_; slot++) {
    if (!copy->is_long(slot)) continue;
    const char* record = page->record(slot);
    const size_t size = size_of(record);
    auto* block = static_cast<char*>(allocate(size));
    std::memcpy(block, record, size);
    std::memcpy(const_cast<char*>(copy->place(slot)), &block, sizeof(block));
  }
  return copy;
}

void TablePage::destroy(TablePage* page) {
  deallocate(page, page->size_);
}

char* TablePage::add_place(uint8_t tag, uint16_t flags, size_t size) {
  if (count_ == slots_) {
    char* old_words = reinterpret_cast<char*>(words());
    std::memmove(old_words + kSlotStep, old_words, size_t{count_} * sizeof(uint16_t));
    slots_ = static_cast<uint16_t>(slots_ + kSlotStep);
  }
  top_ = static_cast<uint16_t>(top_ - size);
  tags()[count_] = tag;
  words()[count_] = static_cast<uint16_t>(flags | top_);
  count_++;
  return bytes() + top_;
}

void TablePage::add_long(uint64_t hash, char* block) {
  char* at = add_place(tag_of(hash), static_cast<uint16_t>(more_of(hash) | kLongBit), kLongBytes);
  std::memcpy(at, &block, sizeof(block));
  std::memcpy(at + sizeof(block), &hash, sizeof(hash));
}

void TablePage::remove(size_t slot, RecordSize size_of) {
  const size_t size = stored_at(slot, size_of);
  if ((words()[slot] & kOffsetMask) == top_) {
    top_ = static_cast<uint16_t>(top_ + size);
  } else {
    dead_ = static_cast<uint16_t>(dead_ + size);
  }
  count_--;
  tags()[slot] = tags()[count_];
  words()[slot] = words()[count_];
}

void TablePage::take(const TablePage& from, size_t slot, RecordSize size_of) {
  const size_t size = from.stored_at(slot, size_of);
  const auto flags = static_cast<uint16_t>(from.words()[slot] & ~kOffsetMask);
  std::memcpy(add_place(from.tags()[slot], flags, size), from.place(slot), size);
}

}  // namespace larder
