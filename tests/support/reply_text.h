// Replies as text and arguments out of text, both as redis-cli has them on a terminal, so that a
// transcript can be tried out by typing it. Written apart from the server's own quoting on purpose:
// a test that shares code with what it tests finds less.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_reader.h"

namespace larder {

// Lines without a newline at the end. Differs from redis-cli where that would hide something: a
// verbatim string is txt:"..." instead of its bare bytes, elements of a push are numbered 1>
// instead of 1), an attribute stands in front of its value as lines that begin with '|'.
std::string to_text(const Reply& reply);

// In double quotes, with \" \\ \n \r \t \a \b and \xHH for every other byte outside printable
// ASCII.
std::string quote_bytes(std::string_view bytes);

// The arguments of a line: words, "..." with the escapes above, '...' with only \'. Nothing if a
// quote is not closed or is followed by anything but a space.
std::optional<std::vector<std::string>> split_arguments(std::string_view line);

// The request as every client sends it.
std::string encode_request(const std::vector<std::string>& arguments);

}  // namespace larder
