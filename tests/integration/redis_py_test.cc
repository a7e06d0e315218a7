// redis-py as Debian has it: the cases are in python/.
#include <catch2/catch.hpp>

#include "tests/support/program.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("redis-py works out of the box") {
  TestServer server;
  // Debian's Python, for which Debian's redis-py is installed; another may come first on the PATH.
  // -B: no __pycache__ beside the sources.
  const ProgramResult done = run_program(
      {"/usr/bin/python3", "-B", LARDER_SOURCE_TREE "/tests/integration/python/redis_py_test.py"},
      {.environment = {{"LARDER_PORT", std::to_string(server.port())}}, .bound = 60s});
  INFO(done.output << done.errors);
  CHECK(done.exit_code == 0);
}

}  // namespace
}  // namespace larder
