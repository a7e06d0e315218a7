#include "server/clients/client.h"

#include <sys/uio.h>

#include <array>

#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

// More waiting chunks than this are not counted one by one.
constexpr size_t kMaxCountedChunks = 64;

constexpr std::pair<std::string_view, ClientType> kTypeNames[] = {
    {"normal", ClientType::normal},   {"master", ClientType::primary},
    {"replica", ClientType::replica}, {"slave", ClientType::replica},
    {"pubsub", ClientType::pubsub},
};

std::string flags_of(const Client& client) {
  std::string flags;
  if (client.is_monitor) flags += 'O';
  if (client.type == ClientType::replica) flags += 'S';
  if (client.type == ClientType::primary) flags += 'M';
  if (client.type == ClientType::pubsub) flags += 'P';
  if (client.is_in_transaction()) flags += 'x';
  if (client.is_blocked) flags += 'b';
  if (client.tracking.is_on) flags += 't';
  if (client.tracking.is_redirect_broken) flags += 'R';
  if (client.tracking.is_broadcast) flags += 'B';
  if (client.watched_key_changed) flags += 'd';
  if (client.socket.is_unix_socket()) flags += 'U';
  if (client.no_evict) flags += 'e';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

size_t waiting_chunks(const OutputChain& output) {
  std::array<iovec, kMaxCountedChunks> chunks;
  return output.empty() ? 0 : output.fill(chunks);
}

// "name=value" after "name=value", with spaces between.
class Line {
 public:
  Line& add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += ' ';
    text_.append(name).append("=").append(value);
    return *this;
  }
  Line& add(std::string_view name, int64_t value) { return add(name, to_text(value)); }
  Line& add(std::string_view name, size_t value) { return add(name, static_cast<int64_t>(value)); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_session(Line& line, const Client& client, int64_t now_ms) {
  line.add("id", static_cast<size_t>(client.id))
      .add("addr", client.socket.peer_address())
      .add("laddr", client.socket.local_address())
      .add("fd", int64_t{client.socket.fd()})
      .add("name", client.name)
      .add("age", seconds_since(client.created_ms, now_ms))
      .add("idle", seconds_since(client.last_request_ms, now_ms))
      .add("flags", flags_of(client))
      .add("db", client.database)
      .add("sub", client.subscriptions.channels)
      .add("psub", client.subscriptions.patterns)
      .add("ssub", client.subscriptions.shard_channels)
      .add("multi", client.queued_requests);
}

// Larder has one growing chain of output where Redis has a fixed buffer and a list behind it: rbs
// and omem are the memory of the chain, rbp and obl what waits in it.
void add_buffers(Line& line, const Client& client) {
  const OutputChain& output = client.socket.queued_output();
  line.add("qbuf", client.socket.input_bytes())
      .add("qbuf-free", client.socket.input_unused())
      .add("argv-mem", client.socket.argument_bytes())
      .add("multi-mem", client.queued_bytes)
      .add("rbs", output.memory())
      .add("rbp", output.bytes())
      .add("obl", output.bytes())
      .add("oll", waiting_chunks(output))
      .add("omem", output.memory())
      .add("tot-mem", client.socket.memory())
      .add("events", output.empty() ? "r" : "rw");
}

}  // namespace

std::optional<ClientType> find_client_type(std::string_view name) {
  for (const auto& [known, type] : kTypeNames) {
    if (equals_ignoring_case(known, name)) return type;
  }
  return std::nullopt;
}

bool is_listable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

std::string describe(const Client& client, int64_t now_ms) {
  Line line;
  add_session(line, client, now_ms);
  add_buffers(line, client);
  line.add("cmd", client.last_command)
      .add("user", client.user == nullptr ? std::string_view("(superuser)") : client.user->name)
      .add("redir", client.tracking.is_on ? static_cast<int64_t>(client.tracking.redirect) : -1)
      .add("resp", static_cast<int64_t>(client.resp_version))
      .add("lib-name", client.library_name)
      .add("lib-ver", client.library_version)
      .add("watch", client.watched_keys)
      .add("tot-net-in", static_cast<int64_t>(client.socket.received_bytes()))
      .add("tot-net-out", static_cast<int64_t>(client.socket.sent_bytes()))
      .add("tot-cmds", static_cast<int64_t>(client.commands));
  return line.take();
}

}  // namespace larder
