// Redis's glob patterns: * ? [abc] [^abc] [a-c] and \ to take the next byte as it is.
#pragma once

#include <string_view>

namespace larder {

// Whether `text` as a whole matches `pattern`. Iterative, and goes back to the last star only, so
// that no pattern needs stack, and the time is at most one comparison, about a nanosecond, for each
// part of the pattern and each byte of the text. A class is one part, however long it is: where it
// would be walked through again and again, what it lets through is kept, in at most 160 KB.
bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case = false);

// Whether the pattern has no special byte, so that it can only match itself.
bool glob_is_literal(std::string_view pattern);

}  // namespace larder
