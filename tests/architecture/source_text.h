#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct Include {
  size_t line;
  std::string path;
  bool is_quoted;  // "path", else <path>
};

struct Literal {
  size_t line;
  std::string text;  // as written between the quotes
};

// What the checker wants to know of a C++ source. Comments are no code, and an include or a literal
// in one is none.
struct SourceText {
  std::vector<Include> includes;
  std::vector<Literal> literals;
  size_t lines = 0;
};

SourceText read_source(std::string_view text);

}  // namespace larder
