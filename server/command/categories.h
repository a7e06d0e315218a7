// The ACL categories of commands: what COMMAND INFO shows, COMMAND LIST filters by and ACL rules
// name. They follow from a command's group and flags.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/command/command_table.h"

namespace larder {

// In Redis's order. A category's bit is 1 << its position.
inline constexpr std::array<std::string_view, 21> kCategoryNames = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting",
};

using Categories = uint32_t;

// In any case. nullopt: no such category.
std::optional<Categories> find_category(std::string_view name);

Categories categories_of(const Command& command);

}  // namespace larder
