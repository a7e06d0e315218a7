// A budget: a metric, two thresholds, and the state that follows.
//
// Which side is bad follows from the thresholds: with WARN below ERROR a larger value is worse,
// with WARN above ERROR a smaller one is. A state gets worse at its threshold, and better again
// only when the value is back behind it by a margin, so that a value at the threshold does not make
// the state flicker.
//
// The value is the mean of the readings of the window, or for a rate what a count has grown by in
// the window, a second. A count that was set back keeps its state until its growth is known again.
// Knows neither the server nor the clock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

// From good to bad; unknown: the metric is not there, or has not been read often enough yet.
enum class BudgetState { unknown, fine, warn, error };
std::string_view state_name(BudgetState state);

struct BudgetRules {
  static constexpr int64_t kDefaultWindowSeconds = 10;
  static constexpr int64_t kMaxWindowSeconds = 86'400;
  static constexpr std::string_view kRateSuffix = "/s";

  std::string metric;            // a field of INFO; "field/s" is how much it grows a second
  std::optional<double> target;  // what one hopes for
  double warn = 0;
  double error = 0;
  int64_t window_seconds = kDefaultWindowSeconds;

  bool is_rate() const { return metric.ends_with(kRateSuffix); }
  // The metric without the suffix.
  std::string_view field() const {
    return std::string_view(metric).substr(0, metric.size() - (is_rate() ? kRateSuffix.size() : 0));
  }
  bool operator==(const BudgetRules&) const = default;
};

class Budget {
 public:
  // Readings that are kept of a window.
  static constexpr int64_t kMaxReadings = 60;

  explicit Budget(BudgetRules rules) : rules_(std::move(rules)) {}

  // What the metric is now (nullopt: it is not there), by a clock that never goes back; to be told
  // about once a second. `margin_percent`: how far behind a threshold a value has to be for the
  // state to get better, in percent of the distance of the two. Returns whether the state has
  // changed.
  bool update(std::optional<double> reading, int64_t now_ms, double margin_percent);

  const BudgetRules& rules() const { return rules_; }
  BudgetState state() const { return state_; }
  std::optional<double> value() const { return value_; }
  // How much of the way from the target to the error is used up, in percent; nullopt: there is no
  // target, or no value. Below 0: better than hoped for.
  std::optional<double> used_percent() const;

 private:
  struct Reading {
    int64_t at_ms;
    double value;
  };

  void take(double reading, int64_t now_ms);
  std::optional<double> value_of_window() const;
  BudgetState next_state(double value, double margin_percent) const;

  BudgetRules rules_;
  std::deque<Reading>
      readings_;  // of the window, the oldest first; of a rate, one from before it as well
  std::optional<double> value_;
  BudgetState state_ = BudgetState::unknown;
};

}  // namespace larder
