// The value of client-output-buffer-limit: how much a client may let its replies pile up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

enum class OutputClass { normal, replica, pubsub };

// A client is cut off as soon as its replies exceed the hard limit, or when they have exceeded the
// soft limit without a break for so many seconds. 0: no such limit.
struct OutputLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
  bool operator==(const OutputLimit&) const = default;
};

// For an Option. A directive or a CONFIG SET changes the classes it names and leaves the others
// alone.
class OutputBufferLimits {
 public:
  // Redis's defaults: normal clients without limits, replicas 256mb 64mb 60, pubsub 32mb 8mb 60.
  OutputBufferLimits();

  const OutputLimit& operator[](OutputClass client_class) const {
    return limits_[static_cast<size_t>(client_class)];
  }

  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const;
  bool operator==(const OutputBufferLimits&) const = default;

 private:
  std::array<OutputLimit, 3> limits_;
};

}  // namespace larder
