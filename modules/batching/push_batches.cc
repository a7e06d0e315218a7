#include "modules/batching/push_batches.h"

#include <algorithm>
#include <string_view>

namespace larder {
namespace {

// More in one write gains nothing, and others wait for the memory.
constexpr size_t kMostBytes = 64 * 1024;
// The news of so many keys at once is not searched for keys that were told already.
constexpr size_t kMostKeys = 64;

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return hash_bytes(name); }
};
using Names = std::unordered_set<std::string, NameHash, std::equal_to<>>;

}  // namespace

// Places in the client's output are counted in bytes since it connected.
class PushBatches::Gatherer final : public PushGatherer {
 public:
  Gatherer(PushBatches& owner, Client& client) : owner_(owner), client_(client) {}

  void add(PushFrame& frame) override {
    start_if_new();
    append(frame, 1);
  }
  void add(Invalidation& message) override;
  // Whether something is held that has not begun to leave.
  bool holds() const { return messages_ > 0 && sent() <= begin_; }
  void release() {
    if (messages_ > 0) owner_.stats_.batches++;
    if (holds()) client_.socket.output();
    forget();
  }
  void forget() {
    messages_ = 0;
    keys_.clear();
    has_changed_all_ = false;
    owner_.set_due(*this, kNever);
  }

  PushBatchRules rules;
  int64_t due_us = kNever;

 private:
  uint64_t sent() const { return client_.socket.sent_bytes(); }
  uint64_t end_of_output() const { return sent() + client_.socket.queued_output().bytes(); }
  void start_if_new();
  void append(PushFrame& frame, size_t messages);

  PushBatches& owner_;
  Client& client_;
  size_t messages_ = 0;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  Names keys_;
  bool has_changed_all_ = false;
};

// A reply that was queued meanwhile takes along what lies in front of it, and the client may have
// read a key anew for it: a batch ends there too.
void PushBatches::Gatherer::start_if_new() {
  if (holds() && end_of_output() == end_) return;
  if (messages_ > 0) {
    owner_.stats_.batches++;
    forget();
  }
  begin_ = end_of_output();
  owner_.set_due(*this, monotonic_us() + rules.interval_ms * 1000);
}

void PushBatches::Gatherer::append(PushFrame& frame, size_t messages) {
  OutputChain& output = client_.socket.held_output();
  frame.append_to(output, client_.resp_version);
  if (output.overflowed()) [[unlikely]]
    return close_if_overflowed(client_);
  end_ = end_of_output();
  messages_ += messages;
  owner_.stats_.messages += messages;
  if (messages_ >= rules.size || end_ - begin_ >= kMostBytes) release();
}

void PushBatches::Gatherer::add(Invalidation& message) {
  start_if_new();
  const size_t told = std::max<size_t>(message.keys().size(), 1);
  if (has_changed_all_) {
    owner_.stats_.merged += told;
    return;
  }
  if (message.keys().empty()) {
    has_changed_all_ = true;
    return append(message.frame(client_.resp_version), 1);
  }
  // It fills a batch by itself: to look each key up for each client would cost more than it spares.
  if (told >= rules.size || told >= kMostKeys) {
    return append(message.frame(client_.resp_version), told);
  }
  std::vector<std::string_view> news;
  for (const std::string_view key : message.keys()) {
    if (keys_.find(key) != keys_.end()) continue;
    keys_.emplace(key);
    news.push_back(key);
  }
  owner_.stats_.merged += told - news.size();
  if (news.empty()) return;
  if (news.size() == told) return append(message.frame(client_.resp_version), told);
  Invalidation rest(news);
  append(rest.frame(client_.resp_version), news.size());
}

// --- All of them ---

PushBatches::PushBatches() = default;
PushBatches::~PushBatches() = default;

void PushBatches::begin(Client& client, const PushBatchRules& rules) {
  auto& gatherer = gatherers_[client.id];
  if (gatherer == nullptr) gatherer = std::make_unique<Gatherer>(*this, client);
  gatherer->release();
  gatherer->rules = rules;
  client.gatherer = gatherer.get();
}

void PushBatches::end(Client& client) {
  const auto found = gatherers_.find(client.id);
  if (found == gatherers_.end()) return;
  found->second->release();
  client.gatherer = nullptr;
  gatherers_.erase(found);
}

void PushBatches::set_due(Gatherer& gatherer, int64_t at_us) {
  if (gatherer.due_us != kNever) dues_.erase({gatherer.due_us, &gatherer});
  gatherer.due_us = at_us;
  if (at_us != kNever) dues_.emplace(at_us, &gatherer);
  plan_next();
}

void PushBatches::run(Deadline deadline) {
  const int64_t now_us = monotonic_us();
  while (!dues_.empty() && dues_.begin()->first <= now_us) {
    dues_.begin()->second->release();
    if (deadline.has_passed()) break;
  }
  plan_next();
}

}  // namespace larder
