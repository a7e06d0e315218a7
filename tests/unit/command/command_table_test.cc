#include "server/command/command_table.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

struct Owner : CommandOwner {};

Status do_nothing(Context&) {
  return ok;
}

constexpr CommandSpec row(std::string_view name, CommandFunction function) {
  return {name, function, 2, kRead, no_keys(), "1.0.0", "O(1)", "", "Does nothing."};
}

constexpr CommandSpec kCore[] = {
    row("client", nullptr),          row("client|id", do_nothing), row("memory", nullptr),
    row("memory|usage", do_nothing), row("ping", do_nothing),
};
constexpr CommandSpec kAdded[] = {row("client|tracking", do_nothing), row("own", do_nothing),
                                  row("memory|pressure", do_nothing)};

TEST_CASE("a later family may bring subcommands of containers that are there") {
  Owner owner;
  CommandTable table;
  table.add({"core", kCore});
  table.add({"added", kAdded, &owner});
  const std::string_view request[] = {"CLIENT", "Tracking"};
  const Command* command = table.resolve(request);
  REQUIRE(command != nullptr);
  CHECK(command->full_name() == "client|tracking");
  CHECK(command->group() == "added");
  CHECK(command->owner() == &owner);
  CHECK(table.find_full("memory|pressure")->owner() == &owner);
  CHECK(table.find("client")->subcommands().size() == 2);
  CHECK(table.find("client")->owner() == nullptr);
  CHECK(table.find_full("client|id")->owner() == nullptr);
  CHECK(table.commands().size() == 4);
}

}  // namespace
}  // namespace larder
