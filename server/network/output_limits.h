// How much output may wait for a client before the client is cut off: the value of the option
// client-output-buffer-limit. One triple per class of clients.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

enum class OutputClass : uint8_t { normal, replica, pubsub };

struct OutputLimit {
  uint64_t hard_bytes = 0;  // beyond this the client is cut off at once; 0: never
  uint64_t soft_bytes = 0;  // and beyond this when it stays so for soft_seconds; 0: never
  uint64_t soft_seconds = 0;

  bool operator==(const OutputLimit&) const = default;
};

// Written as words: class hard soft seconds, once or several times; classes that are not named stay
// as they are, so that each may have a line of its own in the file.
class OutputLimits {
 public:
  OutputLimits();  // Redis's defaults

  const OutputLimit& of(OutputClass output_class) const {
    return limits_[static_cast<size_t>(output_class)];
  }

  // The four that the option kit asks for.
  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const;
  bool operator==(const OutputLimits&) const = default;

 private:
  std::array<OutputLimit, 3> limits_;
};

}  // namespace larder
