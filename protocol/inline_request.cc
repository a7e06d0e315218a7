#include "protocol/inline_request.h"

#include <utility>

namespace larder {
namespace {

// Between arguments and behind a closing quote.
constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Within an argument \v and \f are ordinary bytes: Redis treats them so.
constexpr bool ends_plain(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char unescape(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return letter;
  }
}

}  // namespace

bool InlineSplitter::closes_argument() const {
  return at_ == line_.size() || is_space(line_[at_]);
}

// Both readers start behind the opening quote and stop behind the closing one.
bool InlineSplitter::read_double_quoted() {
  while (at_ < line_.size()) {
    const char c = line_[at_++];
    if (c == '"') return closes_argument();
    const size_t left = line_.size() - at_;
    if (c != '\\' || left == 0) {
      unquoted_ += c;
      continue;
    }
    if (line_[at_] == 'x' && left >= 3) {
      const int high = hex_digit(line_[at_ + 1]);
      const int low = hex_digit(line_[at_ + 2]);
      if (high >= 0 && low >= 0) {
        unquoted_ += static_cast<char>(high * 16 + low);
        at_ += 3;
        continue;
      }
    }
    unquoted_ += unescape(line_[at_++]);
  }
  return false;
}

bool InlineSplitter::read_single_quoted() {
  while (at_ < line_.size()) {
    const char c = line_[at_++];
    if (c == '\'') return closes_argument();
    if (c == '\\' && at_ < line_.size() && line_[at_] == '\'') {
      unquoted_ += line_[at_++];
    } else {
      unquoted_ += c;
    }
  }
  return false;
}

InlineSplitter::Step InlineSplitter::next() {
  while (at_ < line_.size() && is_space(line_[at_])) at_++;
  if (at_ == line_.size()) return Step::end;

  const size_t begin = at_;
  while (at_ < line_.size() && !ends_plain(line_[at_]) && line_[at_] != '"' && line_[at_] != '\'') {
    at_++;
  }
  plain_ = line_.substr(begin, at_ - begin);
  is_quoted_ = at_ < line_.size() && !ends_plain(line_[at_]);
  if (!is_quoted_) return Step::argument;

  // A closing quote always ends the argument, so that there is one quoted part at most.
  unquoted_.assign(plain_);
  const bool is_balanced = line_[at_++] == '"' ? read_double_quoted() : read_single_quoted();
  if (is_balanced) return Step::argument;
  at_ = line_.size();
  return Step::unbalanced_quotes;
}

std::optional<std::vector<std::string>> split_quoted(std::string_view line) {
  std::vector<std::string> arguments;
  InlineSplitter splitter(line);
  for (;;) {
    switch (splitter.next()) {
      case InlineSplitter::Step::argument:
        arguments.emplace_back(splitter.argument());
        break;
      case InlineSplitter::Step::end:
        return arguments;
      case InlineSplitter::Step::unbalanced_quotes:
        return std::nullopt;
    }
  }
}

}  // namespace larder
