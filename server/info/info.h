// Placeholder of the INFO kit, replaced by branch config.
#pragma once
#include <cstdint>
#include <string_view>
namespace larder {
struct InfoGroup { explicit InfoGroup(std::string_view) {} };
struct Counter {
  Counter(InfoGroup&, std::string_view) {}
  Counter& operator++() { value++; return *this; }
  Counter& operator+=(uint64_t n) { value += n; return *this; }
  operator uint64_t() const { return value; }
  uint64_t value = 0;
};
class Info {};
}  // namespace larder
