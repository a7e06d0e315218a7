// The layers of Larder and who may include whom. This table is the rule; the checker beside it
// reads the sources and holds them against it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace larder {

// The layer that a file belongs to, from its path below the root: "protocol", "server/base",
// "modules/stats", "server" and "modules" for the files directly in those folders,
// "server/main.cc", "tests". Nothing for a folder that the table does not know: a new layer is a
// decision.
std::optional<std::string> layer_of(std::string_view path);

// The layers that a file of this layer may include, its own among them.
std::set<std::string> allowed_layers(std::string_view layer);

}  // namespace larder
