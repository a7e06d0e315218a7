#include "server/dispatch/blocking.h"

#include <algorithm>
#include <utility>

#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/dispatch/session.h"

namespace larder {
namespace {

// Whether running this request again makes sense now that the key holds this entry (nullptr:
// nothing).
bool is_served_by(const Wait& wait, const Entry* entry) {
  return wait.wakes_on_removal || (entry != nullptr && entry->type() == wait.type);
}

}  // namespace

void Blocking::add(Session& session, Wait wait) {
  LARDER_ASSERT(session.waiter == nullptr && session.kept != nullptr);
  // Rounded up, as nobody is to wait less than it asked for.
  const int64_t deadline_ms =
      wait.timeout_ms == 0 ? kNever : (monotonic_us() + 999) / 1000 + wait.timeout_ms;
  session.waiter.reset(new Waiter{&session, std::move(wait), ++last_order_, deadline_ms, {}});
  Waiter& waiter = *session.waiter;
  const auto keys =
      std::span(session.kept->arguments).subspan(waiter.wait.first_key, waiter.wait.key_count);
  for (const std::string_view key : keys) {
    Queue& queue = queue_of(session.client.database, key);
    // A key that is named twice counts once.
    if (!queue.waiters.emplace(waiter.order, &waiter).second) continue;
    waiter.queues.push_back(&queue);
    queue.awaited_types[static_cast<size_t>(waiter.wait.type)]++;
    if (waiter.wait.wakes_on_removal && queue.on_removal++ == 0) removal_queues_++;
  }
  if (deadline_ms != kNever) deadlines_.emplace(deadline_ms, &waiter);
  if (!queues_.empty() && change_listener_ == 0) listen();
}

void Blocking::remove(Session& session) {
  Waiter& waiter = *session.waiter;
  for (Queue* queue : waiter.queues) {
    queue->awaited_types[static_cast<size_t>(waiter.wait.type)]--;
    if (waiter.wait.wakes_on_removal && --queue->on_removal == 0) removal_queues_--;
    queue->waiters.erase(waiter.order);
    if (queue->waiters.empty()) queues_.erase(queues_.find(*queue->key));
  }
  if (waiter.deadline_ms != kNever) deadlines_.erase({waiter.deadline_ms, &waiter});
  session.waiter.reset();
  if (queues_.empty() && change_listener_ != 0) stop_listening();
}

// --- Keys that change ---

// Listens only while there are keys to look for, so that the others' writes do not pay for it.
void Blocking::listen() {
  change_listener_ = keyspace_.key_changed.add([this](const KeyEvent& event) {
    const auto found =
        queues_.find(KeyView{static_cast<size_t>(event.database.index()), event.key});
    if (found != queues_.end()) mark(found->second);
  });
  // A swap may have brought keys, a flush has taken some.
  flush_listener_ = keyspace_.flushed.add([this](Database* database) { mark_database(database); });
  swap_listener_ = keyspace_.swapped.add([this](Database& first, Database& second) {
    mark_database(&first);
    mark_database(&second);
  });
}

void Blocking::stop_listening() {
  keyspace_.key_changed.remove(std::exchange(change_listener_, 0));
  keyspace_.flushed.remove(std::exchange(flush_listener_, 0));
  keyspace_.swapped.remove(std::exchange(swap_listener_, 0));
}

void Blocking::mark(Queue& queue) {
  if (!std::exchange(queue.is_ready, true)) ready_.push_back(*queue.key);
}

// In the order in which clients blocked, so that what happens does not depend on the hash's secret.
void Blocking::mark_database(const Database* database) {
  std::vector<Queue*> found;
  for (auto& [key, queue] : queues_) {
    if (database == nullptr || key.database == static_cast<size_t>(database->index())) {
      found.push_back(&queue);
    }
  }
  std::sort(found.begin(), found.end(), [](const Queue* left, const Queue* right) {
    const auto& [left_order, left_waiter] = *left->waiters.begin();
    const auto& [right_order, right_waiter] = *right->waiters.begin();
    if (left_order != right_order) return left_order < right_order;
    const auto position = [](const Waiter& waiter, const Queue* queue) {
      return std::find(waiter.queues.begin(), waiter.queues.end(), queue);
    };
    return position(*left_waiter, left) < position(*left_waiter, right);
  });
  for (Queue* queue : found) mark(*queue);
}

Blocking::Queue& Blocking::queue_of(size_t database, std::string_view name) {
  const auto found = queues_.find(KeyView{database, name});
  if (found != queues_.end()) return found->second;
  auto& [key, queue] = *queues_.emplace(KeyName{database, std::string(name)}, Queue{}).first;
  queue.key = &key;
  return queue;
}

Blocking::Queue* Blocking::find_queue(const KeyName& key) {
  const auto found = queues_.find(key);
  return found == queues_.end() ? nullptr : &found->second;
}

// --- Serving ---

Session* Blocking::next_to_serve() {
  while (!ready_.empty()) {
    if (Session* next = next_of_current()) return next;
    ready_.pop_front();
    position_.reset();
  }
  return nullptr;
}

Session* Blocking::next_of_current() {
  Queue* queue = find_queue(ready_.front());
  if (queue == nullptr) return nullptr;
  if (!position_) {
    // From here on a change of the key counts as a new one.
    queue->is_ready = false;
    position_ = Position{0, last_order_};
  }
  Database& database = keyspace_.database(queue->key->database);
  const Database::Slot* slot = keyspace_.find(database, make_key(queue->key->name), Lookup::silent);
  const Entry* entry = slot == nullptr ? nullptr : slot->get();
  const bool is_of_use =
      entry != nullptr && queue->awaited_types[static_cast<size_t>(entry->type())] > 0;
  if (!is_of_use && queue->on_removal == 0) return nullptr;
  for (auto next = queue->waiters.upper_bound(position_->after);
       next != queue->waiters.end() && next->first <= position_->last; ++next) {
    position_->after = next->first;
    if (is_served_by(next->second->wait, entry)) return next->second->session;
  }
  return nullptr;
}

// --- Time ---

Session* Blocking::find_overdue(int64_t monotonic_ms) const {
  if (deadlines_.empty() || deadlines_.begin()->first > monotonic_ms) return nullptr;
  return deadlines_.begin()->second->session;
}

void Blocking::count(BlockedCounts& counts) const {
  counts.with_timeout = deadlines_.size();
  counts.keys = queues_.size();
  counts.keys_on_removal = removal_queues_;
}

}  // namespace larder
