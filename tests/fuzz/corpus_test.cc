// Every fuzz target with the inputs that were kept for it: those that reach most of its code, and
// those that once broke something.
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <string>

#include "protocol/inline_request.h"
#include "tests/fuzz/targets.h"

namespace larder {
namespace {

const std::string kFolder = LARDER_SOURCE_TREE "/tests/fuzz/corpus/";

void play(const FuzzTarget& target, const std::string& line) {
  const auto words = split_quoted(line);
  REQUIRE(words);
  REQUIRE(words->size() == 1);
  // A copy of the exact size, so that a sanitizer sees reads beyond it.
  const std::string& input = words->front();
  const auto bytes = std::make_unique<uint8_t[]>(input.size());
  input.copy(reinterpret_cast<char*>(bytes.get()), input.size());
  target.run(bytes.get(), input.size());
}

TEST_CASE("the fuzz targets, with the inputs that are kept for them", "[fuzz]") {
  for (const FuzzTarget& target : fuzz_targets()) {
    std::ifstream file(kFolder + std::string(target.name) + ".txt");
    INFO("target " << target.name << ", input");
    REQUIRE(file.is_open());
    size_t inputs = 0;
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      INFO(line);
      play(target, line);
      inputs++;
    }
    CHECK(inputs >= 5);
  }
}

}  // namespace
}  // namespace larder
