// The fuzz targets, in a program without a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace larder {

struct FuzzTarget {
  std::string_view name;  // "glob_fuzz"
  int (*run)(const uint8_t* data, size_t size);
};

std::vector<FuzzTarget> fuzz_targets();

}  // namespace larder
