// LCS: the longest sequence of bytes that two strings have in common, not necessarily in one piece.
//
// The textbook solution: length[i][j] is the answer for the first i bytes of one string and the
// first j of the other, and the way back from length[n][m] tells which bytes match and where. Only
// two rows of lengths are kept; for the way back one bit per cell says which neighbour was the
// longer.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/types/string.h"

namespace larder {
namespace {

struct LcsOptions {
  bool length = false;
  bool ranges = false;  // IDX
  bool with_match_length = false;
  int64_t min_match_length = 0;
};

Result<LcsOptions> read_options(const Context& ctx) {
  LcsOptions options;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (args.option("IDX")) {
      options.ranges = true;
    } else if (args.option("LEN")) {
      options.length = true;
    } else if (args.option("WITHMATCHLEN")) {
      options.with_match_length = true;
    } else if (args.option("MINMATCHLEN")) {
      options.min_match_length = args.integer();
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  if (options.length && options.ranges) return errors::lcs_length_and_ranges();
  return options;
}

// A piece that both strings have, at `left` in one and at `right` in the other.
struct Match {
  size_t left;
  size_t right;
  size_t length;
};

class Lcs {
 public:
  Lcs(std::string_view left, std::string_view right) : left_(left), right_(right) {}

  // Errors: more memory or work than `limit` allows, which is measured as Redis does: four bytes a
  // cell.
  Status compute(size_t limit, bool with_way);
  size_t length() const { return length_; }

  // Calls visit(Match) for each piece, from the last to the first. Only after compute(.., true).
  template <class Visit>
  void for_each_match(Visit&& visit) const;

 private:
  static constexpr size_t kWordBits = 64;
  template <class T>
  using Array = std::unique_ptr<T[]>;

  size_t words_per_row() const { return right_.size() / kWordBits + 1; }
  // Whether the way back from two bytes that differ leads to the byte before in the left string.
  bool goes_left(size_t i, size_t j) const {
    return ((way_[i * words_per_row() + j / kWordBits] >> (j % kWordBits)) & 1) != 0;
  }
  void fill_row(size_t i, const uint32_t* above, uint32_t* row);

  std::string_view left_;
  std::string_view right_;
  size_t length_ = 0;
  Array<uint64_t> way_;
};

Status Lcs::compute(size_t limit, bool with_way) {
  if (left_.size() >= UINT32_MAX - 1 || right_.size() >= UINT32_MAX - 1) {
    return errors::lcs_string_too_long();
  }
  size_t bytes = 0;
  const size_t cells = (left_.size() + 1) * (right_.size() + 1);
  if (__builtin_mul_overflow(cells, sizeof(uint32_t), &bytes)) return errors::lcs_no_memory();
  if (bytes > limit) return errors::lcs_exceeds_limit();

  const size_t columns = right_.size() + 1;
  const Array<uint32_t> rows(new (std::nothrow) uint32_t[2 * columns]());
  if (with_way) way_.reset(new (std::nothrow) uint64_t[left_.size() * words_per_row()]());
  if (rows == nullptr || (with_way && way_ == nullptr)) return errors::lcs_no_memory();
  for (size_t i = 0; i < left_.size(); i++) {
    fill_row(i, &rows[(i % 2) * columns], &rows[((i + 1) % 2) * columns]);
  }
  length_ = rows[(left_.size() % 2) * columns + right_.size()];
  return ok;
}

void Lcs::fill_row(size_t i, const uint32_t* above, uint32_t* row) {
  uint64_t* way = way_ == nullptr ? nullptr : &way_[i * words_per_row()];
  for (size_t j = 0; j < right_.size(); j++) {
    if (left_[i] == right_[j]) {
      row[j + 1] = above[j] + 1;
    } else {
      row[j + 1] = std::max(above[j + 1], row[j]);
      if (way != nullptr) {
        way[j / kWordBits] |= uint64_t{above[j + 1] > row[j]} << (j % kWordBits);
      }
    }
  }
}

template <class Visit>
void Lcs::for_each_match(Visit&& visit) const {
  size_t i = left_.size();
  size_t j = right_.size();
  while (i > 0 && j > 0) {
    if (left_[i - 1] != right_[j - 1]) {
      size_t& shorter = goes_left(i - 1, j - 1) ? i : j;
      shorter--;
      continue;
    }
    size_t length = 0;
    for (; i > 0 && j > 0 && left_[i - 1] == right_[j - 1]; i--, j--) length++;
    visit(Match{i, j, length});
  }
}

void reply_place(Context& ctx, size_t first, size_t length) {
  ctx.reply.array(2);
  ctx.reply.integer(static_cast<int64_t>(first));
  ctx.reply.integer(static_cast<int64_t>(first + length - 1));
}

void reply_matches(Context& ctx, const Lcs& result, const LcsOptions& options) {
  ctx.reply.map(2);
  ctx.reply.bulk("matches");
  auto matches = ctx.reply.deferred_array();
  size_t count = 0;
  result.for_each_match([&](const Match& match) {
    if (static_cast<int64_t>(match.length) < options.min_match_length) return;
    ctx.reply.array(options.with_match_length ? 3 : 2);
    reply_place(ctx, match.left, match.length);
    reply_place(ctx, match.right, match.length);
    if (options.with_match_length) ctx.reply.integer(static_cast<int64_t>(match.length));
    count++;
  });
  matches.finish(count);
  ctx.reply.bulk("len");
  ctx.reply.integer(static_cast<int64_t>(result.length()));
}

void reply_sequence(Context& ctx, const Lcs& result, std::string_view left) {
  std::string sequence(result.length(), '\0');
  size_t at = result.length();
  result.for_each_match([&](const Match& match) {
    at -= match.length;
    left.copy(&sequence[at], match.length, match.left);
  });
  ctx.reply.bulk(sequence);
}

// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]
Status lcs(Context& ctx) {
  // Both are looked up before either is judged, and the types before the options. That the second
  // may turn out to have expired leaves the first one's entry where it is.
  const auto left = ctx.find<String>(ctx.key(1));
  const auto right = ctx.find<String>(ctx.key(2));
  if (!left.is_ok() || !right.is_ok()) return errors::lcs_wrong_type();
  TRY(const LcsOptions options, read_options(ctx));
  String::Digits left_digits;
  String::Digits right_digits;
  const std::string_view left_bytes = left.value() ? left.value()->bytes(left_digits) : "";
  const std::string_view right_bytes = right.value() ? right.value()->bytes(right_digits) : "";
  Lcs result(left_bytes, right_bytes);
  TRY(result.compute(ctx.services.limits.max_bulk_bytes, !options.length));
  if (options.ranges) {
    reply_matches(ctx, result, options);
  } else if (options.length) {
    ctx.reply.integer(static_cast<int64_t>(result.length()));
  } else {
    reply_sequence(ctx, result, left_bytes);
  }
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"lcs", lcs, -3, kRead, key_range(1, 1, 1, kGet), "7.0.0",
        "O(N*M) with strings of N and M bytes",
        "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        "Finds the longest sequence of bytes that two strings have in common."},
};

}  // namespace

CommandFamily lcs_commands() { return {"string", kCommands}; }

}  // namespace larder
