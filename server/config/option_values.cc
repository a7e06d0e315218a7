#include "server/config/option_values.h"

#include <array>
#include <charconv>
#include <optional>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder::option_values {
namespace {

std::string octal_text(int64_t value) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, 8).ptr;
  return std::string(text.data(), end);
}

std::optional<int64_t> parse_octal(std::string_view word) {
  int64_t value = 0;
  const char* end = word.data() + word.size();
  const auto [stopped, failure] = std::from_chars(word.data(), end, value, 8);
  if (word.empty() || failure != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::optional<int64_t> parse_bytes(std::string_view word) {
  const std::optional<uint64_t> bytes = parse_memory_size(word);
  if (!bytes) return std::nullopt;
  // Beyond int64 no limit is kept; the range check that follows refuses it or takes the maximum.
  return *bytes > INT64_MAX ? INT64_MAX : static_cast<int64_t>(*bytes);
}

std::optional<int64_t> parse_percent(std::string_view word) {
  if (word.size() < 2 || word.back() != '%') return std::nullopt;
  const std::optional<int64_t> percent = parse_int64(word.substr(0, word.size() - 1));
  if (!percent || *percent < 0) return std::nullopt;
  return -*percent;
}

Result<int64_t> parse(std::string_view word, Notation notation) {
  std::optional<int64_t> value;
  switch (notation) {
    case Notation::decimal:
      value = parse_int64(word);
      if (!value) return errors::not_parsed_as_integer();
      break;
    case Notation::octal:
      value = parse_octal(word);
      if (!value) return errors::not_parsed_as_octal();
      break;
    case Notation::bytes:
      value = parse_bytes(word);
      if (!value) return errors::not_a_memory_value();
      break;
    case Notation::bytes_or_percent:
      value = parse_bytes(word);
      if (!value) value = parse_percent(word);
      if (!value) return errors::not_a_memory_or_percent_value();
      break;
  }
  return *value;
}

}  // namespace

Result<bool> read_bool(std::string_view word) {
  if (equals_ignoring_case(word, "yes")) return true;
  if (equals_ignoring_case(word, "no")) return false;
  return errors::not_yes_or_no();
}

Result<int64_t> read_integer(std::string_view word, const Limits& limits) {
  TRY(const int64_t value, parse(word, limits.notation));
  if (limits.notation == Notation::bytes_or_percent && value < 0) {
    if (value < limits.min) return errors::percentage_over(to_text(-limits.min));
    return value;
  }
  if (value >= limits.min && value <= limits.max) return value;
  if (limits.notation == Notation::octal) {
    return errors::not_between(octal_text(limits.min), octal_text(limits.max));
  }
  return errors::not_between(to_text(limits.min), to_text(limits.max));
}

Result<double> read_double(std::string_view word, const Limits& limits) {
  const std::optional<double> value = parse_double(word);
  if (!value) return errors::not_parsed_as_number();
  if (*value < static_cast<double>(limits.min) || *value > static_cast<double>(limits.max)) {
    return errors::not_between(to_text(limits.min), to_text(limits.max));
  }
  return *value;
}

std::vector<std::string> read_list(std::span<const std::string> words) {
  if (words.size() == 1 && words[0].empty()) return {};
  return {words.begin(), words.end()};
}

Result<std::vector<size_t>> read_names(std::span<const std::string> words,
                                       std::span<const std::string_view> names) {
  std::vector<size_t> chosen;
  for (const std::string& word : words) {
    for (size_t i = 0; i < names.size(); i++) {
      if (!equals_ignoring_case(word, names[i])) continue;
      chosen.push_back(i);
      break;
    }
  }
  if (words.empty() || chosen.size() != words.size()) return errors::not_one_of(names);
  return chosen;
}

std::string integer_text(int64_t value, Notation notation) {
  if (notation == Notation::octal) return octal_text(value);
  if (notation == Notation::bytes_or_percent && value < 0) return to_text(-value) + '%';
  return to_text(value);
}

std::string integer_word(int64_t value, Notation notation) {
  const bool is_size = notation == Notation::bytes || notation == Notation::bytes_or_percent;
  if (!is_size || value <= 0) return integer_text(value, notation);
  if (value % (1 << 30) == 0) return to_text(value / (1 << 30)) + "gb";
  if (value % (1 << 20) == 0) return to_text(value / (1 << 20)) + "mb";
  if (value % (1 << 10) == 0) return to_text(value / (1 << 10)) + "kb";
  return to_text(value);
}

std::string double_text(double value) {
  return format_double(value);
}

std::string list_text(const std::vector<std::string>& words) {
  return join(words, " ");
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) words.emplace_back(word);
  return words;
}

}  // namespace larder::option_values
