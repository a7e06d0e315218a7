// DEBUG: replies of every kind, for tests of client libraries.
#include "server/base/text.h"
#include "server/commands/debug.h"

namespace larder {
namespace {

constexpr int64_t kElements = 3;

void write_numbers(ReplyWriter& reply) {
  for (int64_t i = 0; i < kElements; i++) reply.integer(i);
}

Status write_map(ReplyWriter& reply) {
  reply.map(kElements);
  for (int64_t i = 0; i < kElements; i++) {
    reply.integer(i);
    reply.boolean(i == 1);
  }
  return ok;
}

Status write_attribute(ReplyWriter& reply) {
  if (reply.attribute(1)) {
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.integer(90);
  }
  reply.bulk("Some real reply following the attribute");
  return ok;
}

// A push is no reply: another one follows, for clients that wait for it.
Status write_push(ReplyWriter& reply) {
  if (reply.version() == RespVersion::resp2) return errors::resp2_not_supported();
  reply.push(2);
  reply.bulk("server-cpu-usage");
  reply.integer(42);
  reply.bulk("Some real reply following the push reply");
  return ok;
}

struct Sample {
  std::string_view name;
  Status (*write)(ReplyWriter&);
};

template <auto kWrite>
Status written(ReplyWriter& reply) {
  kWrite(reply);
  return ok;
}

constexpr Sample kSamples[] = {
    {"string", written<[](ReplyWriter& reply) { reply.bulk("Hello World"); }>},
    {"integer", written<[](ReplyWriter& reply) { reply.integer(12345); }>},
    {"double", written<[](ReplyWriter& reply) { reply.number(3.141); }>},
    {"bignum", written<[](ReplyWriter& reply) {
       reply.big_number("1234567999999999999999999999999999999");
     }>},
    {"null", written<[](ReplyWriter& reply) { reply.null(); }>},
    {"array", written<[](ReplyWriter& reply) {
       reply.array(kElements);
       write_numbers(reply);
     }>},
    {"set", written<[](ReplyWriter& reply) {
       reply.set(kElements);
       write_numbers(reply);
     }>},
    {"map", write_map},
    {"attrib", write_attribute},
    {"push", write_push},
    {"verbatim",
     written<[](ReplyWriter& reply) { reply.verbatim("txt", "This is a verbatim\nstring"); }>},
    {"true", written<[](ReplyWriter& reply) { reply.boolean(true); }>},
    {"false", written<[](ReplyWriter& reply) { reply.boolean(false); }>},
};

// DEBUG PROTOCOL type
Status protocol(Context& ctx) {
  for (const Sample& sample : kSamples) {
    if (equals_ignoring_case(ctx.arg(2), sample.name)) return sample.write(ctx.reply);
  }
  return errors::unknown_reply_type();
}

// DEBUG ERROR text
Status error(Context& ctx) {
  return errors::as_given(ctx.arg(2));
}

constexpr DebugCommand kCommands[] = {{"protocol", 3, 3, protocol}, {"error", 3, 3, error}};

}  // namespace

std::span<const DebugCommand> debug_protocol_commands() {
  return kCommands;
}

}  // namespace larder
