#include "server/clients/pushes.h"

#include <string>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/clients/invalidation.h"

namespace larder {
namespace {

void close_as_too_slow(Client& client) {
  const std::string text = "Client " + describe(client, wall_clock_ms()) +
                           " scheduled to be closed ASAP for overcoming of output buffer limits.";
  // Strangers can do this as often as they like, and are not to fill the log.
  client.is_authenticated ? log::warning(text) : log::verbose(text);
  client.socket.close_now();
}

}  // namespace

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

void Pushes::invalidate(Client& client, Invalidation& message) {
  const bool is_gathered = client.gatherer != nullptr && !client.is_being_answered;
  if (!is_gathered) [[likely]]
    return send(client, message.frame(client.resp_version));
  if (!client.socket.is_closing()) client.gatherer->add(message);
}

void Pushes::deliver(Client& client, PushFrame& frame) {
  if (!frame.is_for(client.resp_version)) return;
  if (client.gatherer != nullptr) [[unlikely]]
    return client.gatherer->add(frame);
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
