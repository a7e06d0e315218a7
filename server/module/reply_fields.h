// Reading what a command has answered (Host::ask).
#pragma once

#include <optional>
#include <string_view>

#include "protocol/reply_reader.h"

namespace larder {

// The value behind a name in a map; nullptr: there is none, or it is no map.
const Reply* find_field(const Reply& map, std::string_view name);

// An integer or a real number; nullopt: it is neither.
std::optional<double> number_of(const Reply& reply);

// What is behind a name in a map; 0 and "" stand for what is not there, or of another kind.
double number_field(const Reply& map, std::string_view name);
std::string_view text_field(const Reply& map, std::string_view name);

}  // namespace larder
