// The value of latency-tracking-info-percentiles.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

class Percentiles {
 public:
  explicit Percentiles(std::vector<double> values = {}) : values_(std::move(values)) {}
  const std::vector<double>& values() const { return values_; }

  // The four that the option kit asks for.
  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const;
  bool operator==(const Percentiles&) const = default;

 private:
  std::vector<double> values_;
};

}  // namespace larder
