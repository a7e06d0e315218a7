// Commands that see strings as rows of bits. Those that see integers in them are in bitfield.cc.
#include <algorithm>
#include <vector>

#include "server/base/text.h"
#include "server/command/arg_reader.h"
#include "server/commands/argument_value.h"
#include "server/commands/bit_offset.h"
#include "server/commands/families.h"
#include "server/types/bitmap.h"

namespace larder {
namespace {

// --- One bit ---

// SETBIT key offset value
Status setbit(Context& ctx) {
  TRY(const uint64_t offset, read_bit_offset(ctx, ctx.arg(2)));
  const auto bit = parse_int64(ctx.arg(3));
  if (!bit || (*bit != 0 && *bit != 1)) return errors::bit_out_of_range();
  TRY(auto bitmap, ctx.edit_or_create<Bitmap>(ctx.key(1)));
  const Bitmap::Change change = bitmap->set(offset, *bit == 1);
  bitmap.commit("setbit", change.has_changed ? 1 : 0);
  ctx.reply.integer(change.old_bit ? 1 : 0);
  return ok;
}

// GETBIT key offset
Status getbit(Context& ctx) {
  TRY(const uint64_t offset, read_bit_offset(ctx, ctx.arg(2)));
  TRY(const auto bitmap, ctx.find<Bitmap>(ctx.key(1)));
  ctx.reply.integer(bitmap && bitmap->get(offset) ? 1 : 0);
  return ok;
}

// --- Ranges of bits ---

// What a client says: bytes or bits, both ends included, counted from the end when negative.
struct AskedRange {
  int64_t start = 0;
  int64_t end = -1;
  bool is_in_bits = false;
};

// The bits that it means in a string of `length` bytes, if any.
std::optional<BitRange> resolve(const AskedRange& asked, size_t length) {
  const auto total = static_cast<int64_t>(asked.is_in_bits ? length * 8 : length);
  int64_t start = asked.start < 0 ? std::max(asked.start + total, int64_t{0}) : asked.start;
  int64_t end = asked.end < 0 ? std::max(asked.end + total, int64_t{0}) : asked.end;
  end = std::min(end, total - 1);
  if (start > end) return std::nullopt;
  const auto first = static_cast<uint64_t>(start);
  const auto last = static_cast<uint64_t>(end);
  if (asked.is_in_bits) return BitRange{first, last};
  return BitRange{first * 8, last * 8 + 7};
}

// BYTE or BIT.
Status read_unit(std::string_view text, AskedRange& range) {
  range.is_in_bits = equals_ignoring_case(text, "BIT");
  if (!range.is_in_bits && !equals_ignoring_case(text, "BYTE")) return errors::syntax();
  return ok;
}

Status read_number(std::string_view text, int64_t& number) {
  const auto parsed = parse_int64(text);
  if (!parsed) return errors::not_an_integer();
  number = *parsed;
  return ok;
}

// BITCOUNT key [start end [BYTE | BIT]]. Of a missing key, Redis looks at no other argument.
Status bitcount(Context& ctx) {
  TRY(const auto bitmap, ctx.find<Bitmap>(ctx.key(1)));
  if (!bitmap) {
    ctx.reply.integer(0);
    return ok;
  }
  AskedRange asked;
  if (ctx.argc() == 4 || ctx.argc() == 5) {
    TRY(read_number(ctx.arg(2), asked.start));
    TRY(read_number(ctx.arg(3), asked.end));
    if (asked.start < 0 && asked.end < 0 && asked.start > asked.end) {
      // Even if both are before the first byte; and the unit goes unread, as in Redis.
      ctx.reply.integer(0);
      return ok;
    }
    if (ctx.argc() == 5) TRY(read_unit(ctx.arg(4), asked));
  } else if (ctx.argc() != 2) {
    return errors::syntax();
  }
  String::Digits digits;
  const std::string_view bytes = bitmap->bytes(digits);
  const auto range = resolve(asked, bytes.size());
  ctx.reply.integer(range ? static_cast<int64_t>(count_ones(bytes, *range)) : 0);
  return ok;
}

// What follows BITPOS key bit. Redis reads the unit before the end.
Result<AskedRange> read_search_range(const Context& ctx) {
  AskedRange asked;
  if (ctx.argc() > 6) return errors::syntax();
  if (ctx.argc() > 3) TRY(read_number(ctx.arg(3), asked.start));
  if (ctx.argc() > 5) TRY(read_unit(ctx.arg(5), asked));
  if (ctx.argc() > 4) TRY(read_number(ctx.arg(4), asked.end));
  return asked;
}

// BITPOS key bit [start [end [BYTE | BIT]]]
Status bitpos(Context& ctx) {
  const auto bit = parse_int64(ctx.arg(2));
  if (!bit) return errors::not_an_integer();
  if (*bit != 0 && *bit != 1) return errors::wrong_bit();
  TRY(const auto bitmap, ctx.find<Bitmap>(ctx.key(1)));
  if (!bitmap) {
    // Zeros without end.
    ctx.reply.integer(*bit == 0 ? 0 : -1);
    return ok;
  }
  TRY(const AskedRange asked, read_search_range(ctx));
  String::Digits digits;
  const std::string_view bytes = bitmap->bytes(digits);
  const auto range = resolve(asked, bytes.size());
  int64_t position = -1;
  if (range) {
    const bool has_end = ctx.argc() > 4;
    if (const auto found = find_bit(bytes, *bit == 1, *range)) {
      position = static_cast<int64_t>(*found);
    } else if (*bit == 0 && !has_end) {
      // Behind the string are zeros, unless the client said where to stop.
      position = static_cast<int64_t>(bytes.size()) * 8;
    }
  }
  ctx.reply.integer(position);
  return ok;
}

// --- Several strings ---

struct NamedOperation {
  std::string_view name;
  BitOperation operation;
  size_t min_sources;
};
constexpr NamedOperation kOperations[] = {
    {"AND", BitOperation::all, 1},      {"OR", BitOperation::any, 1},
    {"XOR", BitOperation::odd, 1},      {"NOT", BitOperation::invert, 1},
    {"DIFF", BitOperation::diff, 2},    {"DIFF1", BitOperation::diff1, 2},
    {"ANDOR", BitOperation::and_or, 2}, {"ONE", BitOperation::exactly_one, 1},
};

Result<BitOperation> read_operation(const Context& ctx) {
  for (const NamedOperation& named : kOperations) {
    if (!equals_ignoring_case(ctx.arg(1), named.name)) continue;
    const size_t sources = ctx.argc() - 3;
    if (named.operation == BitOperation::invert && sources != 1)
      return errors::bitop_not_takes_one();
    if (sources < named.min_sources) return errors::bitop_takes_two(named.name);
    return named.operation;
  }
  return errors::syntax();
}

// The strings that BITOP combines. Reading one may remove keys that have expired, which leaves the
// others where they are.
class BitSources {
 public:
  Status read(Context& ctx) {
    bytes_.reserve(ctx.argc() - 3);
    digits_.resize(ctx.argc() - 3);
    Status status = ok;
    for_each_key(ctx, 3, 1, [&](const Key& key, size_t index) {
      status = add(ctx, key, digits_[index - 3]);
      return status.is_ok();
    });
    return status;
  }
  const std::vector<std::string_view>& bytes() const { return bytes_; }
  size_t longest() const { return longest_; }

