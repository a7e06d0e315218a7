#include "modules/latency/percentiles.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

TEST_CASE("percentiles are read, shown and written") {
  Percentiles percentiles({50});
  CHECK(percentiles.read(Words{"1", "99.9", "100"}, Reading::first).is_ok());
  CHECK(percentiles.values() == std::vector<double>{1, 99.9, 100});
  CHECK(percentiles.text() == "1 99.9 100");
  CHECK(percentiles.lines() == std::vector<Words>{{"1", "99.9", "100"}});
}

TEST_CASE("no percentiles are written as an empty word, and read back") {
  Percentiles percentiles({50});
  CHECK(percentiles.read(Words{""}, Reading::first).is_ok());
  CHECK(percentiles.values().empty());
  CHECK(percentiles.text().empty());
  Percentiles again({50});
  CHECK(again.read(percentiles.lines()[0], Reading::first).is_ok());
  CHECK(again == percentiles);
}

TEST_CASE("wrong percentiles change nothing") {
  Percentiles percentiles({50});
  for (const Words& words : {Words{"50", "many"}, Words{"-1"}, Words{"100.1"}, Words{"nan"}}) {
    INFO(words.back());
    CHECK_FALSE(percentiles.read(words, Reading::first).is_ok());
    CHECK(percentiles.values() == std::vector<double>{50});
  }
}

}  // namespace
}  // namespace larder
