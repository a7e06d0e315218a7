// The part of the Dispatcher that lets requests wait: for the end of CLIENT PAUSE, or for keys.
#include <algorithm>
#include <utility>

#include "server/base/clock.h"
#include "server/dispatch/answering.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/reply_mode.h"

namespace larder {

// --- Kept requests, and the pause ---

bool Dispatcher::has_not_come(int64_t moment_ms) {
  return moment_ms > monotonic_ms();
}

bool Dispatcher::has_to_wait(const Command* command, const Session& session) const {
  if (command == nullptr || !is_paused()) return false;
  // Somebody has to be able to end the pause.
  if (command->full_name().starts_with("client|")) return false;
  if (has_not_come(pause_all_until_ms_)) return true;
  if (command->has(kWrite | kMayReplicate)) return true;
  return session.transaction != nullptr && is_exec(*command) &&
         (session.transaction->flags & (kWrite | kMayReplicate)) != 0;
}

void Dispatcher::keep(Session& session, std::span<const std::string_view> arguments) {
  set_kept(session, std::make_unique<KeptRequest>(arguments, std::move(session.large)));
  session.drop_large();
  session.client.is_blocked = true;
}

// Returns the former one. The only place that sets it, so that they are counted.
std::unique_ptr<KeptRequest> Dispatcher::set_kept(Session& session,
                                                  std::unique_ptr<KeptRequest> kept) {
  std::unique_ptr<KeptRequest> former = std::exchange(session.kept, std::move(kept));
  if (former != nullptr) kept_count_--;
  if (session.kept != nullptr) kept_count_++;
  return former;
}

// Runs a request that has waited. If it has to wait on, it is kept as it was.
void Dispatcher::run_kept(Session& session) {
  std::unique_ptr<KeptRequest> kept = set_kept(session, nullptr);
  session.client.is_blocked = false;
  session.large = kept->large;
  ReplyWriter reply(session.connection().output(), session.client.resp_version);
  Context context(services_, session.client, reply);
  context.has_waited = session.waiter != nullptr;
  // To wait for a key is what the client wants; what follows is not.
  if (context.has_waited) session.client.readable_us = monotonic_us();
  const OutputClassOf former(session.client);
  {
    const Answering answering(services_.clients, session.client);
    const CommandTimer::Exactly exactly(timer_);
    weight_ = sampler_.picks_next(services_.hooks.measure_one_of);
    execute(context, services_.commands.resolve(kept->arguments), kept->arguments, {});
    weight_ = 0;
  }
  session.drop_large();
  if (session.client.is_blocked && session.kept == nullptr) set_kept(session, std::move(kept));
  if (OutputClassOf(session.client) != former) set_limits(session);
  close_if_overflowed(session.client);
}

// Each mode keeps the latest of its ends: a short pause of everything does not become as long as
// the pause of writes beside it.
void Dispatcher::pause(PauseMode mode, int64_t for_ms) {
  const int64_t until_ms = monotonic_ms() + for_ms;
  pause_until_ms_ = std::max(pause_until_ms_, until_ms);
  if (mode == PauseMode::all) pause_all_until_ms_ = std::max(pause_all_until_ms_, until_ms);
}

void Dispatcher::unpause() {
  pause_until_ms_ = 0;
  pause_all_until_ms_ = 0;
  run_held_again();
  // What became ready during the pause was left alone.
  serve_blocked();
}

// Notices that a pause is over.
void Dispatcher::end_pauses() {
  if (!is_paused()) return unpause();
  if (pause_all_until_ms_ == 0 || has_not_come(pause_all_until_ms_)) return;
  pause_all_until_ms_ = 0;
  run_held_again();
}

void Dispatcher::run_held_again() {
  for (const auto& [id, session] : sessions_) {
    if (session->kept != nullptr && session->waiter == nullptr &&
        !session->connection().is_closing()) {
      session->connection().run_again();
    }
  }
}

// --- Blocking ---

void Dispatcher::block(Client& client, std::span<const std::string_view> arguments, Wait wait) {
  Session& session = *static_cast<Session*>(&client.socket);
  // A request counts when it is answered, and then once: see call_alone.
  client.commands--;
  client.is_blocked = true;
  if (session.waiter != nullptr) return;  // it was run again in vain
  keep(session, arguments);
  for (auto& [index, text] : wait.replacements) {
    session.kept->arguments[index] = session.kept->replaced.emplace_back(std::move(text));
  }
  session.connection().hold();
  blocking_.add(session, std::move(wait));
}

void Dispatcher::serve_blocked() {
  // A pause may hold back writes only, but then nothing changes that others could wait for.
  if (is_paused() || runs_transaction_) return;
  if (!blocking_.has_ready()) return;
  // What made keys ready may have taken its time, and a key that has expired meanwhile serves
  // nobody.
  services_.keyspace.set_now_ms(wall_clock_ms());
  while (Session* session = blocking_.next_to_serve()) {
    // Who is gone must not take an element along.
    if (session->connection().is_closing() || session->connection().at_end()) continue;
    run_kept(*session);
    if (!session->client.is_blocked) end_wait(*session);
  }
  timer_.pause();
}

void Dispatcher::end_wait(Session& session) {
  blocking_.remove(session);
  set_kept(session, nullptr);
  session.client.is_blocked = false;
  session.connection().release();
  // Requests that came behind the one that waited.
  if (!session.connection().unread().empty()) session.connection().run_again();
}

// Answers a request that waits without running it again, and lets the client go on.
template <class Write>
void Dispatcher::answer_waiting(Session& session, Write&& write) {
  session.client.is_blocked = false;
  ReplyWriter reply(session.connection().output(), session.client.resp_version);
  Context context(services_, session.client, reply);
  const Command* command = services_.commands.resolve(session.kept->arguments);
  context.begin(*command, session.kept->arguments, {}, session.kept->large);
  session.client.commands++;
  {
    const Answering answering(services_.clients, session.client);
    obey_reply_mode(context, [&] { write(context, command); });
  }
  timer_.count({*command, 1, std::exchange(session.spent_ns, 0), &session.client,
                session.kept->arguments});
  session.client.readable_us = monotonic_us();
  served_.add(session, *command, 1);
  services_.pushes.deliver_waiting(session.client);
  close_if_overflowed(session.client);
  end_wait(session);
}

bool Dispatcher::unblock(Client& client, bool with_error) {
  Session& session = *static_cast<Session*>(&client.socket);
  if (session.waiter == nullptr || session.connection().is_closing()) return false;
  answer_waiting(session, [&](Context& context, const Command* command) {
    if (with_error) return fail(context, command, errors::unblocked().text(), false);
    session.waiter->wait.at_timeout(context);
  });
  return true;
}

void Dispatcher::end_overdue_waits() {
  services_.keyspace.set_now_ms(wall_clock_ms());
  const int64_t now_ms = monotonic_ms();
  while (Session* session = blocking_.find_overdue(now_ms)) {
    answer_waiting(*session, [&](Context& context, const Command*) {
      session->waiter->wait.at_timeout(context);
    });
  }
}

BlockedCounts Dispatcher::blocked() const {
  BlockedCounts counts{.clients = kept_count_};
  blocking_.count(counts);
  return counts;
}

}  // namespace larder
