#include "tests/architecture/source_text.h"

#include <algorithm>

namespace larder {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Walks over the text once and stops at what matters: comments, literals, directives.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  SourceText scan() {
    while (at_ < text_.size()) {
      if (ahead("//")) {
        skip_to(text_.find('\n', at_));
      } else if (ahead("/*")) {
        const size_t end = text_.find("*/", at_ + 2);
        skip_to(end == std::string_view::npos ? end : end + 2);
      } else if (ahead("R\"") && (at_ == 0 || !is_word(text_[at_ - 1]))) {
        take_raw_literal();
      } else if (text_[at_] == '"') {
        take_literal();
      } else if (text_[at_] == '\'' && (at_ == 0 || !is_word(text_[at_ - 1]))) {
        skip_quoted('\'');  // a quote behind a digit separates digits
      } else if (text_[at_] == '#') {
        take_directive();
      } else {
        skip_to(at_ + 1);
      }
    }
    const bool ends_inside_line = !text_.empty() && text_.back() != '\n';
    source_.lines = ends_inside_line ? line_ : line_ - 1;
    return std::move(source_);
  }

 private:
  bool ahead(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void skip_to(size_t end) {
    end = std::min(end, text_.size());
    line_ +=
        static_cast<size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                       text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    at_ = end;
  }

  // To behind the closing quote; returns what stood between.
  std::string_view skip_quoted(char mark) {
    const size_t begin = at_ + 1;
    size_t end = begin;
    while (end < text_.size() && text_[end] != mark && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2U : 1U;
    }
    end = std::min(end, text_.size());
    skip_to(end + 1);
    return text_.substr(begin, end - begin);
  }

  void take_literal() {
    const size_t line = line_;
    source_.literals.push_back({line, std::string(skip_quoted('"'))});
  }

  void take_raw_literal() {
    const size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return skip_to(open);
    const std::string close = ')' + std::string(text_.substr(at_ + 2, open - at_ - 2)) + '"';
    const size_t end = text_.find(close, open);
    source_.literals.push_back({line_, std::string(text_.substr(open + 1, end - open - 1))});
    skip_to(end == std::string_view::npos ? end : end + close.size());
  }

  void take_directive() {
    size_t at = text_.find_first_not_of(" \t", at_ + 1);
    if (at == std::string_view::npos || !text_.substr(at).starts_with("include")) {
      return skip_to(at_ + 1);
    }
    at = text_.find_first_not_of(" \t", at + 7);
    if (at == std::string_view::npos || (text_[at] != '"' && text_[at] != '<')) {
      return skip_to(at_ + 1);
    }
    const size_t end = text_.find(text_[at] == '"' ? '"' : '>', at + 1);
    source_.includes.push_back(
        {line_, std::string(text_.substr(at + 1, end - at - 1)), text_[at] == '"'});
    skip_to(end == std::string_view::npos ? end : end + 1);
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
  SourceText source_;
};

}  // namespace

SourceText read_source(std::string_view text) {
  return Scanner(text).scan();
}

}  // namespace larder
