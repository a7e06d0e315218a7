// Sums that fade: what was added a half-life ago counts half.
//
// Instead of making old sums smaller, new parts are made larger (Cormode, Shkapenyuk, Srivastava,
// Xu, "Forward decay: a practical time decay model for streaming systems", 2009): a part that comes
// t after the beginning counts 2^(t / half-life). All sums are in that unit, and are scaled down
// together before it overflows.
#pragma once

#include <cmath>
#include <cstdint>

namespace larder {

class Fading {
 public:
  explicit Fading(int64_t half_life_ms) : half_life_ms_(static_cast<double>(half_life_ms)) {}

  // The time of what comes next, by a clock that never goes back. Returns the factor by which all
  // sums have to be scaled now: 1 but once in 32 half-lives.
  double advance(int64_t now_ms) {
    if (!has_begun_) began_ms_ = unit_ms_ = now_ms;
    has_begun_ = true;
    now_ms_ = now_ms;
    unit_ = std::exp2(static_cast<double>(now_ms - unit_ms_) / half_life_ms_);
    if (unit_ < kLargestUnit) return 1;
    const double factor = 1 / unit_;
    unit_ms_ = now_ms;
    unit_ = 1;
    return factor;
  }
  // What a part that is worth 1 now adds to a sum.
  double unit() const { return unit_; }
  // What happens in a second, from a sum of what has happened: the mean that gives the past the
  // less weight the longer ago it is.
  double per_second(double sum) const {
    const double passed = static_cast<double>(now_ms_ - began_ms_) / half_life_ms_;
    // The sum over the time from the beginning of 1 a second; a second at least, so that the first
    // request of all is not a thousand a second.
    const double whole = half_life_ms_ / 1000 / std::log(2.0) * (1 - std::exp2(-passed));
    return sum / unit_ / (whole > 1 ? whole : 1);
  }

 private:
  static constexpr double kLargestUnit = 4294967296.0;

  double half_life_ms_;
  bool has_begun_ = false;
  int64_t began_ms_ = 0;
  int64_t unit_ms_ = 0;  // when a unit was 1
  int64_t now_ms_ = 0;
  double unit_ = 1;
};

}  // namespace larder
