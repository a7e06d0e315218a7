// The quoting of inline requests, which configuration files share:
//
//   plain   runs up to a space, tab, CR or LF; a quote inside it opens a quoted part
//   "..."   knows \n \r \t \b \a \xHH, and \ before any other byte stands for that byte
//   '...'   knows \' and nothing else
//
// A closing quote must be followed by white space or the end of the line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// Walks over the arguments of one line, which must outlive the splitter. Time is linear in the
// line; memory is needed for quoted arguments only.
class InlineSplitter {
 public:
  enum class Step { argument, end, unbalanced_quotes };

  explicit InlineSplitter(std::string_view line) : line_(line) {}

  // Goes to the next argument. After `end` or `unbalanced_quotes` there is none.
  Step next();

  // The argument that next() found. Unless is_quoted() it is a view into the line; otherwise its
  // bytes differ from those of the line and live in the splitter until next() or take_quoted() is
  // called.
  std::string_view argument() const { return is_quoted_ ? std::string_view(unquoted_) : plain_; }
  bool is_quoted() const { return is_quoted_; }
  std::string take_quoted() { return std::move(unquoted_); }

 private:
  bool read_double_quoted();
  bool read_single_quoted();
  bool closes_argument() const;

  std::string_view line_;
  size_t at_ = 0;
  bool is_quoted_ = false;
  std::string_view plain_;
  std::string unquoted_;
};

// All arguments of a line, or nothing if its quotes are unbalanced.
std::optional<std::vector<std::string>> split_quoted(std::string_view line);

}  // namespace larder
