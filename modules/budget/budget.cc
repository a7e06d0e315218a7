#include "modules/budget/budget.h"

#include <algorithm>
#include <cmath>

namespace larder {
namespace {

constexpr int64_t kMsPerSecond = 1000;
// A reading that comes a little before its time counts as on time.
constexpr int64_t kTolerancePercent = 90;

}  // namespace

std::string_view state_name(BudgetState state) {
  switch (state) {
    case BudgetState::unknown:
      return "unknown";
    case BudgetState::fine:
      return "ok";
    case BudgetState::warn:
      return "warn";
    case BudgetState::error:
      return "error";
  }
  return "unknown";
}

bool Budget::update(std::optional<double> reading, int64_t now_ms, double margin_percent) {
  const BudgetState former = state_;
  if (reading) {
    take(*reading, now_ms);
  } else {
    readings_.clear();
  }
  value_ = value_of_window();
  if (value_) {
    state_ = next_state(*value_, margin_percent);
  } else if (!reading) {
    state_ = BudgetState::unknown;
  }
  // A growth that is not known yet: a count that began anew is no news, the state stays.
  return state_ != former;
}

void Budget::take(double reading, int64_t now_ms) {
  // A count that is smaller than before was set back; what was before it is no beginning any more.
  if (rules_.is_rate() && !readings_.empty() && reading < readings_.back().value) readings_.clear();
  const int64_t window_ms = rules_.window_seconds * kMsPerSecond;
  const int64_t interval_ms = std::max(kMsPerSecond, window_ms / kMaxReadings);
  const bool is_due = readings_.empty() ||
                      (now_ms - readings_.back().at_ms) * 100 >= interval_ms * kTolerancePercent;
  if (!is_due) return;
  readings_.push_back({now_ms, reading});
  // The readings of the window. Its beginning, of a rate, is the last one that is not in it.
  const int64_t begin_ms = now_ms - window_ms;
  const size_t outside = rules_.is_rate() ? 1 : 0;
  while (readings_.size() > 1 && readings_[outside].at_ms <= begin_ms) readings_.pop_front();
}

std::optional<double> Budget::value_of_window() const {
  if (readings_.empty()) return std::nullopt;
  if (!rules_.is_rate()) {
    double sum = 0;
    for (const Reading& reading : readings_) sum += reading.value;
    return sum / static_cast<double>(readings_.size());
  }
  const int64_t passed_ms = readings_.back().at_ms - readings_.front().at_ms;
  if (passed_ms <= 0) return std::nullopt;
  return (readings_.back().value - readings_.front().value) * kMsPerSecond /
         static_cast<double>(passed_ms);
}

BudgetState Budget::next_state(double value, double margin_percent) const {
  // Turned so that larger is worse.
  const double sign = rules_.error > rules_.warn ? 1 : -1;
  const double badness = sign * value;
  const double warn = sign * rules_.warn;
  const double error = sign * rules_.error;
  const double margin = (error - warn) * margin_percent / 100;
  // What has reached its target is well, however near the threshold that is.
  const bool is_on_target = rules_.target && badness <= sign * *rules_.target;
  const auto has_left = [&](double threshold) {
    return is_on_target || badness < threshold - margin;
  };
  if (badness >= error) return BudgetState::error;
  if (state_ == BudgetState::error && !has_left(error)) return BudgetState::error;
  if (badness >= warn) return BudgetState::warn;
  const bool was_bad = state_ == BudgetState::error || state_ == BudgetState::warn;
  return was_bad && !has_left(warn) ? BudgetState::warn : BudgetState::fine;
}

std::optional<double> Budget::used_percent() const {
  if (!rules_.target || !value_) return std::nullopt;
  return 100 * (*value_ - *rules_.target) / (rules_.error - *rules_.target);
}

}  // namespace larder
