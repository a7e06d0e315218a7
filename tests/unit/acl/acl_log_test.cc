#include "server/acl/acl_log.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

Denial denial(std::string object, std::string info = "id=1") {
  return {DenialReason::key, "toplevel", std::move(object), "ann", std::move(info)};
}

TEST_CASE("the same refusal within a minute counts up and comes first") {
  AclLog log;
  log.add(denial("a"), 1000);
  log.add(denial("b"), 2000);
  log.add(denial("a", "id=2"), 61'000);
  REQUIRE(log.entries().size() == 2);
  CHECK(log.entries()[0].object == "a");
  CHECK(log.entries()[0].count == 2);
  CHECK(log.entries()[0].id == 0);
  CHECK(log.entries()[0].client_info == "id=2");
  CHECK(log.entries()[0].created_ms == 1000);
  CHECK(log.entries()[0].updated_ms == 61'000);
  log.add(denial("a"), 121'001);
  CHECK(log.entries().size() == 3);
  CHECK(log.entries()[0].count == 1);
}

TEST_CASE("the log keeps the last ones") {
  AclLog log;
  log.set_limit(3);
  for (int i = 0; i < 10; i++) log.add(denial(std::to_string(i)), i);
  REQUIRE(log.entries().size() == 3);
  CHECK(log.entries()[0].object == "9");
  CHECK(log.entries()[2].object == "7");
  log.set_limit(0);
  log.add(denial("x"), 20);
  CHECK(log.entries().empty());
}

}  // namespace
}  // namespace larder
