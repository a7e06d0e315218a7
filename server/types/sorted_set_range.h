// What a sorted set can be asked for: a stretch of its order, by scores, by members or by ranks.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder {

// Elements with scores from min to max; either end may be left out itself. Neither is a NaN.
struct ScoreRange {
  double min;
  double max;
  bool excludes_min = false;
  bool excludes_max = false;

  // Whether an element with this score lies in front of the range, and whether not behind it.
  bool is_below(double score) const { return score < min || (excludes_min && score == min); }
  bool is_up_to(double score) const { return score < max || (!excludes_max && score == max); }
};

// An end of a range of members in the order of their bytes.
struct LexBound {
  enum class Kind { lowest, member, highest };  // lowest: in front of all members; highest: behind
  Kind kind;
  bool is_excluded = false;
  std::string_view member{};
};

// Means something only among elements that have the same score.
struct LexRange {
  LexBound min;
  LexBound max;

  bool is_below(std::string_view member) const {
    if (min.kind != LexBound::Kind::member) return min.kind == LexBound::Kind::highest;
    return min.is_excluded ? member <= min.member : member < min.member;
  }
  bool is_up_to(std::string_view member) const {
    if (max.kind != LexBound::Kind::member) return max.kind == LexBound::Kind::highest;
    return max.is_excluded ? member < max.member : member <= max.member;
  }
};

// `count` elements from the one of rank `first` on; all of them are there.
struct RankRange {
  size_t first = 0;
  size_t count = 0;
};

}  // namespace larder
