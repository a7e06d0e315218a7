// The message that keys have changed, made once for any number of clients.
//
//   RESP3: a push            ["invalidate", [key ...]]
//   RESP2: like a message    ["message", "__redis__:invalidate", [key ...]]
//
// Without keys it has a null instead of the list: everything has changed.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "server/clients/push_frame.h"

namespace larder {

class Invalidation {
 public:
  // The keys have to live as long as the message.
  explicit Invalidation(std::span<const std::string_view> keys) : keys_(keys) {}
  static Invalidation everything() { return Invalidation({}); }

  // Without any: everything has changed.
  std::span<const std::string_view> keys() const { return keys_; }
  // The frame for clients of a version.
  PushFrame& frame(RespVersion version);

 private:
  PushFrame make(RespVersion version) const;

  std::span<const std::string_view> keys_;
  std::optional<PushFrame> resp2_;
  std::optional<PushFrame> resp3_;
};

}  // namespace larder
