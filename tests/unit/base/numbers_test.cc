#include "server/base/numbers.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "server/base/random.h"

namespace larder {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST_CASE("parse_int64 takes the canonical form of every edge") {
  for (const int64_t value : {kMin, kMin + 1, int64_t{-10}, int64_t{-1}, int64_t{0}, int64_t{1},
                              int64_t{9}, int64_t{10}, kMax - 1, kMax}) {
    CHECK(parse_int64(std::to_string(value)) == value);
  }
}

TEST_CASE("parse_int64 refuses everything else") {
  for (const std::string_view text : {"",
                                      "-",
                                      "+",
                                      "+1",
                                      "-0",
                                      "00",
                                      "01",
                                      "-01",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      "a",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551615",
                                      "99999999999999999999",
                                      "100000000000000000000",
                                      "-100000000000000000000"}) {
    INFO(text);
    CHECK_FALSE(parse_int64(text));
  }
  CHECK_FALSE(parse_int64(std::string_view("1\0", 2)));
  CHECK_FALSE(parse_int64(std::string(1000, '1')));
}

TEST_CASE("parse_uint64 covers 0 to 2^64-1") {
  CHECK(parse_uint64("0") == 0u);
  CHECK(parse_uint64("18446744073709551615") == std::numeric_limits<uint64_t>::max());
  for (const std::string_view text : {"", "-1", "-0", "+1", "01", "18446744073709551616", " 1"}) {
    INFO(text);
    CHECK_FALSE(parse_uint64(text));
  }
}

TEST_CASE("random integers survive writing and reading") {
  Random random(1);
  for (int round = 0; round < 20'000; round++) {
    const auto value = static_cast<int64_t>(random.next() >> random.below(64));
    CHECK(parse_int64(to_text(value)) == value);
    CHECK(parse_int64(to_text(-value)) == -value);
  }
}

TEST_CASE("format_int64 fills at most 20 characters") {
  char text[20];
  CHECK(std::string_view(text, format_int64(kMin, text)) == "-9223372036854775808");
  CHECK(std::string_view(text, format_int64(0, text)) == "0");
}

TEST_CASE("floating-point texts are read as Redis reads them") {
  CHECK(parse_double("3.25") == 3.25);
  CHECK(parse_double("+1") == 1);
  CHECK(parse_double(".5") == 0.5);
  CHECK(parse_double("5.") == 5);
  CHECK(parse_double("1e3") == 1000);
  CHECK(parse_double("0x1p3") == 8);
  CHECK(parse_double("inf") == HUGE_VAL);
  CHECK(parse_double("-INFINITY") == -HUGE_VAL);
  CHECK(parse_double("4.9406564584124654e-324") == std::numeric_limits<double>::denorm_min());
  for (const std::string_view text : {"", " 1", "1 ", "\t1", "1e", "1_0", "nan", "-nan", "NAN(1)",
                                      "1e400", "-1e400", "1e-400", "."}) {
    INFO(text);
    CHECK_FALSE(parse_double(text));
  }
  CHECK_FALSE(parse_double(std::string_view("1\0", 2)));
}

TEST_CASE("long doubles reach further than doubles") {
  CHECK(parse_long_double("1e400").has_value());
  CHECK_FALSE(parse_long_double("1e5000"));
  CHECK_FALSE(parse_long_double("1e-5000"));
}

TEST_CASE("floating-point texts may be as long as the longest number, and no longer") {
  CHECK(parse_double(std::string(300, '0') + "1") == 1);
  CHECK(parse_long_double(std::string(5118, '0') + "7") == 7.0L);
  CHECK_FALSE(parse_long_double(std::string(5119, '0') + "7"));
  for (const size_t length : {63u, 64u, 65u}) {
    CHECK(parse_double(std::string(length - 1, '0') + "3") == 3);
  }
  const std::string longest = format_long_double(std::numeric_limits<long double>::max());
  CHECK(parse_long_double(longest) == std::numeric_limits<long double>::max());
}

TEST_CASE("memory sizes: units, case and overflow") {
  CHECK(parse_memory_size("0") == 0u);
  CHECK(parse_memory_size("1024") == 1024u);
  CHECK(parse_memory_size("7b") == 7u);
  CHECK(parse_memory_size("1k") == 1000u);
  CHECK(parse_memory_size("1kb") == 1024u);
  CHECK(parse_memory_size("1M") == 1'000'000u);
  CHECK(parse_memory_size("64Mb") == 64u << 20);
  CHECK(parse_memory_size("2g") == 2'000'000'000u);
  CHECK(parse_memory_size("1GB") == 1u << 30);
  CHECK(parse_memory_size("18446744073709551615") == std::numeric_limits<uint64_t>::max());
  CHECK(parse_memory_size("17179869183gb") == 17179869183u * (uint64_t{1} << 30));
  for (const std::string_view text :
       {"", "kb", "-1", "+1", " 1", "1 kb", "1.5gb", "1tb", "1kbb", "18446744073709551616",
        "17179869184gb", "18446744073709551615k"}) {
    INFO(text);
    CHECK_FALSE(parse_memory_size(text));
  }
}

TEST_CASE("doubles are written shortest, in Redis 7.2's notation") {
  CHECK(format_double(0) == "0");
  CHECK(format_double(-0.0) == "-0");
  CHECK(format_double(HUGE_VAL) == "inf");
  CHECK(format_double(-HUGE_VAL) == "-inf");
  CHECK(format_double(std::nan("")) == "nan");
  CHECK(format_double(3) == "3");
  CHECK(format_double(-17) == "-17");
  CHECK(format_double(0.1) == "0.1");
  CHECK(format_double(0.1 + 0.2) == "0.30000000000000004");
  CHECK(format_double(3.14159) == "3.14159");
  CHECK(format_double(-1.5) == "-1.5");
  CHECK(format_double(0.001) == "0.001");
  CHECK(format_double(0.00002) == "0.00002");
  CHECK(format_double(0.0000125) == "1.25e-5");
  CHECK(format_double(1.25e-7) == "1.25e-7");
  CHECK(format_double(1e17) == "100000000000000000");
  CHECK(format_double(4611686018427387904.0) == "4611686018427387904");
  CHECK(format_double(1e19) == "1e+19");
  CHECK(format_double(1.5e300) == "1.5e+300");
  CHECK(format_double(-2.5e-101) == "-2.5e-101");
  CHECK(format_double(1.7976931348623157e308) == "1.7976931348623157e+308");
}

TEST_CASE("random doubles survive writing and reading") {
  Random random(2);
  for (int round = 0; round < 50'000; round++) {
    double value = 0;
    const uint64_t bits = random.next();
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isnan(value)) continue;
    const std::string text = format_double(value);
    CHECK(text.size() <= 25);
    CHECK(parse_double(text) == value);
  }
}

// What redis-server stores after INCRBYFLOAT.
TEST_CASE("sums of INCRBYFLOAT are written as Redis stores them") {
  const auto sum = [](std::string_view left, std::string_view right) {
    return format_long_double(*parse_long_double(left) + *parse_long_double(right));
  };
  CHECK(sum("0", "0.1") == "0.1");
  CHECK(sum("10.50", "0.1") == "10.6");
  CHECK(sum("5.0e3", "2.0e2") == "5200");
  CHECK(sum("0", "1e-17") == "0.00000000000000001");
  CHECK(sum("0", "1e-18") == "0");
  CHECK(sum("0", "-1e-18") == "0");
  CHECK(sum("3", "-3") == "0");
  CHECK(sum("0.1", "0.2") == "0.3");
  CHECK(sum("0", "0.000001") == "0.000001");
  CHECK(sum("0", "-0.5") == "-0.5");
  if (std::numeric_limits<long double>::digits != 64) return;  // below: x87's 64-bit mantissa
  CHECK(sum("0", "1e20") == "100000000000000000000");
  CHECK(sum("0", "1e40") == "9999999999999999999783686092270256259072");
  CHECK(sum("0", "123456789.123456789") == "123456789.12345678899873747");
  CHECK(sum("0", "3.14159265358979323846") == "3.14159265358979324");
  CHECK(sum("99999999999999999", "0.5") == "99999999999999999.5");
}

TEST_CASE("long doubles without a finite value have names") {
  CHECK(format_long_double(HUGE_VALL) == "inf");
  CHECK(format_long_double(-HUGE_VALL) == "-inf");
  CHECK(format_long_double(std::nanl("")) == "nan");
}

TEST_CASE("sizes for people") {
  CHECK(format_bytes_human(0) == "0B");
  CHECK(format_bytes_human(1023) == "1023B");
  CHECK(format_bytes_human(1024) == "1.00K");
  CHECK(format_bytes_human(1536) == "1.50K");
  CHECK(format_bytes_human(1 << 20) == "1.00M");
  CHECK(format_bytes_human(uint64_t{5} << 40) == "5.00T");
  CHECK(format_bytes_human(std::numeric_limits<uint64_t>::max()) == "16384.00P");
}

}  // namespace
}  // namespace larder
