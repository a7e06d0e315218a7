// What a command's syntax text means: the tree of arguments that COMMAND DOCS answers with.
//
//   syntax      = sequence { "|" sequence }
//   sequence    = { item } [ "..." ]
//   item        = word | "[" syntax "]" | "<" syntax ">"
//
// A word with a lower-case letter is a value, any other a token. A token takes the values that
// follow it ("EX seconds", "LIMIT offset count"). "x [x ...]" is one argument that may be repeated,
// where x may be several items. "[...]" is optional, "<...>" holds alternatives together. Where the
// name of a value would be taken for another type, the type stands behind it: "start(string)".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/command_spec.h"

namespace larder {

struct Argument {
  enum class Type { string, integer, floating, key, pattern, unix_time, token, one_of, block };

  std::string name = {};
  Type type = Type::string;
  std::string token = {};  // stands in front of the value, or is all there is; empty: none
  bool is_optional = false;
  bool is_multiple = false;
  bool repeats_token = false;            // when repeated, the token is, too
  int key_spec = -1;                     // of the command's key specifications, for keys
  std::vector<Argument> arguments = {};  // alternatives, or the elements of a block
};

// nullopt: the text does not follow the grammar, or nests deeper than 16.
// The types of values are guessed from their names. Cost: some microseconds.
std::optional<std::vector<Argument>> parse_syntax(const CommandSpec& spec);

}  // namespace larder
