// Bytes of the wire as a reply, for tests of what is made of replies.
#pragma once

#include <catch2/catch.hpp>
#include <string_view>

#include "protocol/reply_reader.h"

namespace larder {

// The first one in `bytes`, which must be whole.
inline Reply read_reply(std::string_view bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  Reply reply;
  REQUIRE(reader.next(reply) == ReplyReader::State::ready);
  return reply;
}

}  // namespace larder
