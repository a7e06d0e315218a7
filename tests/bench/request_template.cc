#include "tests/bench/request_template.h"

#include <algorithm>
#include <cstdlib>

namespace larder {
namespace {

constexpr size_t kIndexDigits = 12;
constexpr size_t kTtlDigits = 4;
constexpr size_t kScoreDigits = 9;
constexpr uint64_t kShortestTtlSeconds = 3600;

// Writes `number` right-aligned over zeros.
void write_digits(char* digits, size_t width, uint64_t number) {
  for (char* digit = digits + width; number > 0 && digit > digits; number /= 10) {
    *--digit = static_cast<char>('0' + number % 10);
  }
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

RequestTemplate::RequestTemplate(std::string_view text, size_t value_size) {
  const size_t asterisk = text.find('*');
  const size_t digits = text.find_first_not_of("0123456789");
  if (asterisk != std::string_view::npos && asterisk == digits && digits > 0) {
    weight_ = static_cast<uint32_t>(std::strtoul(text.data(), nullptr, 10));
    text.remove_prefix(asterisk + 1);
  }
  const auto words = split(text);
  bytes_ = '*' + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) add_word(word, value_size);
}

void RequestTemplate::add_word(std::string_view word, size_t value_size) {
  std::string argument;
  std::vector<Hole> holes;
  while (!word.empty()) {
    const auto take = [&word](std::string_view token) {
      const bool is_there = word.starts_with(token);
      if (is_there) word.remove_prefix(token.size());
      return is_there;
    };
    const auto add_hole = [&](std::string_view front, HoleKind kind, size_t digits) {
      argument += front;
      holes.push_back({kind, argument.size(), digits});
      argument.append(digits, '0');
    };
    if (take("{key}")) {
      add_hole("key:", HoleKind::kIndex, kIndexDigits);
    } else if (take("{index}")) {
      add_hole("", HoleKind::kIndex, kIndexDigits);
    } else if (take("{number}")) {
      add_hole("1", HoleKind::kIndex, kIndexDigits - 1);
    } else if (take("{score}")) {
      add_hole("0.", HoleKind::kScore, kScoreDigits);
    } else if (take("{ttl}")) {
      add_hole("", HoleKind::kTtl, kTtlDigits);
    } else if (take("{value}")) {
      argument.append(value_size, 'x');
    } else {
      argument += word.front();
      word.remove_prefix(1);
    }
  }
  bytes_ += '$' + std::to_string(argument.size()) + "\r\n";
  for (Hole& hole : holes) holes_.push_back({hole.kind, hole.offset + bytes_.size(), hole.digits});
  bytes_ += argument + "\r\n";
}

void RequestTemplate::append_to(std::string& output, IndexSequence& indexes) const {
  const size_t start = output.size();
  output += bytes_;
  for (const Hole& hole : holes_) {
    char* digits = output.data() + start + hole.offset;
    switch (hole.kind) {
      case HoleKind::kIndex: write_digits(digits, hole.digits, indexes.next()); break;
      case HoleKind::kScore: write_digits(digits, hole.digits, indexes.random()); break;
      case HoleKind::kTtl:
        write_digits(digits, hole.digits,
                     kShortestTtlSeconds + indexes.random() % kShortestTtlSeconds);
    }
  }
}

}  // namespace larder
