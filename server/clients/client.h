// A client's session without its socket: who it is, what it chose, and what it has done so far.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/output_chain.h"
#include "protocol/resp.h"
#include "server/base/result.h"

namespace larder {

class Client;
class Command;
class PushGatherer;

// What a session asks of the socket below it. Implemented in dispatch.
class ClientSocket {
 public:
  virtual std::string_view peer_address() const = 0;   // "127.0.0.1:50312", "/run/larder.sock:0"
  virtual std::string_view local_address() const = 0;
  virtual int fd() const = 0;
  virtual bool is_unix_socket() const = 0;
  // From this machine: over loopback or a unix socket.
  virtual bool is_local() const = 0;
  // Where replies and pushes go; tells the reactor that there is something to flush.
  virtual OutputChain& output() = 0;
  virtual const OutputChain& queued_output() const = 0;
  // The same place, without telling the reactor: what is written there leaves with what is written to
  // output() next, or after a call of it.
  virtual OutputChain& held_output() = 0;
  // Bytes of input that wait, that are free in the buffers, and that the parser keeps.
  virtual size_t input_bytes() const = 0;
  virtual size_t input_unused() const = 0;
  virtual size_t argument_bytes() const = 0;
  // Bytes that have come and gone since it connected.
  virtual uint64_t received_bytes() const = 0;
  virtual uint64_t sent_bytes() const = 0;
  // All memory of the session.
  virtual size_t memory() const = 0;
  virtual void close_after_flush() = 0;
  virtual void close_now() = 0;
  // One of the two was called: the session is over, though still in the list until the turn ends.
  virtual bool is_closing() const = 0;

 protected:
  ~ClientSocket() = default;
};

// The classes that output limits, CLIENT LIST and CLIENT KILL tell apart.
enum class ClientType : uint8_t { normal, replica, primary, pubsub };
// By the name that CLIENT KILL TYPE takes, in any case.
std::optional<ClientType> find_client_type(std::string_view name);

// Who a client is logged in as, as far as anybody below server/acl needs to know.
struct ClientUser {
  explicit ClientUser(std::string_view user_name) : name(user_name) {}

  std::string name;
  // No rule keeps the user from anything: what nearly every request asks.
  bool is_unrestricted = true;
};

// CLIENT REPLY: whether replies are sent at all.
enum class ReplyMode : uint8_t { on, off, skip_next, skip_this };

class Client {
 public:
  Client(uint64_t client_id, ClientSocket& client_socket, int64_t now_ms)
      : id(client_id), socket(client_socket), created_ms(now_ms), last_request_ms(now_ms) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const uint64_t id;
  ClientSocket& socket;
  ClientType type = ClientType::normal;

  // What the client chose. RESET puts these back (reset()).
  std::string name;
  std::string library_name;     // CLIENT SETINFO LIB-NAME; survive RESET
  std::string library_version;
  size_t database = 0;
  RespVersion resp_version = RespVersion::resp2;
  ReplyMode reply_mode = ReplyMode::on;
  bool no_evict = false;
  bool no_touch = false;

  // Its requests are being run: it may be in the middle of a reply.
  bool is_being_answered = false;
  PushGatherer* gatherer = nullptr;  // keeps pushes back, so that several leave at once; see Pushes
  size_t waiting_push_bytes = 0;  // of pushes that wait for the end of that reply; see Pushes
  // What features let stand between this client and its commands, behind all other gates.
  using Gate = Status (*)(const Client& client, const Command& command);
  std::vector<Gate> gates;
  void add_gate(Gate gate) {
    if (std::find(gates.begin(), gates.end(), gate) == gates.end()) gates.push_back(gate);
  }
  void remove_gate(Gate gate) { std::erase(gates, gate); }
  // MONITOR: it is sent what others do, and may fall behind as far as one that listens to channels.
  bool is_monitor = false;
  struct Subscriptions {
    size_t channels = 0;
    size_t patterns = 0;
    size_t shard_channels = 0;
    size_t total() const { return channels + patterns + shard_channels; }
  } subscriptions;
  // Client-side caching: what CLIENT LIST shows of it.
  struct Tracking {
    bool is_on = false;
    bool is_broadcast = false;
    bool is_redirect_broken = false;
    uint32_t reader = 0;    // its number among those who track, for who keeps the rest
    uint64_t redirect = 0;  // the id of the client that is told instead; 0: none
  } tracking;
  // MULTI: how many requests wait for EXEC, and what they take.
  static constexpr int64_t kNoTransaction = -1;
  int64_t queued_requests = kNoTransaction;
  size_t queued_bytes = 0;
  bool is_in_transaction() const { return queued_requests != kNoTransaction; }
  size_t watched_keys = 0;
  bool watched_key_changed = false;

  bool is_authenticated = false;
  // Its request waits: for a key, for time to pass, or for the end of CLIENT PAUSE.
  bool is_blocked = false;
  // Shared with access control, whose changes of the rules are seen at once. nullptr: the server's own.
  std::shared_ptr<const ClientUser> user;

  // What it did.
  const int64_t created_ms;
  int64_t last_request_ms;
  // When the requests that are being run could be read (or, of one that waited, was served), by
  // monotonic_us(); 0: never yet.
  int64_t readable_us = 0;
  std::string_view last_command = "NULL";  // full name; lives as long as the command table
  uint64_t commands = 0;

  // Puts everything back that RESET does, but for the login, which the dispatcher decides about.
  void reset() {
    name.clear();
    database = 0;
    resp_version = RespVersion::resp2;
    // A RESET that was to go unheard does; the mode ends with it anyway.
    if (reply_mode != ReplyMode::skip_this) reply_mode = ReplyMode::on;
    no_evict = false;
    no_touch = false;
  }
};

// Whether a text a client chose for itself can stand in CLIENT LIST: printable ASCII, no spaces.
bool is_listable(std::string_view text);

// One line of CLIENT LIST and CLIENT INFO, without a line end. The fields and their order are those of
// Redis 7.2; those of features that are not there yet have the value of a client that does not use them.
// What later versions have besides stands at the end, so that nobody who counts fields is misled.
std::string describe(const Client& client, int64_t now_ms);
// None, where the clock was set back since.
inline int64_t seconds_since(int64_t moment_ms, int64_t now_ms) {
  return now_ms > moment_ms ? (now_ms - moment_ms) / 1000 : 0;
}

}  // namespace larder
