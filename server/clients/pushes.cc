#include "server/clients/pushes.h"

#include <string>

#include "server/base/clock.h"
#include "server/base/log.h"

namespace larder {
namespace {

constexpr size_t kHeaderBytes = 24;  // of an element: a type byte, 20 digits, CR LF

void close_as_too_slow(Client& client) {
  log::warning("Client " + describe(client, wall_clock_ms()) +
               " scheduled to be closed ASAP for overcoming of output buffer limits.");
  client.socket.close_now();
}

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

void Pushes::send(Client& client, PushFrame& frame) {
  if (client.socket.is_closing()) return;
  if (client.is_being_answered) [[unlikely]] {
    // What waits counts as what is queued.
    client.waiting_push_bytes += frame.size() + sizeof(Waiting);
    const OutputChain& output = client.socket.queued_output();
    if (output.bytes() + client.waiting_push_bytes > output.limit()) [[unlikely]] {
      return close_as_too_slow(client);
    }
    frame.share();
    waiting_.push_back({client.id, frame});
    return;
  }
  deliver(client, frame);
}

void Pushes::deliver(Client& client, PushFrame& frame) {
  if (!frame.is_for(client.resp_version)) return;
  OutputChain& output = client.socket.output();
  frame.append_to(output, client.resp_version);
  if (output.overflowed()) [[unlikely]]
    close_if_overflowed(client);
}

void Pushes::deliver_waiting(Client& client) {
  if (client.waiting_push_bytes == 0) return;
  client.waiting_push_bytes = 0;
  for (Waiting& waiting : waiting_) {
    if (waiting.client == client.id && !client.socket.is_closing()) deliver(client, waiting.frame);
  }
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.client == client.id; });
  // One command may have changed a million keys that somebody tracks.
  if (waiting_.empty() && waiting_.capacity() > kKeptRoom) std::vector<Waiting>().swap(waiting_);
}

void close_if_overflowed(Client& client) {
  if (client.socket.queued_output().overflowed() && !client.socket.is_closing()) {
    close_as_too_slow(client);
  }
}

}  // namespace larder
