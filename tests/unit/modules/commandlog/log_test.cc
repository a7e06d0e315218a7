#include "modules/commandlog/log.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace larder {
namespace {

std::vector<std::string> trimmed(const std::vector<std::string>& arguments) {
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  const size_t known = std::min(views.size(), RequestLog::kMaxArguments);
  return trimmed_arguments(std::span(views).first(known), views.size());
}

TEST_CASE("a log keeps the newest entries, and numbers go on") {
  RequestLog log;
  for (int64_t value = 0; value < 5; value++) log.add({.value = value}, 3);
  REQUIRE(log.entries().size() == 3);
  CHECK(log.entries().front().value == 4);
  CHECK(log.entries().back().value == 2);
  log.shrink_to(1);
  CHECK(log.entries().size() == 1);
  log.clear();
  log.add({.value = 9}, 3);
  CHECK(log.entries().front().id == 5);
}

TEST_CASE("a log without room keeps nothing and counts nothing") {
  RequestLog log;
  log.add({.value = 1}, 0);
  CHECK(log.entries().empty());
  log.add({.value = 1}, 1);
  CHECK(log.entries().front().id == 0);
}

TEST_CASE("arguments are trimmed at 32, and at 128 bytes each") {
  const std::vector<std::string> exactly(32, std::string(128, 'a'));
  CHECK(trimmed(exactly) == exactly);

  const auto longer = trimmed({"SET", "k", std::string(130, 'a')});
  CHECK(longer[2] == std::string(128, 'a') + "... (2 more bytes)");

  const auto more = trimmed(std::vector<std::string>(40, "x"));
  REQUIRE(more.size() == 32);
  CHECK(more[30] == "x");
  CHECK(more[31] == "... (9 more arguments)");
}

}  // namespace
}  // namespace larder
