// Redis's glob patterns: * ? [abc] [^abc] [a-c] and \ to take the next byte as it is.
#pragma once

#include <string_view>

namespace larder {

// Whether `text` as a whole matches `pattern`. Iterative, and goes back to the last star only, so the
// time is at most pattern x text and no pattern needs stack.
bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case = false);

// Whether the pattern has no special byte, so that it can only match itself.
bool glob_is_literal(std::string_view pattern);

}  // namespace larder
