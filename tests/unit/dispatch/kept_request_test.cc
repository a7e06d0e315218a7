#include "server/dispatch/kept_request.h"

#include <catch2/catch.hpp>

#include "protocol/resp.h"

namespace larder {
namespace {

TEST_CASE("a kept request has its own copy of what it was made from") {
  std::string input = "SETkey";
  const std::vector<std::string_view> views = {std::string_view(input).substr(0, 3),
                                               std::string_view(input).substr(3), ""};
  const KeptRequest kept(views, {});
  input.assign(input.size(), 'x');
  CHECK(kept.arguments == std::vector<std::string_view>{"SET", "key", ""});
  CHECK(kept.text_bytes == 6);
  CHECK(kept.memory() > sizeof(KeptRequest));
}

TEST_CASE("a kept request shares large arguments instead of copying them") {
  SharedBytes block = SharedBytes::copy_of(std::string(kLargeBulk + 1, 'v'));
  const std::vector<std::string_view> views = {"SET", "key", block.view()};
  KeptRequest kept(views, {block});
  CHECK(kept.text_bytes == 6);
  CHECK(kept.arguments[2].data() == block.data());
  CHECK(!block.is_unique());
  const KeptRequest moved = std::move(kept);
  CHECK(moved.arguments == views);
  CHECK(moved.memory() > kLargeBulk);
}

TEST_CASE("a long argument that lies in no block is copied") {
  const std::string text(kLargeBulk + 1, 'v');
  const std::vector<std::string_view> views = {text};
  const KeptRequest kept(views, {});
  CHECK(kept.arguments[0] == text);
  CHECK(kept.arguments[0].data() != text.data());
}

}  // namespace
}  // namespace larder
