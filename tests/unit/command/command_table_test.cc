#include "server/command/command_table.h"

#include <catch2/catch.hpp>

#include "server/command/context.h"

namespace larder {
namespace {

Status nothing(Context&) {
  return ok;
}

constexpr CommandSpec kCore[] = {
    {"memory", nullptr, -2, 0, no_keys(), "4.0.0", "", "", ""},
    {"memory|usage", nothing, 3, 0, no_keys(), "4.0.0", "", "key", ""},
    {"ping", nothing, 1, 0, no_keys(), "1.0.0", "", "", ""},
};
constexpr CommandSpec kAdded[] = {
    {"memory|pressure", nothing, -2, 0, no_keys(), "7.2.0", "", "", ""},
    {"other", nothing, 1, 0, no_keys(), "1.0.0", "", "", ""},
    {"memory|more", nothing, 2, 0, no_keys(), "7.2.0", "", "", ""},
};

class Owner : public CommandOwner {};

TEST_CASE("a family may add subcommands to a container that another has brought") {
  CommandTable table;
  Owner owner;
  table.add({"server", kCore});
  table.add({"server", kAdded, &owner});
  const Command* container = table.find("memory");
  REQUIRE(container != nullptr);
  CHECK(container->owner() == nullptr);
  CHECK(container->subcommands().size() == 3);
  const Command* added = table.find_full("MEMORY|Pressure");
  REQUIRE(added != nullptr);
  CHECK(added->owner() == &owner);
  CHECK(added->short_name() == "pressure");
  const std::string_view request[] = {"memory", "MORE"};
  CHECK(table.resolve(request) == table.find_full("memory|more"));
  // A plain command between two subcommands is a command.
  CHECK(table.find("other") != nullptr);
  CHECK(table.commands().size() == 3);
  CHECK(table.find("memory|pressure") == nullptr);
}

}  // namespace
}  // namespace larder
