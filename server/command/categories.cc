#include "server/command/categories.h"

#include <utility>

#include "server/base/text.h"

namespace larder {
namespace {

constexpr Categories category(std::string_view name) {
  for (size_t i = 0; i < kCategoryNames.size(); i++) {
    if (kCategoryNames[i] == name) return Categories{1} << i;
  }
  return 0;
}

constexpr std::pair<std::string_view, Categories> kOfGroup[] = {
    {"bitmap", category("bitmap")},
    {"connection", category("connection")},
    {"generic", category("keyspace")},
    {"geo", category("geo")},
    {"hash", category("hash")},
    {"hyperloglog", category("hyperloglog")},
    {"list", category("list")},
    {"scripting", category("scripting")},
    {"set", category("set")},
    {"sorted-set", category("sortedset")},
    {"stream", category("stream")},
    {"string", category("string")},
    {"transactions", category("transaction")},
};

constexpr std::pair<uint64_t, Categories> kOfFlag[] = {
    {kRead, category("read")},
    {kWrite, category("write")},
    {kPubsub, category("pubsub")},
    {kAdmin, category("admin") | category("dangerous")},
    {kFast, category("fast")},
    {kBlocking, category("blocking")},
    {kDangerous, category("dangerous")},
    {kKeyspaceCategory, category("keyspace")},
    {kConnectionCategory, category("connection")},
    {kListCategory, category("list")},
    {kSetCategory, category("set")},
    {kSortedSetCategory, category("sortedset")},
    {kAdminCategory, category("admin")},
};

// Flags that say what a command is about, instead of its group.
constexpr uint64_t kInsteadOfGroup =
    kKeyspaceCategory | kConnectionCategory | kListCategory | kSetCategory | kSortedSetCategory;

Categories category_of_group(std::string_view group) {
  for (const auto& [name, bit] : kOfGroup) {
    if (name == group) return bit;
  }
  return 0;
}

}  // namespace

std::optional<Categories> find_category(std::string_view name) {
  for (size_t i = 0; i < kCategoryNames.size(); i++) {
    if (equals_ignoring_case(kCategoryNames[i], name)) return Categories{1} << i;
  }
  return std::nullopt;
}

Categories categories_of(const Command& command) {
  Categories categories = 0;
  // A container that does nothing by itself is about nothing.
  if (command.spec().function != nullptr && !command.has(kInsteadOfGroup)) {
    categories |= category_of_group(command.group());
  }
  for (const auto& [flag, bits] : kOfFlag) {
    if (command.has(flag)) categories |= bits;
  }
  if (!command.has(kFast)) categories |= category("slow");
  // A script that only reads may still run commands that are no reading of data.
  if ((categories & category("scripting")) != 0) categories &= ~category("read");
  return categories;
}

}  // namespace larder
