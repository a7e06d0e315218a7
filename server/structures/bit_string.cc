#include "server/structures/bit_string.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "server/base/assert.h"
#include "server/structures/bit_kernels.h"

namespace larder {
namespace {

// Sources are combined block by block, so that the result stays in the nearest cache until it is
// done.
constexpr size_t kBlock = 4096;
using Block = std::array<char, kBlock>;

void apply(BitStep step, char* out, std::string_view in) {
#if defined(__x86_64__)
  if (has_wide_kernels()) return apply_step_avx2(step, out, in);
#endif
  apply_step_portable(step, out, in);
}

// The eight bytes from there on as a number, the first one highest.
uint64_t load_bits(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

uint8_t byte_at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

// One block of all sources.
class BlockOfSources {
 public:
  BlockOfSources(std::span<const std::string_view> sources, size_t offset, size_t size)
      : sources_(sources), offset_(offset), size_(size) {}

  void copy_first(char* out) const {
    const std::string_view bytes = of(0);
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    std::memset(out + bytes.size(), 0, size_ - bytes.size());
  }
  // Lays all but the first over it.
  void lay_others(BitStep step, char* out) const {
    for (size_t i = 1; i < sources_.size(); i++) lay(i, step, out);
  }
  void lay(size_t source, BitStep step, char* out) const {
    const std::string_view bytes = of(source);
    apply(step, out, bytes);
    if (step == BitStep::both) std::memset(out + bytes.size(), 0, size_ - bytes.size());
  }
  void invert(char* out) const {
    Block ones;
    ones.fill(static_cast<char>(0xff));
    apply(BitStep::differ, out, {ones.data(), size_});
  }
  // Keeps those that no two sources have.
  void combine_exactly_one(char* out) const {
    Block repeated;
    Block both;
    repeated.fill(0);
    copy_first(out);
    for (size_t i = 1; i < sources_.size(); i++) {
      const std::string_view bytes = of(i);
      std::memcpy(both.data(), out, bytes.size());
      apply(BitStep::both, both.data(), bytes);
      apply(BitStep::either, repeated.data(), {both.data(), bytes.size()});
      apply(BitStep::either, out, bytes);
    }
    apply(BitStep::without, out, {repeated.data(), size_});
  }

 private:
  // What the source has of this block, nullptr and 0 for nothing.
  std::string_view of(size_t source) const {
    const std::string_view bytes = sources_[source];
    return offset_ < bytes.size() ? bytes.substr(offset_, size_) : std::string_view();
  }

  std::span<const std::string_view> sources_;
  size_t offset_;
  size_t size_;
};

void combine_block(BitOperation operation, const BlockOfSources& block, size_t size, char* out) {
  switch (operation) {
    case BitOperation::all:
      block.copy_first(out);
      return block.lay_others(BitStep::both, out);
    case BitOperation::any:
      block.copy_first(out);
      return block.lay_others(BitStep::either, out);
    case BitOperation::odd:
      block.copy_first(out);
      return block.lay_others(BitStep::differ, out);
    case BitOperation::invert:
      block.copy_first(out);
      return block.invert(out);
    case BitOperation::diff:
      block.copy_first(out);
      return block.lay_others(BitStep::without, out);
    case BitOperation::diff1:
      std::memset(out, 0, size);
      block.lay_others(BitStep::either, out);
      return block.lay(0, BitStep::without, out);
    case BitOperation::and_or:
      std::memset(out, 0, size);
      block.lay_others(BitStep::either, out);
      return block.lay(0, BitStep::both, out);
    case BitOperation::exactly_one:
      return block.combine_exactly_one(out);
  }
}

}  // namespace

uint64_t count_ones(std::string_view bytes) {
#if defined(__x86_64__)
  if (has_wide_kernels()) return count_ones_avx2(bytes);
#endif
  return count_ones_portable(bytes);
}

uint64_t count_ones(std::string_view bytes, BitRange range) {
  const size_t first_byte = range.first >> 3;
  const size_t last_byte = range.last >> 3;
  LARDER_ASSERT(range.first <= range.last && last_byte < bytes.size());
  // Whole bytes, less what the first and the last have outside the range.
  const unsigned before = byte_at(bytes, first_byte) & ~(0xffu >> (range.first & 7)) & 0xff;
  const unsigned behind = byte_at(bytes, last_byte) & (0x7fu >> (range.last & 7));
  const auto outside = static_cast<uint64_t>(std::popcount(before) + std::popcount(behind));
  return count_ones(bytes.substr(first_byte, last_byte - first_byte + 1)) - outside;
}

std::optional<uint64_t> find_bit(std::string_view bytes, bool bit, BitRange range) {
  const size_t last_byte = range.last >> 3;
  LARDER_ASSERT(range.first <= range.last && last_byte < bytes.size());
  // What is looked for is a one: bytes are inverted for a zero.
  const uint64_t flip = bit ? 0 : ~uint64_t{0};
  size_t at = range.first >> 3;
  uint64_t found = UINT64_MAX;
  const unsigned first = (byte_at(bytes, at) ^ (flip & 0xff)) & (0xffu >> (range.first & 7));
  if (first != 0) {
    found = at * 8 + static_cast<unsigned>(std::countl_zero(static_cast<uint8_t>(first)));
  } else {
    at++;
    for (; at + sizeof(uint64_t) <= last_byte + 1; at += sizeof(uint64_t)) {
      if ((load_bits(bytes.data() + at) ^ flip) != 0) break;
    }
    for (; at <= last_byte && found == UINT64_MAX; at++) {
      const auto byte = static_cast<uint8_t>(byte_at(bytes, at) ^ (flip & 0xff));
      if (byte != 0) found = at * 8 + static_cast<unsigned>(std::countl_zero(byte));
    }
  }
  if (found > range.last) return std::nullopt;
  return found;
}

void combine_bits(BitOperation operation, std::span<const std::string_view> sources, char* out,
                  size_t size) {
  for (size_t offset = 0; offset < size; offset += kBlock) {
    const size_t block_size = std::min(kBlock, size - offset);
    combine_block(operation, BlockOfSources(sources, offset, block_size), block_size, out + offset);
  }
}

int64_t read_field(std::string_view bytes, uint64_t offset, BitField field) {
  // 64 bits that begin inside a byte reach into a ninth.
  std::array<char, 9> near{};
  const uint64_t first_byte = offset >> 3;
  if (first_byte < bytes.size()) bytes.copy(near.data(), near.size(), first_byte);
  const unsigned skipped = offset & 7;
  uint64_t word = load_bits(near.data()) << skipped;
  if (skipped != 0) word |= static_cast<uint64_t>(static_cast<uint8_t>(near[8]) >> (8 - skipped));
  const unsigned unused = 64u - field.bits;
  if (field.is_signed) return static_cast<int64_t>(word) >> unused;
  return static_cast<int64_t>(word >> unused);
}

void write_field(std::span<char> bytes, uint64_t offset, BitField field, int64_t value) {
  LARDER_ASSERT((offset + field.bits - 1) >> 3 < bytes.size());
  unsigned left = field.bits;
  while (left > 0) {
    const unsigned bit = offset & 7;
    const unsigned taken = std::min(8 - bit, left);
    const unsigned shift = 8 - bit - taken;
    const unsigned mask = ((1u << taken) - 1) << shift;
    const unsigned part = static_cast<unsigned>(static_cast<uint64_t>(value) >> (left - taken));
    char& byte = bytes[offset >> 3];
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~mask) | ((part << shift) & mask));
    offset += taken;
    left -= taken;
  }
}

std::optional<int64_t> fit_field(BitField field, __int128 value, FieldOverflow overflow) {
  const unsigned value_bits = field.is_signed ? field.bits - 1u : field.bits;
  const __int128 max = (__int128{1} << value_bits) - 1;
  const __int128 min = field.is_signed ? -max - 1 : 0;
  if (value >= min && value <= max) return static_cast<int64_t>(value);
  switch (overflow) {
    case FieldOverflow::fail:
      return std::nullopt;
    case FieldOverflow::saturate:
      return static_cast<int64_t>(value > max ? max : min);
    case FieldOverflow::wrap:
      break;
  }
  const unsigned unused = 64u - field.bits;
  const uint64_t word = static_cast<uint64_t>(value) << unused;
  if (field.is_signed) return static_cast<int64_t>(word) >> unused;
  return static_cast<int64_t>(word >> unused);
}

}  // namespace larder
