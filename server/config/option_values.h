// How the values of options are read and written as text. Part of the option kit (option.h), which
// is what others include. Every error is a reason: it stands behind the dash of CONFIG SET's error,
// or below the line of the file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace larder::option_values {

enum class Notation { decimal, bytes, bytes_or_percent, octal };

struct Limits {
  int64_t min;
  int64_t max;
  Notation notation;
};

Result<bool> read_bool(std::string_view word);
// Percentages come back negative.
Result<int64_t> read_integer(std::string_view word, const Limits& limits);
Result<double> read_double(std::string_view word, const Limits& limits);
// One empty word is the empty list.
std::vector<std::string> read_list(std::span<const std::string> words);
// The index of each word in `names`, in any case. Errors: an unknown name, no word at all.
Result<std::vector<size_t>> read_names(std::span<const std::string> words,
                                       std::span<const std::string_view> names);

// As CONFIG GET shows a number.
std::string integer_text(int64_t value, Notation notation);
// As the file has it: memory sizes in the largest unit that divides them.
std::string integer_word(int64_t value, Notation notation);
std::string double_text(double value);
std::string list_text(const std::vector<std::string>& words);

// The words between spaces, without any quoting.
std::vector<std::string> split_words(std::string_view text);

}  // namespace larder::option_values
