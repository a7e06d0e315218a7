#include "server/base/numbers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server/base/text.h"

namespace larder {
namespace {

// Longest text that parse_long_double takes; Redis's limit for INCRBYFLOAT operands is 256 bytes.
constexpr size_t kMaxDoubleText = 256;

template <class Integer>
std::optional<Integer> parse_canonical(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  const bool negative = text[0] == '-';
  const size_t first = negative ? 1 : 0;
  if (first == text.size()) return std::nullopt;
  if (text[first] == '0' && (text.size() > 1)) return std::nullopt;
  Integer value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Float>
std::optional<Float> parse_floating(std::string_view text, Float (*convert)(const char*, char**)) {
  if (text.empty() || text.size() >= kMaxDoubleText) return std::nullopt;
  if (std::isspace(static_cast<unsigned char>(text[0]))) return std::nullopt;
  std::array<char, kMaxDoubleText> copy{};
  std::memcpy(copy.data(), text.data(), text.size());
  char* end = nullptr;
  errno = 0;
  const Float value = convert(copy.data(), &end);
  if (end != copy.data() + text.size()) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  if (std::isnan(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> parse_int64(std::string_view text) {
  return parse_canonical<int64_t>(text);
}

std::optional<uint64_t> parse_uint64(std::string_view text) {
  if (!text.empty() && text[0] == '-') return std::nullopt;
  return parse_canonical<uint64_t>(text);
}

std::optional<long double> parse_long_double(std::string_view text) {
  return parse_floating<long double>(text, std::strtold);
}

std::optional<double> parse_double(std::string_view text) {
  return parse_floating<double>(text, std::strtod);
}

std::optional<uint64_t> parse_memory_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    uint64_t factor;
  };
  constexpr std::array<Unit, 8> kUnits = {{{"", 1}, {"b", 1}, {"k", 1000}, {"kb", 1024},
                                           {"m", 1'000'000}, {"mb", 1 << 20},
                                           {"g", 1'000'000'000}, {"gb", 1 << 30}}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  uint64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + digits, count);
  if (digits == 0 || failure != std::errc() || end != text.data() + digits) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (!equals_ignoring_case(text.substr(digits), unit.name)) continue;
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(count, unit.factor, &bytes)) return std::nullopt;
    return bytes;
  }
  return std::nullopt;
}

size_t format_int64(int64_t value, char* out) {
  return static_cast<size_t>(std::to_chars(out, out + 20, value).ptr - out);
}

std::string to_text(int64_t value) {
  std::array<char, 20> text;
  return std::string(text.data(), format_int64(value, text.data()));
}

std::string format_double(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  if (std::trunc(value) == value && std::fabs(value) < 9007199254740992.0) {
    return to_text(static_cast<int64_t>(value));
  }
  // %.17g as Redis 7 does: always enough digits, so that the text reads back as the same double.
  std::array<char, 64> text;
  const int length = std::snprintf(text.data(), text.size(), "%.17g", value);
  return std::string(text.data(), static_cast<size_t>(length));
}

std::string format_long_double(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 5 * 1024> text;  // 4932 digits before the point are possible
  int length = std::snprintf(text.data(), text.size(), "%.17Lf", value);
  while (text[static_cast<size_t>(length - 1)] == '0') length--;
  if (text[static_cast<size_t>(length - 1)] == '.') length--;
  if (length == 2 && text[0] == '-' && text[1] == '0') return "0";
  return std::string(text.data(), static_cast<size_t>(length));
}

std::string format_bytes_human(uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "K", "M", "G", "T", "P"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    unit++;
  }
  std::array<char, 32> text;
  const int length = unit == 0 ? std::snprintf(text.data(), text.size(), "%lluB",
                                               static_cast<unsigned long long>(bytes))
                               : std::snprintf(text.data(), text.size(), "%.2f%s", amount, kUnits[unit]);
  return std::string(text.data(), static_cast<size_t>(length));
}

}  // namespace larder
