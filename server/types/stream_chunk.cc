#include "server/types/stream_chunk.h"

#include <algorithm>
#include <cstring>

#include "server/base/allocator.h"
#include "server/base/assert.h"

namespace larder {
namespace {

constexpr uint8_t kDeleted = 1;
constexpr uint8_t kOwnFields = 2;
constexpr unsigned kMsShift = 2;
constexpr unsigned kSeqShift = 5;

constexpr uint8_t kLength16 = 254;
constexpr uint8_t kLength32 = 255;

// The most that a packed text takes beyond its bytes, and an entry before its values.
constexpr size_t kMaxTextHead = 5;
constexpr size_t kMaxEntryHead = 1 + 5 + 8 + 8 + packed::kMaxHead;

// --- Numbers in as many bytes as they need ---

unsigned code_of(uint64_t number) {
  unsigned bytes = 0;
  for (; number != 0; number >>= 8) bytes++;
  return std::min(bytes, 7u);
}

unsigned bytes_of(unsigned code) {
  return code == 7 ? 8 : code;
}

uint64_t load_number(const char* from, unsigned code) {
  if (code == 0) return 0;
  if (code == 1) return packed::first_byte(from);
  if (code == 2) return packed::load<uint16_t>(from);
  uint64_t number = 0;
  std::memcpy(&number, from, bytes_of(code));
  return number;
}

char* store_number(char* to, uint64_t number, unsigned code) {
  std::memcpy(to, &number, bytes_of(code));
  return to + bytes_of(code);
}

// --- The length of an entry ---

size_t length_bytes(size_t most) {
  if (most < kLength16) return 1;
  return most <= UINT16_MAX ? 3 : 5;
}

void store_length(char* to, size_t bytes, size_t length) {
  if (bytes == 1) {
    *to = static_cast<char>(length);
  } else if (bytes == 3) {
    *to = static_cast<char>(kLength16);
    const auto stored = static_cast<uint16_t>(length);
    std::memcpy(to + 1, &stored, sizeof(stored));
  } else {
    *to = static_cast<char>(kLength32);
    const auto stored = static_cast<uint32_t>(length);
    std::memcpy(to + 1, &stored, sizeof(stored));
  }
}

// The most that fields and values can take.
size_t most_bytes(StreamFields fields) {
  size_t bytes = 0;
  for (const std::string_view text : fields) bytes += text.size() + kMaxTextHead;
  return bytes;
}

}  // namespace

StreamChunk StreamChunk::create(StreamId first, StreamFields fields, size_t expected_bytes) {
  StreamChunk chunk;
  chunk.first = first;
  chunk.reserve(std::max(expected_bytes, packed::kMaxHead + most_bytes(fields)));
  char* to = PackedText(static_cast<int64_t>(fields.size() / 2)).write(chunk.bytes);
  for (size_t i = 0; i < fields.size(); i += 2) to = PackedText(fields[i]).write(to);
  chunk.size = static_cast<uint32_t>(to - chunk.bytes);
  chunk.begin = chunk.size;
  return chunk;
}

StreamChunk StreamChunk::clone() const {
  StreamChunk copy = *this;
  copy.capacity = static_cast<uint32_t>(std::min<size_t>(allocation_size(size), UINT32_MAX));
  copy.bytes = static_cast<char*>(allocate(copy.capacity));
  std::memcpy(copy.bytes, bytes, size);
  return copy;
}

void StreamChunk::release() {
  deallocate(bytes, capacity);
  bytes = nullptr;
}

void StreamChunk::append(StreamId id, StreamFields fields) {
  const size_t most = kMaxEntryHead + most_bytes(fields);
  reserve(size + most);
  const uint64_t ms_delta = id.ms - first.ms;
  const uint64_t seq = ms_delta == 0 ? id.seq - first.seq : id.seq;
  const unsigned ms_code = code_of(ms_delta);
  const unsigned seq_code = code_of(seq);
  const bool shares_fields = has_fields(fields);
  char* to = bytes + size;
  *to++ = static_cast<char>((shares_fields ? 0u : kOwnFields) | ms_code << kMsShift |
                            seq_code << kSeqShift);
  char* const length_at = to;
  to += length_bytes(most);
  char* const body = to;
  to = store_number(to, ms_delta, ms_code);
  to = store_number(to, seq, seq_code);
  if (shares_fields) {
    for (size_t i = 1; i < fields.size(); i += 2) to = PackedText(fields[i]).write(to);
  } else {
    to = PackedText(static_cast<int64_t>(fields.size() / 2)).write(to);
    for (const std::string_view text : fields) to = PackedText(text).write(to);
  }
  store_length(length_at, length_bytes(most), static_cast<size_t>(to - body));
  size = static_cast<uint32_t>(to - bytes);
  live++;
  added++;
}

bool StreamChunk::has_fields(StreamFields fields) const {
  const PackedEntry count(bytes);
  if (static_cast<size_t>(count.integer()) != fields.size() / 2) return false;
  const char* field = count.end();
  for (size_t i = 0; i < fields.size(); i += 2) {
    if (!PackedText(fields[i]).matches(field)) return false;
    field = packed::next(field);
  }
  return true;
}

// Grows by half, so that a chunk is not moved for every entry.
void StreamChunk::reserve(size_t bytes_needed) {
  if (bytes_needed <= capacity) return;
  LARDER_ASSERT(bytes_needed <= UINT32_MAX);
  const size_t wanted = std::max<size_t>(bytes_needed, size_t{capacity} + capacity / 2);
  capacity = static_cast<uint32_t>(std::min<size_t>(allocation_size(wanted), UINT32_MAX));
  bytes = static_cast<char*>(reallocate(bytes, capacity));
}

void StreamChunk::shrink_to_fit() {
  const size_t fitting = allocation_size(size);
  if (fitting >= capacity) return;
  capacity = static_cast<uint32_t>(fitting);
  bytes = static_cast<char*>(reallocate(bytes, capacity));
}

StreamChunk::Item StreamChunk::read(const char* at) const {
  const unsigned head = packed::first_byte(at);
  const char* body = at + 2;
  size_t length = packed::first_byte(at + 1);
  if (length >= kLength16) [[unlikely]] {
    const bool is_long = length == kLength32;
    length = is_long ? packed::load<uint32_t>(body) : packed::load<uint16_t>(body);
    body += is_long ? sizeof(uint32_t) : sizeof(uint16_t);
  }
  const unsigned ms_code = head >> kMsShift & 7;
  const unsigned seq_code = head >> kSeqShift & 7;
  const uint64_t ms_delta = load_number(body, ms_code);
  const uint64_t seq = load_number(body + bytes_of(ms_code), seq_code);
  return {.at = at,
          .body = body + bytes_of(ms_code) + bytes_of(seq_code),
          .end = body + length,
          .id = {first.ms + ms_delta, ms_delta == 0 ? first.seq + seq : seq},
          .is_deleted = (head & kDeleted) != 0};
}

StreamChunk::Item StreamChunk::find(StreamId id) const {
  for (const char* at = first_item(); at != end();) {
    const Item item = read(at);
    at = item.end;
    // IDs of deleted entries need not be in order: XSETID may have taken them back.
    if (item.is_deleted || item.id < id) continue;
    return item.id == id ? item : Item{};
  }
  return {};
}

StreamChunk::Item StreamChunk::last_live() const {
  Item last;
  for (const char* at = first_item(); at != end();) {
    const Item item = read(at);
    if (!item.is_deleted) last = item;
    at = item.end;
  }
  LARDER_ASSERT(last.at != nullptr);
  return last;
}

StreamEntry StreamChunk::entry(const Item& item) const {
  const bool has_own = (packed::first_byte(item.at) & kOwnFields) != 0;
  const PackedEntry count(has_own ? item.body : bytes);
  StreamEntry entry;
  entry.id = item.id;
  entry.field_count_ = static_cast<size_t>(count.integer());
  entry.fields_ = has_own ? nullptr : count.end();
  entry.values_ = has_own ? count.end() : item.body;
  return entry;
}

void StreamChunk::erase(const Item& item) {
  char* const at = bytes + (item.at - bytes);
  *at = static_cast<char>(packed::first_byte(at) | kDeleted);
  live--;
  dead += static_cast<uint32_t>(item.end - item.at);
  while (begin < size) {
    const Item front = read(bytes + begin);
    if (!front.is_deleted) break;
    begin = static_cast<uint32_t>(front.end - bytes);
  }
  if (dead > size / 2 && live > 0) compact();
}

char* StreamChunk::entries_begin() const {
  const PackedEntry count(bytes);
  const char* field = count.end();
  for (int64_t i = 0; i < count.integer(); i++) field = packed::next(field);
  return bytes + (field - bytes);
}

// Moves what is alive together.
void StreamChunk::compact() {
  char* to = entries_begin();
  const char* at = first_item();
  const char* const old_end = end();
  begin = static_cast<uint32_t>(to - bytes);
  while (at != old_end) {
    const Item item = read(at);
    const auto length = static_cast<size_t>(item.end - item.at);
    if (!item.is_deleted) {
      std::memmove(to, item.at, length);
      to += length;
    }
    at = item.end;
  }
  size = static_cast<uint32_t>(to - bytes);
  dead = 0;
  shrink_to_fit();
}

}  // namespace larder
