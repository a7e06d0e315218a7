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

TEST_CASE("a listener that was removed hears nothing") {
  Hook<int> hook;
  int first_sum = 0;
  int second_sum = 0;
  const uint64_t first = hook.add([&](int number) { first_sum += number; });
  const uint64_t second = hook.add([&](int number) { second_sum += number; });
  hook(1);
  hook.remove(first);
  hook(2);
  CHECK(first_sum == 1);
  CHECK(second_sum == 3);
  hook.remove(second);
  hook.remove(second);
  CHECK_FALSE(hook.is_used());
}

}  // namespace
}  // namespace larder
