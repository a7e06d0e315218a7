// A graph made of characters: LATENCY GRAPH.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace larder {

struct SparklinePoint {
  int64_t value;
  std::string label;  // written downwards below the column
};

// Columns of `rows` lines, from the smallest value to the largest; after `columns` points the graph
// goes on below.
//
//      #_
//     _||
//    _|||
//    ____
//
//    2111
//    s001
//     sss
std::string sparkline(std::span<const SparklinePoint> points, size_t columns, size_t rows);

}  // namespace larder
