// Reads redis.conf syntax: one directive a line, '#' comments, Redis's quoting, `include` with
// wildcards. Reading and taking effect are two steps, so that flags can follow the file and
// --check-config can look without acting.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/config/options.h"

namespace larder {

// One line that says something, and where it stands.
struct Directive {
  std::string file;  // empty: the command line; "-": standard input
  size_t line = 0;   // from 1
  std::string text;  // the line without the white space around it
  Words words;       // words[0] is the name, in lower case
};

// The directives of a text, in order; `include` stays a directive. Errors: unbalanced quotes.
Result<std::vector<Directive>> parse_directives(std::string_view text, const std::string& file);

// The directives of a file ("-": standard input), with those of included files in the place of the
// `include`. Paths are relative to the working directory; one with wildcards may match nothing.
// Errors: a file cannot be read, a wrong line, includes nested deeper than 16 (a file that includes
// itself). Every error is the complete message for the terminal.
Result<std::vector<Directive>> read_config_file(const std::string& path);

// Gives the options their values; a later directive of a name overrides an earlier one, or adds to
// it where the directive repeats. Nothing is applied. Errors: as read_config_file.
Status take_directives(std::span<const Directive> directives, Options& options);

// The message for the terminal: which line of which file is wrong, and why. With
// `hide_value` no more of the line is shown than its first word: of secret options, of unknown ones,
// and where the words cannot be told apart.
Error config_file_error(const Directive& directive, std::string_view reason,
                        bool hide_value = false);

}  // namespace larder
