#include "modules/stats/key_sample.h"

#include <algorithm>
#include <utility>

namespace larder {
namespace {

constexpr size_t kFirstSlots = 256;
constexpr int64_t kNsPerMs = 1'000'000;
// Ticks that come late do not allow for what comes at once.
constexpr int64_t kMostTickMs = 1000;

bool has_ended(int64_t expiry_ms, int64_t now_ms) {
  return expiry_ms >= 0 && expiry_ms < now_ms;
}

}  // namespace

// --- What happens ---

void KeySample::read(const Name& name, const State* state, int64_t now_ms) {
  if (name.rank >= end()) return;
  uint32_t number = count_read(name, state != nullptr, now_ms);
  const bool is_known = number != kNone;
  if (state != nullptr) {
    if (!is_known) number = insert(name);
    if (number == kNone) return;
    if (is_known) records_[number].was_read = true;
    return use(number, *state, now_ms);
  }
  if (!is_known) return;
  Record& record = records_[number];
  record.used_ms = now_ms;
  set_there(record, number, false);
  stack_.use(number, stack_.bytes_of(number));
}

void KeySample::peeked(const Name& name, bool is_there, int64_t now_ms) {
  if (name.rank < end()) count_read(name, is_there, now_ms);
}

// Counts at which sizes it is a hit. Returns the key's record; kNone: it has none, or not any more.
uint32_t KeySample::count_read(const Name& name, bool is_there, int64_t now_ms) {
  const uint32_t number = find(name.id);
  if (number == kNone) {
    (is_there ? unknown_ : misses_) += static_cast<double>(weight());
    return kNone;
  }
  if (!is_there && has_ended(records_[number].expiry_ms, now_ms)) {
    // A larger cache would have let it expire.
    misses_ += static_cast<double>(weight());
    erase(number);
    return kNone;
  }
  depths_.record(stack_.depth(number) << shift_, weight());
  return number;
}

void KeySample::written(const Name& name, const State& state, int64_t now_ms) {
  if (name.rank >= end()) return;
  uint32_t number = find(name.id);
  if (number == kNone) number = insert(name);
  if (number == kNone) return;
  Record& record = records_[number];
  if (!record.is_there) {
    record.born_ms = now_ms;
    record.was_read = false;
  }
  use(number, state, now_ms);
}

std::optional<KeySample::Life> KeySample::removed(const Name& name, RemovalCause cause,
                                                  int64_t expiry_ms, int64_t now_ms) {
  if (name.rank >= end()) return std::nullopt;
  const uint32_t number = find(name.id);
  if (number == kNone) return std::nullopt;
  Record& record = records_[number];
  std::optional<Life> life;
  if (record.is_there && record.born_ms != 0) {
    life = Life{now_ms - record.born_ms, now_ms - record.used_ms, record.was_read};
  }
  if (cause != RemovalCause::evicted) {
    erase(number);
    return life;
  }
  record.expiry_ms = expiry_ms;
  set_there(record, number, false);
  return life;
}

void KeySample::use(uint32_t number, const State& state, int64_t now_ms) {
  Record& record = records_[number];
  record.used_ms = now_ms;
  record.expiry_ms = state.expiry_ms;
  set_there(record, number, false);
  stack_.use(number, counted_bytes(state.bytes));
  set_there(record, number, true);
}

// In a sample of part of the keys one huge key would stand for many that are not there, and the
// size of a collection is an estimate that may be far off. Cut to eight times the mean, large keys
// still count for large, and predictions come much nearer.
uint64_t KeySample::counted_bytes(uint64_t bytes) const {
  constexpr size_t kEnough = 32;
  if (count_ < kEnough) return bytes;
  return std::min(bytes, 8 * stack_.total() / count_);
}

// Keeps there_bytes_ true.
void KeySample::set_there(Record& record, uint32_t number, bool is_there) {
  if (record.is_there == is_there) return;
  record.is_there = is_there;
  there_bytes_ += is_there ? stack_.bytes_of(number) : 0 - stack_.bytes_of(number);
}

void KeySample::forget_database(uint16_t database) {
  for (uint32_t number = 0; number < records_.size(); number++) {
    if (records_[number].is_used && records_[number].database == database) erase(number);
  }
}

// What may be spent stays spent, or emptying the cache again and again would be a way around it.
void KeySample::clear() {
  const int64_t left_ns = left_ns_;
  *this = KeySample(most_keys_);
  left_ns_ = left_ns;
}

// --- How many ---

void KeySample::tick(int64_t now_ms, int64_t spent_ns) {
  const int64_t passed_ms = std::clamp<int64_t>(now_ms - last_tick_ms_, 1, kMostTickMs);
  last_tick_ms_ = now_ms;
  const int64_t allowed_ns = passed_ms * kNsPerMs / kTimeShare;
  left_ns_ = std::clamp<int64_t>(left_ns_ + allowed_ns - spent_ns, 0, kMostAtOnceNs);
  if (left_ns_ == 0 && spent_ns > allowed_ns) coarsen();
  if (static_cast<double>(stack_.total()) > 1.2 * kDepth * static_cast<double>(there_bytes_)) {
    drop_deep();
  }
  consider_finer(now_ms, spent_ns);
  if (halved_ms_ == 0 || now_ms < halved_ms_) halved_ms_ = now_ms;
  if (now_ms - halved_ms_ < kHalfLifeMs) return;
  halved_ms_ = now_ms;
  depths_.halve();
  misses_ /= 2;
  unknown_ /= 2;
  all_reads_ /= 2;
}

// A load that is over, or a cache that has become small, may have left a sample of next to nothing.
// What a few keys have taught is no great loss.
void KeySample::consider_finer(int64_t now_ms, int64_t spent_ns) {
  constexpr int64_t kIntervalMs = 60'000;
  constexpr int kAmply = 16;
  spent_ns_ += spent_ns;
  if (considered_ms_ == 0 || now_ms < considered_ms_) considered_ms_ = now_ms;
  const int64_t passed_ms = now_ms - considered_ms_;
  if (passed_ms < kIntervalMs) return;
  considered_ms_ = now_ms;
  const int64_t spent = std::exchange(spent_ns_, 0);
  if (shift_ == 0 || count_ > most_keys_ / kAmply) return;
  if (spent > passed_ms * kNsPerMs / kTimeShare / kAmply) return;
  const unsigned finer = shift_ - std::min(shift_, 3u);
  clear();
  shift_ = finer;
  considered_ms_ = last_tick_ms_ = now_ms;
}

void KeySample::make_room() {
  drop_deep();
  // Not by one or two, or the next few keys would be the next to make room for.
  while (count_ > most_keys_ / 4 * 3) coarsen();
}

// Keys that even the largest cache that is asked about would not have any more.
void KeySample::drop_deep() {
  const double deepest = kDepth * static_cast<double>(there_bytes_);
  double depth = 0;
  stack_.visit([&](uint32_t number, uint64_t bytes) {
    depth += static_cast<double>(bytes);
    if (depth > deepest && !records_[number].is_there) erase(number);
  });
}

void KeySample::coarsen() {
  shift_++;
  for (uint32_t number = 0; number < records_.size(); number++) {
    if (records_[number].is_used && records_[number].rank >= end()) erase(number);
  }
}

// --- Finding records ---

uint32_t KeySample::find(uint64_t id) const {
  if (table_.empty()) return kNone;
  for (size_t place = place_of(id); table_[place] != 0; place = (place + 1) & (table_.size() - 1)) {
    if (records_[table_[place] - 1].id == id) return table_[place] - 1;
  }
  return kNone;
}

// kNone: room was made for it, and now it is not in the sample any more.
uint32_t KeySample::insert(const Name& name) {
  if (count_ >= most_keys_) make_room();
  if (name.rank >= end()) return kNone;
  if ((count_ + 1) * 2 > table_.size()) grow_table();
  uint32_t number = static_cast<uint32_t>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  records_[number] = {.id = name.id,
                      .rank = name.rank,
                      .database = name.database,
                      .is_used = true,
                      .is_there = false,
                      .was_read = false,
                      .born_ms = 0,
                      .used_ms = 0,
                      .expiry_ms = -1};
  size_t place = place_of(name.id);
  while (table_[place] != 0) place = (place + 1) & (table_.size() - 1);
  table_[place] = number + 1;
  count_++;
  return number;
}

void KeySample::grow_table() {
  std::vector<uint32_t> old(std::max(kFirstSlots, table_.size() * 2));
  old.swap(table_);
  for (const uint32_t entry : old) {
    if (entry == 0) continue;
    size_t place = place_of(records_[entry - 1].id);
    while (table_[place] != 0) place = (place + 1) & (table_.size() - 1);
    table_[place] = entry;
  }
}

// What stood behind it because its own place was taken moves up.
void KeySample::erase(uint32_t number) {
  Record& record = records_[number];
  set_there(record, number, false);
  stack_.remove(number);
  record.is_used = false;
  free_.push_back(number);
  count_--;
  const size_t mask = table_.size() - 1;
  size_t hole = place_of(record.id);
  while (table_[hole] != number + 1) hole = (hole + 1) & mask;
  for (size_t at = (hole + 1) & mask; table_[at] != 0; at = (at + 1) & mask) {
    const size_t home = place_of(records_[table_[at] - 1].id);
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = 0;
}

// --- What is known ---

double KeySample::hit_ratio_at(double size) const {
  const double bytes = size * static_cast<double>(there_bytes_ << shift_);
  double hits =
      bytes <= 0 ? 0 : static_cast<double>(depths_.count_up_to(static_cast<uint64_t>(bytes)));
  double reads = static_cast<double>(depths_.count()) + misses_;
  // If the sample has more or fewer reads than its share, the reason is in the few keys that are
  // read most, which any cache has (the correction of SHARDS).
  if (shift_ > 0) {
    const double missing = all_reads_ - unknown_ - reads;
    hits += missing;
    reads += missing;
  }
  return reads <= 0 ? 0 : std::clamp(hits / reads, 0.0, 1.0);
}

uint64_t KeySample::unread_keys() const {
  const auto unread = std::ranges::count_if(records_, [](const Record& record) {
    return record.is_used && record.is_there && record.born_ms != 0 && !record.was_read;
  });
  return static_cast<uint64_t>(unread) << shift_;
}

size_t KeySample::memory() const {
  return records_.capacity() * sizeof(Record) +
         (free_.capacity() + table_.capacity()) * sizeof(uint32_t) + stack_.memory() +
         depths_.memory();
}

}  // namespace larder
