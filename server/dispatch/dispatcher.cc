#include "server/dispatch/dispatcher.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/acl/acl.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/dispatch/answering.h"
#include "server/dispatch/reply_mode.h"

namespace larder {
namespace {

// What the server holds for somebody who has not logged in yet.
constexpr size_t kUnauthenticatedOutputBytes = 64 * 1024;

// The smallest limit of output there is. Redis does not count its fixed buffer of this size: with a limit
// that is smaller a client can still talk to it.
constexpr uint64_t kLeastOutputLimit = 16 * 1024;

// How long a client that is being closed may read nothing of what is left for it.
constexpr int64_t kMaxClosingMs = 60'000;

// How long a client may read nothing of more output than unread-output-limit.
constexpr int64_t kMaxUnreadMs = 10'000;

constexpr int64_t kHttpWarningIntervalMs = 60'000;

// The beginnings of a request line and of a header of HTTP.
bool is_http(std::string_view name) {
  return equals_ignoring_case(name, "post") || equals_ignoring_case(name, "host:");
}

// A request of so many bytes is timed by itself.
constexpr size_t kLargeRequestBytes = 16 * 1024;

// Longer than this is always told to who listens to measured requests.
constexpr int64_t kLongRequestNs = 250'000;

size_t decimal_digits(size_t number) {
  size_t digits = 1;
  for (; number >= 10; number /= 10) digits++;
  return digits;
}

// The bytes of a request as clients send it: an array of bulk strings.
size_t wire_bytes(std::span<const std::string_view> arguments) {
  // Of a length: its type byte and CR LF, behind the text CR LF.
  constexpr size_t kHeader = 3;
  constexpr size_t kEnd = 2;
  size_t bytes = kHeader + decimal_digits(arguments.size());
  for (const std::string_view argument : arguments) {
    bytes += kHeader + decimal_digits(argument.size()) + argument.size() + kEnd;
  }
  return bytes;
}

// A count may have begun anew meanwhile: CONFIG RESETSTAT is a command too.
uint64_t grown_by(uint64_t now, uint64_t before) {
  return now >= before ? now - before : now;
}

}  // namespace

Dispatcher::~Dispatcher() = default;

Session& Dispatcher::open(Connection& connection, const std::optional<std::string>& certified_user) {
  auto session = std::make_unique<Session>(connection, services_.keyspace.now_ms());
  Session& opened = *session;
  connection.owner = &opened;
  sessions_.emplace(connection.id(), std::move(session));
  services_.clients.add(opened.client);
  services_.acl.log_in_by_default(opened.client);
  if (certified_user) services_.acl.log_in_by_certificate(opened.client, *certified_user);
  set_limits(opened);
  return opened;
}

void Dispatcher::close(Connection& connection) {
  if (connection.owner == nullptr) return;
  Session& session = session_of(connection);
  if (connection.queued_output().overflowed()) ++stats_.output_limit_disconnections;
  if (session.waiter != nullptr) blocking_.remove(session);
  discard_transaction(session.client);
  client_memory_.forget(session);
  served_.forget(session);
  services_.hooks.client_closed(session.client);
  services_.clients.remove(connection.id());
  connection.owner = nullptr;
  set_kept(session, nullptr);
  sessions_.erase(connection.id());
}

// --- Collecting ---

void Dispatcher::run_turn(std::span<Connection* const> ready, int64_t began_us) {
  if (shrinks_after_turn_) [[unlikely]] shrink_buffers();
  is_in_turn_ = true;
  services_.keyspace.set_now_ms(wall_clock_ms());
  services_.keyspace.eviction.begin_turn();
  if (pause_until_ms_ != 0) [[unlikely]] end_pauses();
  begin_turn(ready, began_us);
  for (bool is_first = true; !active_.empty(); is_first = false) {
    run_round(is_first);
    if (turn_.requests >= turn_.bound || turn_.now_ns >= turn_.end_ns) break;
  }
  finish_turn();
  is_in_turn_ = false;
}

void Dispatcher::begin_turn(std::span<Connection* const> ready, int64_t began_us) {
  active_.clear();
  unserved_.clear();
  had_share_.clear();
  for (Connection* connection : ready) {
    if (connection->owner == nullptr) continue;
    Session& session = session_of(*connection);
    switch (std::exchange(session.left, Session::Left::nothing)) {
      case Session::Left::everything: unserved_.push_back(&session); break;
      case Session::Left::nothing: active_.push_back(&session); break;
      case Session::Left::rest: had_share_.push_back(&session); break;
    }
    // What was left over from the last turn, or is kept, has waited since then.
    if (!session.parser_may_continue && session.kept == nullptr) {
      session.client.readable_us = connection->readable_us(began_us);
    }
  }
  const size_t passed_over = unserved_.size();
  active_.insert(active_.begin(), unserved_.begin(), unserved_.end());
  active_.insert(active_.end(), had_share_.begin(), had_share_.end());
  const Hooks& hooks = services_.hooks;
  const size_t half = (active_.size() + 1) / 2;
  const size_t sharing = std::clamp<size_t>(half, 1, kFairConnections);
  const bool is_timed = hooks.turn_finished.is_used() && !active_.empty();
  const int64_t began_ns = is_timed ? monotonic_ns() : began_us * 1000;
  turn_ = {.share = std::clamp<size_t>(hooks.pace.turn_requests / sharing, 1, kMostShare),
           .bound = std::max<size_t>(hooks.pace.turn_requests, 1),
           .served_first = std::max(half, passed_over),
           .began_ns = began_ns,
           .end_ns = (began_us + hooks.pace.turn_us) * 1000,
           .latest_ns = began_ns + kMostTurns * hooks.pace.turn_us * 1000};
  large_request_bytes_ = std::min(kLargeRequestBytes, hooks.large_request_bytes);
}

// A share of each session, in batches. Leaves those in active_ that have more to run.
void Dispatcher::run_round(bool is_first) {
  had_share_.clear();
  unserved_.clear();
  size_t next = 0;
  // So many have their share whatever the bound says.
  const size_t served_first = is_first ? turn_.served_first : 0;
  while (next < active_.size()) {
    batch_.clear();
    const size_t first = next;
    // Where a turn is to be of few requests they take long, and the time is looked at after as few.
    const size_t most = turn_.requests + turn_.bound;
    // What was kept runs at once, and counts.
    for (; next < active_.size() && !batch_.is_full(); next++) {
      if (turn_.requests + batch_.size() >= (next < served_first ? most : turn_.bound)) break;
      collect(*active_[next]);
    }
    prepare();
    const uint32_t measure_one_of = services_.hooks.measure_one_of;
    if (measure_one_of != 0) sampler_.pass(batch_.requests(), measure_one_of);
    turn_.requests += batch_.size();
    turn_.now_ns = run_batch();
    for (size_t done = first; done < next; done++) {
      Session& session = *active_[done];
      const bool has_more = !session.is_stopped() && !session.connection().unread().empty() &&
                            session.parser_may_continue;
      const bool is_unserved = std::ranges::find(unserved_, &session) != unserved_.end();
      if (has_more && !is_unserved) had_share_.push_back(&session);
    }
    const bool is_full = turn_.requests >= turn_.bound && next >= served_first;
    if (is_full || turn_.now_ns >= (is_first ? turn_.latest_ns : turn_.end_ns)) break;
  }
  if (is_first) turn_.passed_over = unserved_.size() + (active_.size() - next);
  // Who has had nothing in this round is first in the next.
  active_.erase(active_.begin(), active_.begin() + static_cast<ptrdiff_t>(next));
  active_.insert(active_.begin(), unserved_.begin(), unserved_.end());
  active_.insert(active_.end(), had_share_.begin(), had_share_.end());
}

void Dispatcher::finish_turn() {
  for (size_t i = 0; i < active_.size(); i++) {
    Session& session = *active_[i];
    // What it has sent is as old in the next turn, whether or not a part of it has run.
    session.parser_may_continue = true;
    session.left = i < turn_.passed_over ? Session::Left::everything : Session::Left::rest;
    session.connection().run_again();
  }
  if (turn_.requests == 0 || !services_.hooks.turn_finished.is_used()) return;
  services_.hooks.turn_finished({.requests = turn_.requests,
                                 .prefetched_keys = turn_.prefetched_keys,
                                 .nanoseconds = turn_.now_ns - turn_.began_ns,
                                 .was_cut = !active_.empty()});
}

void Dispatcher::collect(Session& session) {
  session.parser_may_continue = false;
  if (session.connection().is_closing()) return;
  if (session.kept != nullptr && session.waiter == nullptr &&
      !has_to_wait(services_.commands.resolve(session.kept->arguments), session)) {
    // Who has left while it was held back does not want the request to run any more.
    if (session.connection().at_end()) return session.connection().close_now();
    session.connection().release();
    run_kept(session);
    turn_.requests++;
    timer_.pause();
    if (blocking_.has_ready()) serve_blocked();
  }
  if (session.is_stopped()) return;
  if (session.connection().output_is_backed_up()) {
    session.connection().run_again();
    return;
  }
  if (session.connection().is_in_large_read()) {
    if (!session.connection().large_read_done()) return;
    finish_large_read(session);
  }
  std::string_view unread = session.connection().unread();
  // The limits of the request behind an AUTH depend on how the AUTH went.
  const size_t share = session.client.is_authenticated ? turn_.share : 1;
  RequestLimits limits = rules_.request_limits;
  limits.authenticated = session.client.is_authenticated;
  for (size_t i = 0; i < share && !unread.empty(); i++) {
    if (!collect_one(session, limits, unread)) return;
  }
  session.parser_may_continue = !unread.empty();
}

// Returns whether to go on with this session's next request.
bool Dispatcher::collect_one(Session& session, const RequestLimits& limits,
                             std::string_view& unread) {
  const bool is_first = unread.size() == session.connection().unread().size();
  switch (session.parser.parse(unread, limits, batch_.arguments())) {
    case RequestParser::Outcome::complete: {
      const size_t bytes = session.parser.consumed();
      unread.remove_prefix(bytes);
      const bool is_large = bytes >= large_request_bytes_;
      batch_.add(session, bytes,
                 is_large ? BatchedRequest::Kind::large : BatchedRequest::Kind::ordinary);
      if (session.large.empty()) [[likely]] return true;
      // A request with large arguments runs alone, so that they are not mixed with those of the next.
      batch_.requests().back().kind = BatchedRequest::Kind::large;
      session.parser_may_continue = !unread.empty();
      return false;
    }
    case RequestParser::Outcome::need_more:
      check_input(session, session.connection().unread().size());
      return false;
    case RequestParser::Outcome::large_bulk:
      // What came before it runs first; the parser finds the large argument again then.
      if (is_first) {
        start_large_read(session);
      } else {
        session.parser_may_continue = true;
      }
      return false;
    case RequestParser::Outcome::error:
      batch_.add(session, 0, BatchedRequest::Kind::malformed);
      return false;
  }
  return false;
}

void Dispatcher::start_large_read(Session& session) {
  const size_t offset = session.parser.large_bulk_offset();
  const size_t bytes = session.parser.large_bulk_bytes();
  // What has come of it already is part of `bytes`; what came before it are `offset` bytes.
  if (!check_input(session, offset + bytes)) return;
  session.parser_may_continue = session.connection().begin_large_read(offset, bytes);
}

void Dispatcher::finish_large_read(Session& session) {
  session.large.push_back(session.connection().take_large_read());
  session.large_bytes += session.large.back().size();
  session.parser.set_large_bulk(session.large.back().view());
}

// Whether the client may send a request of so many bytes, and those of its large arguments; closes it
// if not.
bool Dispatcher::check_input(Session& session, size_t bytes) {
  const size_t limit = rules_.max_input_bytes;
  const size_t held = session.large_bytes + session.client.queued_bytes;
  if (held <= limit && bytes <= limit - held) return true;
  ++stats_.input_limit_disconnections;
  log::warning("Closing client that reached max query buffer length: " +
               describe(session.client, services_.keyspace.now_ms()));
  session.connection().close_now();
  return false;
}

// --- Looking ahead ---

// Finds the commands, and brings near what they will look at.
void Dispatcher::prepare() {
  const bool looks_ahead = services_.hooks.pace.looks_ahead;
  batch_.start_hashes();
  if (looks_ahead) look_ahead_.begin();
  for (BatchedRequest& request : batch_.requests()) {
    if (request.argument_count == 0) continue;
    const auto arguments = batch_.arguments_of(request);
    request.command = services_.commands.resolve(arguments);
    if (request.command == nullptr || !looks_ahead) continue;
    look_ahead_.add(*request.command, arguments, batch_.hashes_of(request),
                    request.session->client.database);
  }
  if (looks_ahead) turn_.prefetched_keys += look_ahead_.finish(batch_);
}

// --- Running ---

// Returns the clock, in nanoseconds.
int64_t Dispatcher::run_batch() {
  const auto requests = batch_.requests();
  const Hooks& hooks = services_.hooks;
  for (size_t i = 0; i < requests.size();) {
    Session& session = *requests[i].session;
    if (session.is_stopped()) {
      i++;
      continue;
    }
    ReplyWriter reply(session.connection().output(), session.client.resp_version);
    Context context(services_, session.client, reply);
    const OutputClassOf former(session.client);
    const OutputChain& output = session.connection().queued_output();
    size_t queued = output.bytes();
    bool was_served = false;
    {
      const Answering answering(services_.clients, session.client);
      for (; i < requests.size() && requests[i].session == &session; i++) {
        if (session.is_stopped() || has_to_come_later(session)) break;
        run(requests[i], context);
        was_served = true;
        const size_t bytes = output.bytes() - std::exchange(queued, output.bytes());
        if (bytes >= hooks.large_reply_bytes) [[unlikely]] {
          report_large_reply(requests[i], context, bytes);
        }
      }
      note_served(session.client);
    }
    const bool is_cut = i < requests.size() && requests[i].session == &session;
    // A run keeps the arguments of its first request.
    if (session.parser.keeps_arguments() || session.is_stopped() || is_cut) [[unlikely]] {
      timer_.end_run();
    }
    if (session.is_stopped() || is_cut) [[unlikely]] {
      // Requests that were parsed and not run stay in the buffer; the parser begins again with them.
      session.parser.reset();
      session.parser_may_continue = true;
      if (!was_served) unserved_.push_back(&session);
      for (; i < requests.size() && requests[i].session == &session; i++) turn_.requests--;
    }
    if (OutputClassOf(session.client) != former) set_limits(session);
    session.parser.release_arguments();
    close_if_overflowed(session.client);
  }
  return timer_.pause();
}

// Its requests stay in the buffer: nobody reads the replies, or requests that took long have used up the
// turn. One with large arguments has left the buffer in part.
bool Dispatcher::has_to_come_later(const Session& session) const {
  if (!session.large.empty()) return false;
  return session.connection().output_is_backed_up() || timer_.last_end_ns() > turn_.latest_ns;
}

void Dispatcher::run(BatchedRequest& request, Context& context) {
  Session& session = *request.session;
  if (request.kind == BatchedRequest::Kind::malformed) [[unlikely]] return reject_malformed(session);
  session.connection().consume(request.bytes);
  if (request.argument_count == 0) return;
  const auto arguments = batch_.arguments_of(request);
  if (request.command == nullptr && is_http(arguments[0])) [[unlikely]] return cut_off_http(session);
  if (pause_until_ms_ != 0 && has_to_wait(request.command, session)) {
    session.connection().hold();
    return keep(session, arguments);
  }
  if (request.kind != BatchedRequest::Kind::ordinary) [[unlikely]] {
    note_served(session.client);
    const CommandTimer::Exactly exactly(timer_);
    weight_ = request.kind == BatchedRequest::Kind::large ? 1 : sampler_.weight();
    execute(context, request.command, arguments, batch_.hashes_of(request));
    weight_ = 0;
  } else {
    execute(context, request.command, arguments, batch_.hashes_of(request));
  }
  session.drop_large();
  if (blocking_.has_ready()) [[unlikely]] {
    note_served(session.client);
    serve_blocked();
    // What those who were served have changed may be news to this client.
    services_.pushes.deliver_waiting(session.client);
  }
}

void Dispatcher::execute(Context& context, const Command* command,
                         std::span<const std::string_view> arguments,
                         std::span<const uint64_t> hashes) {
  Client& client = context.client;
  client.last_request_ms = services_.keyspace.now_ms();
  client.commands++;
  obey_reply_mode(context, [&] {
    if (Status passed = pass_gates(context, command, arguments, rules_.gates); !passed.is_ok())
        [[unlikely]] {
      return refuse(context, command, passed.text());
    }
    if (!client.gates.empty() || client.is_in_transaction()) [[unlikely]] {
      if (handle_mode(context, *command, arguments)) return;
    }
    call(context, *command, arguments, hashes, session_of(client).large);
  });
  if (client.waiting_push_bytes != 0) [[unlikely]] services_.pushes.deliver_waiting(client);
}

inline void Dispatcher::call(Context& context, const Command& command,
                             std::span<const std::string_view> arguments,
                             std::span<const uint64_t> hashes, std::span<SharedBytes> large) {
  context.client.last_command = command.full_name();
  running_command_.store(command.full_name().data(), std::memory_order_relaxed);
  context.begin(command, arguments, hashes, large);
  const bool joins_run = timer_.joins_run(command);
  if (!joins_run) note_served(context.client);
  if (!joins_run && !timer_.begins_run(context.client, command, arguments)) {
    call_alone(context);
  } else if (Status status = command.spec().function(context); !status.is_ok()) [[unlikely]] {
    fail(context, &command, status.text(), false);
  }
  if (!services_.hooks.after_command.is_used()) [[likely]] return;
  // Behind EXEC the context points at the last request of the transaction, which is gone.
  context.begin(command, arguments, hashes, large);
  services_.hooks.after_command(context);
}

// The calls of the run that goes on were this client's.
void Dispatcher::note_served(const Client& client) {
  if (const uint64_t calls = timer_.take_new_calls(); calls != 0) {
    served_.add(*static_cast<const Session*>(&client.socket), *timer_.run_command(), calls);
  }
}

// Runs a command that is timed by itself. Of the context only the reply is left to the caller: EXEC
// has pointed it at other requests.
void Dispatcher::call_alone(Context& context) {
  Client& client = context.client;
  const Command& command = context.command();
  const auto arguments = context.arguments();
  const size_t queued = client.socket.queued_output().bytes();
  const uint64_t hits = services_.keyspace.stats.keyspace_hits;
  const uint64_t misses = services_.keyspace.stats.keyspace_misses;
  const uint32_t weight = std::exchange(weight_, 0);
  timer_.begin_alone();
  if (Status status = command.spec().function(context); !status.is_ok()) [[unlikely]] {
    fail(context, &command, status.text(), false);
  }
  int64_t elapsed_ns = timer_.end_alone();
  const Hooks& hooks = services_.hooks;
  if (context.has_waited) elapsed_ns += std::exchange(session_of(client).spent_ns, 0);
  if (client.is_blocked) {
    session_of(client).spent_ns = elapsed_ns;
  } else {
    const int64_t queued_ns = context.has_waited ? 0 : timer_.queued_ns(client);
    timer_.count({command, 1, elapsed_ns, &client, arguments, queued_ns});
    // What EXEC runs has no reply of its own.
    if (!runs_transaction_) served_.add(session_of(client), command, 1);
    if (hooks.request_measured.is_used()) {
      report_measured({client, command, arguments, elapsed_ns, 0,
                       client.socket.queued_output().bytes() - queued,
                       grown_by(services_.keyspace.stats.keyspace_hits, hits),
                       grown_by(services_.keyspace.stats.keyspace_misses, misses), weight});
    }
    if (hooks.large_transfer.is_used()) {
      report_transfer({client, command, arguments, wire_bytes(arguments),
                       client.socket.queued_output().bytes() - queued});
    }
  }
  if (!context.has_waited) hooks.command_finished({client, command, arguments});
}

// Of a command that ran in a run of several. Those that are timed by themselves tell it themselves.
void Dispatcher::report_large_reply(const BatchedRequest& request, const Context& context,
                                    size_t bytes) {
  const auto arguments = batch_.arguments_of(request);
  // A request that was refused or queued has not been begun.
  const bool has_run = arguments.data() == context.arguments().data();
  if (!timer_.is_in_run() || !has_run) return;
  report_transfer({context.client, context.command(), arguments, wire_bytes(arguments), bytes});
}

// Tells of a request or a reply that is as large as somebody wants to know of.
void Dispatcher::report_transfer(const CommandTransfer& transfer) {
  const Hooks& hooks = services_.hooks;
  if (transfer.request_bytes >= hooks.large_request_bytes ||
      transfer.reply_bytes >= hooks.large_reply_bytes) {
    hooks.large_transfer(transfer);
  }
}

// Tells of a command that was picked, or that is always told because of its size or its time. Its
// bytes are counted here, for nobody else needs them.
void Dispatcher::report_measured(MeasuredRequest measured) const {
  // Whatever the clock says of a short command: what it took in runs is not told either.
  const bool is_long =
      measured.nanoseconds >= kLongRequestNs && !measured.command.is_timed_in_runs();
  if (is_long) measured.weight = 1;
  // What EXEC has run was told already.
  if (measured.weight == 0 || is_exec(measured.command)) return;
  measured.request_bytes = wire_bytes(measured.arguments);
  services_.hooks.request_measured(measured);
}

// Whether the request is done with: refused by the gate of what the client is doing, or queued.
bool Dispatcher::handle_mode(Context& context, const Command& command,
                             std::span<const std::string_view> arguments) {
  Client& client = context.client;
  for (const Client::Gate gate : client.gates) {
    if (Status passed = gate(client, command); !passed.is_ok()) {
      refuse(context, &command, passed.text());
      return true;
    }
  }
  if (!client.is_in_transaction() || runs_in_transaction(command)) return false;
  enqueue(context, command, arguments);
  return true;
}

// A gate has closed. In a transaction that is the end of it.
void Dispatcher::refuse(Context& context, const Command* command, std::string text) {
  Client& client = context.client;
  if (command != nullptr && is_exec(*command)) {
    discard_transaction(client);
    text = errors::transaction_discarded(text).text();
    // Who has seen MULTI is to see the end of it.
    const std::string_view exec = command->full_name();
    services_.hooks.command_finished({client, *command, {&exec, 1}});
  } else if (client.is_in_transaction()) {
    transaction_of(client).had_errors = true;
  }
  fail(context, command, text, true);
}

void Dispatcher::fail(Context& context, const Command* command, const std::string& text,
                      bool was_rejected) {
  context.reply.error(text);
  stats_.count_error(text);
  if (command != nullptr) was_rejected ? command->stats.rejected++ : command->stats.failed++;
}

void Dispatcher::reject_malformed(Session& session) {
  const Error error = errors::protocol(session.parser.error_reason());
  ReplyWriter reply(session.connection().output(), session.client.resp_version);
  reply.error(error.text());
  stats_.count_error(error.text());
  log::verbose("Protocol error from client: " + error.text() + ": " +
               describe(session.client, services_.keyspace.now_ms()));
  session.connection().close_after_flush();
}

// A web page can make a browser send requests here: nothing that follows in the body is to be run.
void Dispatcher::cut_off_http(Session& session) {
  const int64_t now_ms = monotonic_ms();
  session.connection().close_now();
  // Whoever can make a browser send one such request can make it send millions.
  if (http_warned_at_ms_ != 0 && now_ms - http_warned_at_ms_ < kHttpWarningIntervalMs) return;
  http_warned_at_ms_ = now_ms;
  log::warning(
      "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to "
      "Larder. This is likely due to an attacker attempting to use Cross Protocol Scripting to "
      "compromise your instance. Connection from " +
      session.connection().peer_address() + " aborted.");
}

// --- Transactions ---

Status Dispatcher::run_transaction(Context& context) {
  Client& client = context.client;
  Transaction& transaction = transaction_of(client);
  watched_keys_.notice_expired(transaction.watch);
  const bool had_errors = transaction.had_errors;
  const bool is_out_of_memory = (transaction.flags & kDenyOom) != 0 &&
                                !services_.keyspace.eviction.make_room(client.queued_bytes);
  // Making room may have cost a key that is watched.
  const bool has_changed = client.watched_key_changed;
  const std::vector<Transaction::Queued> queue = std::move(transaction.queue);
  if (had_errors || is_out_of_memory || has_changed) {
    discard_transaction(client);
    if (is_out_of_memory) return errors::transaction_discarded(errors::out_of_memory().text());
    if (had_errors) return errors::transaction_had_errors();
    context.reply.null_array();
    return ok;
  }
  // From here on its own writes do not matter.
  unwatch(client);
  context.may_block = false;
  runs_transaction_ = true;
  context.reply.array(queue.size());
  for (const auto& [command, request] : queue) {
    // The rules may be others now than when it was queued.
    if (Status allowed = services_.acl.check_queued(client, *command, request.arguments); !allowed.is_ok()) {
      fail(context, command, allowed.text(), true);
      continue;
    }
    const CommandTimer::Exactly exactly(timer_);
    weight_ = sampler_.picks_next(services_.hooks.measure_one_of);
    std::vector<SharedBytes> large = request.large;
    call(context, *command, request.arguments, {}, large);
  }
  runs_transaction_ = false;
  context.may_block = true;
  // What the client sent last is EXEC and not the last of its requests.
  client.last_command = "exec";
  discard_transaction(client);
  return ok;
}

// --- Limits ---

void Dispatcher::note_buffers(std::span<Connection* const> changed) {
  for (Connection* connection : changed) {
    if (connection->owner != nullptr) client_memory_.note(session_of(*connection));
  }
}

void Dispatcher::enforce_client_memory() {
  if (client_memory_.is_exceeded()) [[unlikely]] evict_clients(client_memory_.limit());
}

void Dispatcher::shrink_buffers() {
  // In the middle of a turn somebody walks over them.
  shrinks_after_turn_ = is_in_turn_;
  if (is_in_turn_) return;
  batch_ = Batch();
  look_ahead_.shrink();
  served_.shrink();
  std::vector<Session*>().swap(active_);
  std::vector<Session*>().swap(had_share_);
  std::vector<Session*>().swap(unserved_);
}

void Dispatcher::check_clients(int64_t idle_seconds, size_t calls) {
  client_memory_.hope_again();
  const int64_t now_ms = monotonic_ms();
  const auto& clients = services_.clients.all();
  // One that is not slow any more leaves the list here.
  const auto& slow = services_.clients.slow();
  for (auto next = slow.begin(); next != slow.end();) {
    check_client(session_of(*services_.clients.find(*next++)), idle_seconds, now_ms);
  }
  size_t left = std::max(kFewestChecked, clients.size() / calls + 1);
  auto next = clients.upper_bound(checked_id_);
  for (; next != clients.end() && left > 0; ++next, left--) {
    checked_id_ = next->first;
    if (slow.contains(checked_id_)) continue;
    check_client(session_of(*next->second), idle_seconds, now_ms);
  }
  if (next == clients.end()) checked_id_ = 0;
}

void Dispatcher::check_client(Session& session, int64_t idle_seconds, int64_t now_ms) {
  Connection& connection = session.connection();
  // What comes of a large argument makes no turn in which the session is looked at.
  if (client_memory_.has_limit()) client_memory_.note(session);
  if (connection.is_closing()) {
    if (connection.idle_ms() > kMaxClosingMs) connection.close_now();
    return;
  }
  // Who listens to channels, or to what others do, is silent by nature.
  if (idle_seconds > 0 && session.kept == nullptr && session.client.type != ClientType::pubsub &&
      !session.client.is_monitor && connection.idle_ms() > idle_seconds * 1000) {
    log::verbose("Closing idle client");
    return connection.close_now();
  }
  services_.clients.set_slow(connection.id(),
                             connection.queued_output().bytes() >= ClientList::kSlowBytes);
  check_output(session, now_ms);
}

// What waits for a client that may have all it wants at once, but has to read it.
void Dispatcher::check_output(Session& session, int64_t now_ms) {
  Connection& connection = session.connection();
  const OutputLimit* rule = output_limit_of(session.client);
  const size_t most_unread = rule != nullptr && rule->hard_bytes == 0 ? rules_.unread_output_bytes : 0;
  if (most_unread == 0 || connection.queued_output().bytes() <= most_unread) {
    connection.relent_if_stuck();
  } else if (connection.idle_ms() > kMaxUnreadMs) {
    return cut_off(session, "it reads nothing of its output.");
  }
  const uint64_t limit = rule == nullptr ? 0 : rule->soft_bytes;
  if (limit == 0 || connection.queued_output().memory() <= std::max(limit, kLeastOutputLimit)) {
    session.over_soft_limit_since_ms = 0;
  } else if (session.over_soft_limit_since_ms == 0) {
    session.over_soft_limit_since_ms = now_ms;
  } else if (static_cast<uint64_t>((now_ms - session.over_soft_limit_since_ms) / 1000) >
             rule->soft_seconds) {
    cut_off(session, "its output stayed above the soft limit.");
  }
}

void Dispatcher::cut_off(Session& session, std::string_view reason) {
  ++stats_.output_limit_disconnections;
  log::warning("Client " + describe(session.client, services_.keyspace.now_ms()) + " closed: " +
               std::string(reason));
  session.connection().close_now();
}

// nullptr: none.
const OutputLimit* Dispatcher::output_limit_of(const Client& client) const {
  // It is sent what others cause, at their speed.
  if (client.is_monitor) return &rules_.output_limits.of(OutputClass::pubsub);
  switch (client.type) {
    case ClientType::normal: return &rules_.output_limits.of(OutputClass::normal);
    case ClientType::replica: return &rules_.output_limits.of(OutputClass::replica);
    case ClientType::pubsub: return &rules_.output_limits.of(OutputClass::pubsub);
    case ClientType::primary: break;
  }
  return nullptr;
}

void Dispatcher::set_limits(Session& session) {
  const OutputLimit* rule = output_limit_of(session.client);
  size_t limit = rule == nullptr || rule->hard_bytes == 0
                     ? OutputChain::kNoLimit
                     : std::max(rule->hard_bytes, kLeastOutputLimit);
  const bool is_stranger = !session.client.is_authenticated;
  if (is_stranger) limit = std::min(limit, kUnauthenticatedOutputBytes);
  session.connection().output().set_limit(limit);
  session.connection().limit_unread(is_stranger ? kMostUnauthenticatedUnread : SIZE_MAX);
}

void Dispatcher::apply_limits() {
  for (const auto& [id, session] : sessions_) set_limits(*session);
}

}  // namespace larder
