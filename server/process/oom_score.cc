#include "server/process/oom_score.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr const char* kFile = "/proc/self/oom_score_adj";
// What the option takes (a relative score may be any difference), and what the kernel does.
constexpr int kMaxValue = 2000;
constexpr int kMaxScore = 1000;
constexpr size_t kValues = 3;

std::optional<int> read_score() {
  std::ifstream file(kFile);
  int score = 0;
  if (!(file >> score)) return std::nullopt;
  return score;
}

bool write_score(int score) {
  std::ofstream file(kFile);
  file << std::clamp(score, -kMaxScore, kMaxScore) << '\n';
  file.flush();
  return file.good();
}

}  // namespace

Status check_oom_score_values(const std::vector<std::string>& words) {
  if (words.size() != kValues) return errors::wrong_number_of_words();
  for (const std::string& word : words) {
    const auto value = parse_int64(word);
    if (!value || *value < -kMaxValue || *value > kMaxValue) return errors::bad_oom_score_value();
  }
  return ok;
}

Status OomScore::apply(OomScoreMode mode, const std::vector<std::string>& values) {
  if (mode == OomScoreMode::no && !former_) return ok;
  if (!former_) former_ = read_score();
  const int base = former_.value_or(0);
  const int value = static_cast<int>(parse_int64(values.front()).value_or(0));
  int score = base;
  if (mode == OomScoreMode::relative) score = base + value;
  if (mode == OomScoreMode::absolute) score = value;
  if (write_score(score)) {
    // What somebody else sets from here on is kept when the option comes back.
    if (mode == OomScoreMode::no) former_.reset();
    return ok;
  }
  log::warning(std::string("Unable to write oom_score_adj: ") + std::strerror(errno));
  return errors::oom_score_not_set();
}

}  // namespace larder
