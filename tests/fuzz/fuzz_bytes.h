// A fuzzer's input as a source of decisions: which operation comes next, and with what.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "server/base/numbers.h"

namespace larder {

// Behind the end everything is 0; whoever loops asks empty().
class FuzzBytes {
 public:
  FuzzBytes(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return value;
  }
  bool flag() { return (byte() & 1) != 0; }
  // Less than `bound`, which is at most 256.
  size_t below(size_t bound) { return byte() % bound; }
  std::string_view raw(size_t size) {
    const std::string_view taken = bytes_.substr(0, std::min(size, bytes_.size()));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  // Small ones, those at the edges of every width, and any.
  int64_t integer() {
    constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
    const uint8_t kind = byte();
    if (kind < 128) return int64_t{kind} - 64;
    if (kind < 192) {
      const int64_t edge = static_cast<int64_t>(uint64_t{1} << (kind & 63));
      return edge == kMin ? kMin : edge - static_cast<int64_t>(below(3));
    }
    if (kind < 254)
      return -static_cast<int64_t>(uint64_t{1} << std::min(kind - 192, 62)) +
             static_cast<int64_t>(below(3)) - 1;
    int64_t value = 0;
    const std::string_view bytes = raw(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  // An element of a collection: of each kind that is kept in another way.
  std::string text() {
    const uint8_t kind = byte();
    switch (kind % 8) {
      case 0:
      case 1:
        return to_text(integer());
      case 2:
        return "0" + to_text(integer());
      case 3:
        return std::string(raw(kind / 8));
      case 4:
        return std::string(raw(byte()));
      case 5: {
        constexpr size_t kLengths[] = {1, 63, 64, 65, 127, 128, 129, 500, 1019, 8191, 8192, 20'000};
        return std::string(kLengths[kind / 8 % std::size(kLengths)], 'x');
      }
      default:
        return "name:" + std::to_string(kind / 8);
    }
  }

 private:
  std::string_view bytes_;
};

}  // namespace larder
