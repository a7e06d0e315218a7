// JSON, written piece by piece.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/reply_reader.h"

namespace larder {

// Quoted and escaped. Bytes that are no UTF-8 appear as "\xHH".
void append_json_string(std::string& out, std::string_view bytes);
// null for what JSON has no number for.
void append_json_number(std::string& out, double value);
void append_json_number(std::string& out, float value);
// Maps become objects, everything with elements arrays, an error an object with "error".
void append_json(std::string& out, const Reply& reply);

}  // namespace larder
