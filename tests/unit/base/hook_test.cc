#include "server/base/hook.h"

#include <catch2/catch.hpp>
#include <string>

namespace larder {
namespace {

TEST_CASE("listeners are called in order, with the arguments") {
  Hook<int, const std::string&> hook;
  CHECK_FALSE(hook.is_used());
  hook(1, "nobody listens");
  std::string heard;
  hook.add([&](int number, const std::string& text) { heard += text + std::to_string(number); });
  hook.add([&](int, const std::string&) { heard += '!'; });
  CHECK(hook.is_used());
  hook(7, "a");
  CHECK(heard == "a7!");
}

}  // namespace
}  // namespace larder
