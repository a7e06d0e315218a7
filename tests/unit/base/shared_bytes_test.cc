#include "server/base/shared_bytes.h"

#include <catch2/catch.hpp>
#include <string>

namespace larder {
namespace {

TEST_CASE("an empty handle owns nothing") {
  SharedBytes none;
  CHECK_FALSE(none);
  CHECK(none.size() == 0);
  CHECK(none.view().empty());
  CHECK(none.memory() == 0);
  CHECK_FALSE(none.is_unique());
}

TEST_CASE("copies share, the last owner frees") {
  SharedBytes first = SharedBytes::copy_of("value");
  CHECK(first.is_unique());
  {
    SharedBytes second = first;
    CHECK(second.data() == first.data());
    CHECK_FALSE(first.is_unique());
    const SharedBytes third = std::move(second);
    CHECK_FALSE(second);  // NOLINT: moved from on purpose
    CHECK(third.view() == "value");
  }
  CHECK(first.is_unique());
  first = SharedBytes::copy_of("other");
  CHECK(first.view() == "other");
  CHECK(first.memory() >= 5);
}

TEST_CASE("resizing keeps the bytes") {
  SharedBytes bytes = SharedBytes::copy_of("abcdef");
  bytes.resize(3);
  CHECK(bytes.view() == "abc");
  bytes.resize(6, 100);
  CHECK(bytes.size() == 6);
  CHECK(bytes.capacity() == 100);
  CHECK(bytes.view().substr(0, 3) == "abc");
  const char* const before = bytes.data();
  bytes.resize(80);
  CHECK(bytes.data() == before);
  bytes.resize(2);
  CHECK(bytes.capacity() == 2);
  CHECK(bytes.view() == "ab");
}

TEST_CASE("resizing shared bytes leaves the other owner's alone") {
  SharedBytes mine = SharedBytes::copy_of("abcdef");
  const SharedBytes theirs = mine;
  mine.resize(3);
  mine.data()[0] = 'X';
  CHECK(mine.view() == "Xbc");
  CHECK(theirs.view() == "abcdef");
  CHECK(theirs.is_unique());
}

TEST_CASE("resizing an empty handle makes a block") {
  SharedBytes bytes;
  bytes.resize(4);
  CHECK(bytes.size() == 4);
  CHECK(bytes.is_unique());
}

TEST_CASE("a detached reference comes back") {
  SharedBytes bytes = SharedBytes::copy_of("kept");
  void* const block = bytes.detach();
  CHECK_FALSE(bytes);
  CHECK(SharedBytes::view_of(block) == "kept");
  {
    const SharedBytes shared = SharedBytes::share(block);
    CHECK(shared.view() == "kept");
    CHECK_FALSE(shared.is_unique());
  }
  const SharedBytes back = SharedBytes::attach(block);
  CHECK(back.is_unique());
  CHECK(back.view() == "kept");
}

}  // namespace
}  // namespace larder
