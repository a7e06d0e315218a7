#include "server/dispatch/transaction.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "server/dispatch/dispatcher.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 6> kRunAtOnce = {"exec",  "discard", "multi",
                                                        "watch", "quit",    "reset"};

}  // namespace

bool runs_in_transaction(const Command& command) {
  return std::ranges::find(kRunAtOnce, command.full_name()) != kRunAtOnce.end();
}

bool is_exec(const Command& command) {
  return command.full_name() == "exec";
}

// --- The part of the Dispatcher that collects transactions; it runs them itself ---

Transaction& Dispatcher::transaction_of(Client& client) {
  Session& session = session_of(client);
  if (session.transaction == nullptr) session.transaction = std::make_unique<Transaction>(client);
  return *session.transaction;
}

void Dispatcher::begin_transaction(Client& client) {
  transaction_of(client);
  client.queued_requests = 0;
}

void Dispatcher::discard_transaction(Client& client) {
  unwatch(client);
  session_of(client).transaction.reset();
  client.queued_requests = Client::kNoTransaction;
  client.queued_bytes = 0;
}

void Dispatcher::watch(Client& client, const Key& key) {
  // Once a key has changed nothing can make that undone.
  if (client.watched_key_changed) return;
  WatchedKeys::Watch& watch = transaction_of(client).watch;
  watched_keys_.add(watch, services_.keyspace.database(client.database), key);
  client.watched_keys = watch.size();
}

void Dispatcher::unwatch(Client& client) {
  if (Session& session = session_of(client); session.transaction != nullptr) {
    watched_keys_.clear(session.transaction->watch);
  }
  client.watched_keys = 0;
  client.watched_key_changed = false;
}

void Dispatcher::enqueue(Context& context, const Command& command,
                         std::span<const std::string_view> arguments) {
  Client& client = context.client;
  Session& session = session_of(client);
  Transaction& transaction = *session.transaction;
  context.reply.simple("QUEUED");
  // What will not run need not be kept.
  if (transaction.had_errors || client.watched_key_changed) return;
  transaction.queue.push_back({&command, KeptRequest(arguments, session.large)});
  transaction.flags |= command.flags();
  client.queued_requests++;
  client.queued_bytes += transaction.queue.back().request.memory() + sizeof(Command*);
  check_input(session, session.connection().unread().size());
}

}  // namespace larder
