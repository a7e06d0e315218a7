// Numbers as text, with Redis's strictness: the one place where digits from outside become numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

// A decimal int64 in its only canonical form: no spaces, no '+', no leading zeros, no "-0".
// Cost: about 10 ns.
std::optional<int64_t> parse_int64(std::string_view text);

// As parse_int64, for 0 .. 2^64-1.
std::optional<uint64_t> parse_uint64(std::string_view text);

// A floating-point number as strtold reads it: the whole text, no spaces around it, "inf" and
// "infinity" in any case, no NaN. Overflow, underflow to 0 and texts over 5119 bytes are refused.
std::optional<long double> parse_long_double(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// A size with an optional unit, in any case: b, k = 1000, kb = 1024, m, mb, g, gb. No sign.
std::optional<uint64_t> parse_memory_size(std::string_view text);

// Writes the decimal form to `out`, which has room for 20 characters; returns the length.
size_t format_int64(int64_t value, char* out);
std::string to_text(int64_t value);

// The shortest text that reads back as the same double, "inf", "-inf" or "nan"; integers up to 2^62
// without an exponent. What RESP replies and scores carry, in Redis 7.2's notation.
std::string format_double(double value);

// Fixed notation with up to 17 digits behind the point and no trailing zeros: what INCRBYFLOAT stores.
std::string format_long_double(long double value);

// With so many digits behind the point, as printf's %.2f has two; "inf", "-inf" or "nan".
std::string format_fixed(double value, int decimals);

// 1536 -> "1.50K", for the *_human fields of INFO.
std::string format_bytes_human(uint64_t bytes);

}  // namespace larder
