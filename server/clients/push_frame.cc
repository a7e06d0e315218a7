#include "server/clients/push_frame.h"

namespace larder {
namespace {

constexpr size_t kHeaderBytes = 24;  // of an element: a type byte, 20 digits, CR LF

}  // namespace

PushFrame::PushFrame(size_t elements, size_t reserved) {
  bytes_.reserve(kHeaderBytes * (elements + 1) + reserved);
  bytes_.append(std::to_string(elements)).append("\r\n");
}

PushFrame PushFrame::line(std::string_view text) {
  PushFrame frame;
  frame.type_ = resp::kSimple;
  frame.bytes_.reserve(text.size() + 2);
  frame.bytes_.append(text).append("\r\n");
  return frame;
}

PushFrame& PushFrame::bulk(std::string_view bytes) {
  bytes_.append(1, resp::kBulk).append(std::to_string(bytes.size())).append("\r\n");
  bytes_.append(bytes).append("\r\n");
  return *this;
}

PushFrame& PushFrame::integer(int64_t value) {
  bytes_.append(1, resp::kInteger).append(std::to_string(value)).append("\r\n");
  return *this;
}

PushFrame& PushFrame::array(size_t elements) {
  bytes_.append(1, resp::kArray).append(std::to_string(elements)).append("\r\n");
  return *this;
}

PushFrame& PushFrame::null(RespVersion version) {
  bytes_.append(version == RespVersion::resp3 ? "_\r\n" : "$-1\r\n");
  return only_for(version);
}

void PushFrame::share() {
  if (shared_ || bytes_.size() < kSharedBytes) return;
  shared_ = SharedBytes::copy_of(bytes_);
  bytes_ = {};
}

void PushFrame::append_to(OutputChain& output, RespVersion version) {
  const char push = version == RespVersion::resp3 ? resp::kPush : resp::kArray;
  const char type = type_ != 0 ? type_ : push;
  output.append(std::string_view(&type, 1));
  share();
  if (!shared_) [[likely]]
    return output.append(bytes_);
  SharedBytes reference = shared_;
  output.append_external(shared_.view(), reference.detach(),
                         [](void* block) { SharedBytes::attach(block); });
}

}  // namespace larder
