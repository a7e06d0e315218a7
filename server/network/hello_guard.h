// Looks at what a TLS client sends in clear before OpenSSL does: OpenSSL takes as much memory as a message
// announces as soon as it has read how long it is, up to 128 KB for a ClientHello, so that nine bytes would
// hold as much until the handshake is given up.
//
// Records (RFC 8446, 5.1) are a type, a version and two bytes of length; the messages of the handshake
// (section 4), a type and three bytes of length each, lie in those of type 22 one behind the other, cut
// anywhere. What is encrypted cannot be looked at, and comes from somebody who has done his part.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

class HelloGuard {
 public:
  // A usual one has half a kilobyte; keys that resist quantum computers and tickets add some more.
  static constexpr size_t kMostBytes = 16 * 1024;

  // The next bytes of the stream, in pieces of any size. False from a message on that announces too much.
  // Costs a few ns and one step for each record and message, not for each byte.
  // `is_older`: whether a version below 1.3 is agreed on, in which records behind a change of the cipher
  // look as before but are encrypted.
  [[nodiscard]] bool pass(std::string_view bytes, bool is_older);

 private:
  // Bytes of a header, as they come.
  template <size_t kSize>
  struct Header {
    std::array<uint8_t, kSize> bytes{};
    size_t size = 0;
    // Takes what it can of `more`. Whether it is whole now.
    bool fill(std::string_view& more);
  };

  void begin_record(bool is_older);
  bool pass_messages(std::string_view payload);

  Header<5> record_;
  size_t record_left_ = 0;
  bool is_handshake_ = false;  // this record
  Header<4> message_;
  size_t message_left_ = 0;
  bool is_over_ = false;  // the rest is encrypted, or not TLS at all
};

}  // namespace larder
