// A push, encoded once for everybody who gets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/output_chain.h"
#include "protocol/resp.h"
#include "server/base/shared_bytes.h"

namespace larder {

// One push for any number of clients, of both versions of the protocol: they differ in the first
// byte only. Elements are added first; then it is sent, once or often. The bytes of a large one
// exist once.
class PushFrame {
 public:
  // `elements` follow. `reserved`: bytes that they will take, about.
  explicit PushFrame(size_t elements, size_t reserved = 0);
  // One line of text, a simple string in both versions: what MONITOR sends.
  static PushFrame line(std::string_view text);
  PushFrame& bulk(std::string_view bytes);
  PushFrame& integer(int64_t value);
  // `elements` follow.
  PushFrame& array(size_t elements);
  // Nothing; the frame is then for clients of this version only.
  PushFrame& null(RespVersion version);
  // A client that speaks another version when its turn has come does not get the frame.
  PushFrame& only_for(RespVersion version) {
    only_version_ = version;
    return *this;
  }

  size_t size() const { return shared_ ? shared_.size() : bytes_.size(); }
  // Makes copies of a large frame share its bytes.
  void share();
  bool is_for(RespVersion version) const { return !only_version_ || *only_version_ == version; }
  void append_to(OutputChain& output, RespVersion version);

 private:
  PushFrame() = default;
  // From here on sharing is cheaper than copying.
  static constexpr size_t kSharedBytes = 2048;

  char type_ = 0;       // 0: the version's push
  std::string bytes_;   // all but the type byte
  SharedBytes shared_;  // the same instead, once a large one is shared
  std::optional<RespVersion> only_version_;
};

}  // namespace larder
