#include "server/clients/invalidation.h"

namespace larder {
namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";
constexpr size_t kHeaderBytes = 64;     // of the message
constexpr size_t kKeyHeaderBytes = 16;  // of each key, about

}  // namespace

PushFrame& Invalidation::frame(RespVersion version) {
  std::optional<PushFrame>& made = version == RespVersion::resp3 ? resp3_ : resp2_;
  if (!made) made = make(version);
  return *made;
}

PushFrame Invalidation::make(RespVersion version) const {
  size_t bytes = kHeaderBytes;
  for (const std::string_view key : keys_) bytes += key.size() + kKeyHeaderBytes;
  const bool is_push = version == RespVersion::resp3;
  PushFrame frame(is_push ? 2 : 3, bytes);
  is_push ? frame.bulk("invalidate") : frame.bulk("message").bulk(kChannel);
  frame.only_for(version);
  if (keys_.empty()) {
    frame.null(version);
  } else {
    frame.array(keys_.size());
    for (const std::string_view key : keys_) frame.bulk(key);
  }
  return frame;
}

}  // namespace larder
