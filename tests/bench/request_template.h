#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/index_sequence.h"

namespace larder {

// A command with holes, encoded as RESP once; each request is a copy of these bytes with the holes
// filled in, which costs some nanoseconds. That works because every hole has a fixed width:
//
//   {key}     key:000000000042, the form of redis-benchmark: 16 bytes
//   {index}   000000000042, for members and fields: 12 bytes that are no number to a server
//   {number}  100000000042, the same as a number
//   {score}   0.123456789, at random
//   {value}   as many bytes as asked for; no number, so that no server stores it as one
//   {ttl}     seconds, at random between one and two hours
//
// A hole may be a part of a word: member:{index}. Words are separated by single spaces.
class RequestTemplate {
 public:
  // `text` may begin with a weight and an asterisk ("9*GET {key}"), which says how often this
  // command is sent compared with others.
  RequestTemplate(std::string_view text, size_t value_size);

  uint32_t weight() const { return weight_; }

  // Appends a request whose holes are filled from the sequence.
  void append_to(std::string& output, IndexSequence& indexes) const;

 private:
  enum class HoleKind { kIndex, kTtl, kScore };
  struct Hole {
    HoleKind kind;
    size_t offset;
    size_t digits;
  };

  void add_word(std::string_view word, size_t value_size);

  uint32_t weight_ = 1;
  std::string bytes_;
  std::vector<Hole> holes_;
};

}  // namespace larder