 private:
  Status add(Context& ctx, const Key& key, String::Digits& digits) {
    TRY(const auto bitmap, ctx.find<Bitmap>(key));
    bytes_.push_back(bitmap ? bitmap->bytes(digits) : std::string_view());
    longest_ = std::max(longest_, bytes_.back().size());
    return ok;
  }

  std::vector<std::string_view> bytes_;
  std::vector<String::Digits> digits_;
  size_t longest_ = 0;
};

// BITOP operation destkey key [key ...]
Status bitop(Context& ctx) {
  TRY(const BitOperation operation, read_operation(ctx));
  BitSources sources;
  TRY(sources.read(ctx));
  const size_t size = sources.longest();
  const Key target = ctx.key(2);
  if (size == 0) {
    ctx.remove(target);
  } else {
    // The target may be one of the sources.
    SharedBytes result = SharedBytes::with_size(size);
    combine_bits(operation, sources.bytes(), result.data(), size);
    auto edit = ctx.replace<String>(target);
    if (size > String::kMaxEmbedded) {
      edit->assign(std::move(result));
    } else {
      // Not assign: what Redis makes is never kept as a number.
      std::ranges::copy(result.view(), edit->resize(size).begin());
    }
    edit.commit("set");
  }
  ctx.reply.integer(static_cast<int64_t>(size));
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"setbit", setbit, 4, kWrite | kDenyOom, one_key(1, kGetModify), "2.2.0", "O(1)",
     "key offset value(integer)",
     "Sets or clears one bit of a string, which grows as needed; returns what it was."},
    {"getbit", getbit, 3, kRead | kFast, one_key(1, kGet), "2.2.0", "O(1)", "key offset",
     "Returns one bit of a string."},
    {"bitcount", bitcount, -2, kRead, one_key(1, kGet), "2.6.0", "O(N) with N bytes looked at",
     "key [start end [BYTE | BIT]]", "Counts the bits of a string that are set."},
    {"bitpos", bitpos, -3, kRead, one_key(1, kGet), "2.8.7", "O(N) with N bytes looked at",
     "key bit [start [end [BYTE | BIT]]]",
     "Finds the first bit of a string that is set, or clear."},
    {"bitop", bitop, -4, kWrite | kDenyOom, one_key(2, kPut) + keys_from(3, kGet), "2.6.0",
     "O(N) with N bytes in all source strings",
     "<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]",
     "Combines strings bit by bit and stores the result."},
};

}  // namespace

CommandFamily bitmap_commands() {
  return {"bitmap", kCommands};
}

}  // namespace larder
