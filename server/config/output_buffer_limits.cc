#include "server/config/output_buffer_limits.h"

#include <optional>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

struct ClassName {
  std::string_view name;
  OutputClass client_class;
};
constexpr std::array<ClassName, 4> kClassNames = {{{"normal", OutputClass::normal},
                                                   {"replica", OutputClass::replica},
                                                   {"slave", OutputClass::replica},
                                                   {"pubsub", OutputClass::pubsub}}};
// CONFIG GET still says "slave" in Redis 7.2; the file says "replica".
constexpr std::array<std::string_view, 3> kShownNames = {"normal", "slave", "pubsub"};
constexpr std::array<std::string_view, 3> kFileNames = {"normal", "replica", "pubsub"};

constexpr size_t kWordsPerClass = 4;

std::optional<size_t> class_index(std::string_view name) {
  for (const ClassName& entry : kClassNames) {
    if (equals_ignoring_case(entry.name, name)) return static_cast<size_t>(entry.client_class);
  }
  return std::nullopt;
}

std::string size_word(uint64_t bytes) {
  return option_values::integer_word(static_cast<int64_t>(bytes), option_values::Notation::bytes);
}

}  // namespace

OutputBufferLimits::OutputBufferLimits()
    : limits_{OutputLimit{}, OutputLimit{256 << 20, 64 << 20, 60},
              OutputLimit{32 << 20, 8 << 20, 60}} {}

Status OutputBufferLimits::read(WordsView words, Reading) {
  if (words.size() % kWordsPerClass != 0) return errors::wrong_buffer_limit_words();
  auto limits = limits_;
  for (size_t i = 0; i < words.size(); i += kWordsPerClass) {
    const std::optional<size_t> index = class_index(words[i]);
    if (!index) return errors::wrong_buffer_limit_class();
    const std::optional<uint64_t> hard = parse_memory_size(words[i + 1]);
    const std::optional<uint64_t> soft = parse_memory_size(words[i + 2]);
    const std::optional<int64_t> seconds = parse_int64(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0 || *hard > INT64_MAX || *soft > INT64_MAX) {
      return errors::wrong_buffer_limit();
    }
    limits[*index] = {*hard, *soft, *seconds};
  }
  limits_ = limits;
  return ok;
}

std::string OutputBufferLimits::text() const {
  std::string text;
  for (size_t i = 0; i < limits_.size(); i++) {
    if (i > 0) text += ' ';
    text += kShownNames[i];
    text += ' ' + std::to_string(limits_[i].hard_bytes);
    text += ' ' + std::to_string(limits_[i].soft_bytes);
    text += ' ' + std::to_string(limits_[i].soft_seconds);
  }
  return text;
}

std::vector<Words> OutputBufferLimits::lines() const {
  std::vector<Words> lines;
  for (size_t i = 0; i < limits_.size(); i++) {
    lines.push_back({std::string(kFileNames[i]), size_word(limits_[i].hard_bytes),
                     size_word(limits_[i].soft_bytes), to_text(limits_[i].soft_seconds)});
  }
  return lines;
}

}  // namespace larder
