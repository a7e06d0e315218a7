// How likely the kernel is to end this process, rather than another, when the machine runs out of
// memory: the options oom-score-adj and oom-score-adj-values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

enum class OomScoreMode : uint8_t { no, relative, absolute };

inline constexpr EnumName<OomScoreMode> kOomScoreModes[] = {
    {"no", OomScoreMode::no},
    {"yes", OomScoreMode::relative},
    {"relative", OomScoreMode::relative},
    {"absolute", OomScoreMode::absolute},
};

// The three numbers: of a primary, of a replica, of a child that saves.
Status check_oom_score_values(const std::vector<std::string>& words);

class OomScore {
 public:
  // Gives the process its score, or where the mode is `no` the one back that it had before. A
  // process that was never given one is left alone. Errors: CONFIG SET's reason; the log has the
  // system's.
  Status apply(OomScoreMode mode, const std::vector<std::string>& values);

 private:
  std::optional<int> former_;  // before the first change
};

}  // namespace larder
