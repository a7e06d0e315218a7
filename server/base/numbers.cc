#include "server/base/numbers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server/base/text.h"

namespace larder {
namespace {

// Longest text that is read as a floating-point number: Redis's limit, which leaves room for every
// number that format_long_double writes. The conversion needs a terminated copy; most numbers are
// short and are copied to the stack.
constexpr size_t kMaxFloatText = 5 * 1024 - 1;
constexpr size_t kShortFloatText = 64;

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
  if (text.empty() || text.size() > kMaxFloatText) return std::nullopt;
  if (std::isspace(static_cast<unsigned char>(text[0]))) return std::nullopt;
  std::array<char, kShortFloatText + 1> short_copy;
  std::string long_copy;
  const char* copy = short_copy.data();
  if (text.size() <= kShortFloatText) {
    std::memcpy(short_copy.data(), text.data(), text.size());
    short_copy[text.size()] = '\0';
  } else {
    long_copy = text;
    copy = long_copy.c_str();
  }
  char* end = nullptr;
  errno = 0;
  const Float value = convert(copy, &end);
  if (end != copy + text.size()) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  if (std::isnan(value)) return std::nullopt;
  return value;
}

// Integers up to here are written out in full, beyond it as other numbers. Redis's bound.
constexpr double kMaxPlainInteger = 4611686018427387904.0;  // 2^62

// A positive number as digits x 10^exponent.
struct DecimalDigits {
  std::string digits;
  int exponent;
};

DecimalDigits shortest_digits(double value) {
  std::array<char, 32> text;  // d.ddddde-nnn
  const char* const begin = text.data();
  const char* const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const char* const mark = std::find(begin, end, 'e');
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  std::string digits(begin, begin + 1);
  if (mark - begin > 2) digits.append(begin + 2, mark);
  return {digits, exponent - static_cast<int>(digits.size()) + 1};
}

// Redis 7.2's choice between plain and scientific notation.
std::string lay_out(DecimalDigits number) {
  auto& [digits, exponent] = number;
  const int length = static_cast<int>(digits.size());
  const int magnitude = exponent + length - 1;  // of the first digit
  if (exponent >= 0 && magnitude < length + 7) {
    return digits + std::string(static_cast<size_t>(exponent), '0');
  }
  if (exponent < 0 && (exponent > -7 || std::abs(magnitude) < 4)) {
    if (magnitude < 0) return "0." + std::string(static_cast<size_t>(-magnitude - 1), '0') + digits;
    return digits.insert(static_cast<size_t>(magnitude + 1), ".");
  }
  if (length > 1) digits.insert(1, ".");
  return digits + (magnitude < 0 ? "e-" : "e+") + to_text(std::abs(magnitude));
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
  if (std::trunc(value) == value && std::fabs(value) <= kMaxPlainInteger) {
    return to_text(static_cast<int64_t>(value));
  }
  return (value < 0 ? "-" : "") + lay_out(shortest_digits(std::fabs(value)));
}

std::string format_long_double(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  std::array<char, 5 * 1024> text;  // 4932 digits before the point are possible
  int length = std::snprintf(text.data(), text.size(), "%.17Lf", value);
  while (text[static_cast<size_t>(length - 1)] == '0') length--;
  if (text[static_cast<size_t>(length - 1)] == '.') length--;
  if (length == 2 && text[0] == '-' && text[1] == '0') return "0";
  return std::string(text.data(), static_cast<size_t>(length));
}

std::string format_fixed(double value, int decimals) {
  std::array<char, 400> text;  // the largest double has 309 digits
  const int length = std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
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
