// What a TLS client may announce before OpenSSL takes memory for it.
#include "server/network/hello_guard.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace larder {
namespace {

constexpr uint8_t kClientHello = 1;
constexpr uint8_t kCertificate = 11;

std::string big_endian(size_t number, size_t bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(number >> (8 * bytes) & 0xff);
  return text;
}

std::string record(uint8_t type, const std::string& payload) {
  return static_cast<char>(type) + std::string("\x03\x01") + big_endian(payload.size(), 2) + payload;
}

std::string message(uint8_t type, size_t announced, const std::string& body) {
  return static_cast<char>(type) + big_endian(announced, 3) + body;
}
std::string message(uint8_t type, const std::string& body) {
  return message(type, body.size(), body);
}

// In pieces of `size` bytes. Returns how many bytes passed.
size_t passed(const std::string& stream, size_t size, bool is_older = false) {
  HelloGuard guard;
  for (size_t at = 0; at < stream.size(); at += size) {
    if (!guard.pass(std::string_view(stream).substr(at, size), is_older)) return at;
  }
  return stream.size();
}

TEST_CASE("hello guard: what announces too much ends where it does, however it is cut", "[hello_guard]") {
  const auto size = GENERATE(size_t{1}, size_t{2}, size_t{3}, size_t{5}, size_t{9}, size_t{10}, size_t{1000});
  const std::string good = record(22, message(kClientHello, std::string(500, 'x')));
  const std::string largest = record(22, message(kClientHello, std::string(HelloGuard::kMostBytes - 4, 'x')));
  const std::string announces = message(kClientHello, HelloGuard::kMostBytes + 1, "");
  SECTION("as the first message") {
    CHECK(passed(record(22, announces), size) < 9);
  }
  SECTION("behind another one in the same record") {
    const std::string both = record(22, message(kClientHello, "short") + announces + std::string(100, 'y'));
    CHECK(passed(both, size) < both.size() - 100);
  }
  SECTION("as the second hello, behind a change of the cipher that 1.3 has for old middle boxes") {
    const std::string stream = good + record(20, "\x01") + record(22, announces);
    CHECK(passed(stream, size) < stream.size());
  }
  SECTION("with its header cut over records") {
    std::string stream;
    for (const char byte : announces) stream += record(22, std::string(1, byte));
    CHECK(passed(stream, size) < stream.size());
  }
  SECTION("certificates, too") {
    const std::string stream = good + record(22, message(kCertificate, 100'000, ""));
    CHECK(passed(stream, size) < stream.size());
  }
  SECTION("what is as long as may be passes, in several records as well") {
    std::string stream = largest;
    const std::string text = message(kClientHello, std::string(9'000, 'z'));
    for (size_t at = 0; at < text.size(); at += 1'000) stream += record(22, text.substr(at, 1'000));
    stream += record(21, "ab") + record(22, "") + good;
    CHECK(passed(stream, size) == stream.size());
  }
}

TEST_CASE("hello guard: what is encrypted, or no TLS, is not looked at", "[hello_guard]") {
  const auto size = GENERATE(size_t{1}, size_t{7}, size_t{1000});
  const std::string good = record(22, message(kClientHello, std::string(500, 'x')));
  const std::string noise(300, '\xff');
  CHECK(passed(good + record(20, "\x01") + record(22, noise), size, true) > good.size() + noise.size());
  CHECK(passed(good + record(23, noise) + record(22, noise), size) > good.size() + 2 * noise.size());
  CHECK(passed("GET / HTTP/1.1\r\n" + noise, size) > noise.size());
  // Older ones are looked at up to there.
  CHECK(passed(good + record(22, noise), size, true) < good.size() + 20);
}

}  // namespace
}  // namespace larder
