// Node's clients, node-redis and ioredis: the cases are in node/. `make test` installs the two into
// the build folder, in the versions that node/package-lock.json names.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/program.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

void run_cases(const std::string& file) {
  INFO("installed by: make " LARDER_NODE_FOLDER "/installed");
  REQUIRE(std::filesystem::exists(LARDER_NODE_FOLDER "/installed"));
  TestServer server;
  const ProgramResult done =
      run_program({"node", LARDER_SOURCE_TREE "/tests/integration/node/" + file},
                  {.environment = {{"LARDER_PORT", std::to_string(server.port())},
                                   {"NODE_PATH", LARDER_NODE_FOLDER "/node_modules"}},
                   .bound = 120s});
  INFO(done.output << done.errors);
  CHECK(done.exit_code == 0);
}

TEST_CASE("node-redis works out of the box") {
  run_cases("node_redis_test.cjs");
}

TEST_CASE("ioredis works out of the box") {
  run_cases("ioredis_test.cjs");
}

}  // namespace
}  // namespace larder
