#include "server/commands/sorted_set_arguments.h"

#include <cmath>
#include <cstdlib>
#include <string>

#include "server/base/numbers.h"

namespace larder {
namespace {

std::optional<double> parse_end(std::string_view text) {
  if (const auto whole = parse_int64(text)) return static_cast<double>(*whole);
  const std::string terminated(text);
  char* end = nullptr;
  const double value = std::strtod(terminated.c_str(), &end);
  if (*end != '\0' || std::isnan(value)) return std::nullopt;
  return value;
}

bool take_mark(std::string_view& text) {
  if (!text.starts_with('(')) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<LexBound> parse_lex_bound(std::string_view text) {
  if (text.empty()) return std::nullopt;
  switch (text.front()) {
    case '-':
    case '+':
      if (text.size() > 1 && text[1] != '\0') return std::nullopt;
      return LexBound{text.front() == '-' ? LexBound::Kind::lowest : LexBound::Kind::highest};
    case '(': return LexBound{LexBound::Kind::member, true, text.substr(1)};
    case '[': return LexBound{LexBound::Kind::member, false, text.substr(1)};
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<double> parse_score(std::string_view text) {
  // Most scores are whole numbers, which takes a tenth of strtod's time to see.
  if (const auto whole = parse_int64(text)) return static_cast<double>(*whole);
  return parse_double(text);
}

Result<ScoreRange> parse_score_range(std::string_view min, std::string_view max) {
  const bool excludes_min = take_mark(min);
  const bool excludes_max = take_mark(max);
  const auto low = parse_end(min), high = parse_end(max);
  if (!low || !high) return errors::not_a_score_range();
  return ScoreRange{*low, *high, excludes_min, excludes_max};
}

Result<LexRange> parse_lex_range(std::string_view min, std::string_view max) {
  const auto low = parse_lex_bound(min), high = parse_lex_bound(max);
  if (!low || !high) return errors::not_a_lex_range();
  return LexRange{*low, *high};
}

RankRange clamp_indexes(int64_t start, int64_t stop, size_t size) {
  const auto length = static_cast<int64_t>(size);
  if (start < 0) start = std::max(start + length, int64_t{0});
  if (stop < 0) stop += length;
  if (start > stop || start >= length) return {};
  stop = std::min(stop, length - 1);
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

Status store_sorted_set(Context& ctx, const Key& key, SortedSetBuilder& result,
                        std::string_view event) {
  const size_t size = result.size();
  if (size == 0) {
    ctx.remove(key);
  } else {
    result.sort();
    auto edit = ctx.replace<SortedSet>(key);
    result.store(edit);
    edit.commit(event);
  }
  ctx.reply.integer(static_cast<int64_t>(size));
  return ok;
}

}  // namespace larder
