#include "server/network/output_limits.h"

#include <optional>
#include <utility>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/config/option_values.h"

namespace larder {
namespace {

constexpr size_t kWordsPerClass = 4;
constexpr uint64_t kMegabyte = 1024 * 1024;
// In CONFIG GET; "replica" is read as well, and what files get.
constexpr std::array<std::string_view, 3> kClassNames = {"normal", "slave", "pubsub"};
constexpr std::array<std::string_view, 3> kFileNames = {"normal", "replica", "pubsub"};

std::optional<size_t> class_index(std::string_view word) {
  if (equals_ignoring_case(word, "replica")) return static_cast<size_t>(OutputClass::replica);
  for (size_t i = 0; i < kClassNames.size(); i++) {
    if (equals_ignoring_case(word, kClassNames[i])) return i;
  }
  return std::nullopt;
}

std::string size_word(uint64_t bytes) {
  if (!std::in_range<int64_t>(bytes)) return std::to_string(bytes);
  return option_values::integer_word(static_cast<int64_t>(bytes), option_values::Notation::bytes);
}

}  // namespace

OutputLimits::OutputLimits()
    : limits_{{{0, 0, 0},
               {256 * kMegabyte, 64 * kMegabyte, 60},
               {32 * kMegabyte, 8 * kMegabyte, 60}}} {}

// All words are checked before the first limit changes.
Status OutputLimits::read(WordsView words, Reading) {
  if (words.empty() || words.size() % kWordsPerClass != 0) {
    return errors::wrong_number_of_output_limits();
  }
  auto limits = limits_;
  for (; !words.empty(); words = words.subspan(kWordsPerClass)) {
    const auto index = class_index(words[0]);
    if (!index) return errors::unknown_output_class();
    const auto hard = parse_memory_size(words[1]);
    const auto soft = parse_memory_size(words[2]);
    const auto seconds = parse_uint64(words[3]);
    if (!hard || !soft || !seconds) return errors::bad_output_limit();
    limits[*index] = {.hard_bytes = *hard, .soft_bytes = *soft, .soft_seconds = *seconds};
  }
  limits_ = limits;
  return ok;
}

// CONFIG GET shows bytes, as Redis does, and the older name of replicas.
std::string OutputLimits::text() const {
  std::string text;
  for (size_t i = 0; i < limits_.size(); i++) {
    if (!text.empty()) text += ' ';
    text += kClassNames[i];
    for (const uint64_t number :
         {limits_[i].hard_bytes, limits_[i].soft_bytes, limits_[i].soft_seconds}) {
      text += ' ' + std::to_string(number);
    }
  }
  return text;
}

std::vector<Words> OutputLimits::lines() const {
  std::vector<Words> lines;
  for (size_t i = 0; i < limits_.size(); i++) {
    lines.push_back({std::string(kFileNames[i]), size_word(limits_[i].hard_bytes),
                     size_word(limits_[i].soft_bytes), std::to_string(limits_[i].soft_seconds)});
  }
  return lines;
}

}  // namespace larder
