#include "modules/stats/key_sample.h"

#include <algorithm>
#include <utility>

namespace larder {
namespace {

constexpr size_t kFirstSlots = 256;
// What is left of a sample that has become too large, and at most and at least of one that costs too
// much time; and how many times as many keys one has that begins because it costs far too little.
constexpr double kSmaller = 0.875;
constexpr double kCheaper = 0.5;
constexpr double kMuchCheaper = 1.0 / 16;
constexpr uint64_t kFiner = 8;
// How many times as much room as their keys need records may have.
constexpr size_t kSparse = 4;

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
    (is_there ? unknown_hits_ : far_misses_) += scale();
    return kNone;
  }
  if (!is_there && has_ended(records_[number].expiry_ms, now_ms)) {
    // A larger cache would have let it expire.
    far_misses_ += scale();
    erase(number);
    return kNone;
  }
  const double depth = static_cast<double>(stack_.depth(number)) * scale();
  Histogram& depths = is_there ? hit_depths_ : miss_depths_;
  depths.record(static_cast<uint64_t>(depth), static_cast<uint64_t>(scale() * kReadUnits));
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

void KeySample::tick(int64_t now_ms, Time time) {
  const int64_t allowed_ns = time.busy_ns / kTimeShare;
  left_ns_ = std::min(left_ns_ + allowed_ns - time.spent_ns, kMostAtOnceNs);
  if (left_ns_ < -kMostDebtNs) {
    left_ns_ = 0;
    const double part = static_cast<double>(allowed_ns) / static_cast<double>(time.spent_ns);
    coarsen(std::clamp(part, kMuchCheaper, kCheaper));
  }
  if (static_cast<double>(stack_.total()) > 1.2 * kDepth * static_cast<double>(there_bytes_)) {
    drop_deep();
  }
  consider_finer(now_ms, time);
  if (halved_ms_ == 0 || now_ms < halved_ms_) halved_ms_ = now_ms;
  if (now_ms - halved_ms_ < kHalfLifeMs) return;
  halved_ms_ = now_ms;
  hit_depths_.halve();
  miss_depths_.halve();
  for (double* count : {&far_misses_, &unknown_hits_, &all_hits_, &all_misses_}) *count /= 2;
}

// Another load, or a cache that has become small, may have left a sample of next to nothing. What a
// few keys have taught is no great loss, as long as there are others to learn from: it is not
// forgotten because the night is quiet.
void KeySample::consider_finer(int64_t now_ms, Time time) {
  constexpr int64_t kIntervalMs = 60'000;
  constexpr uint64_t kEnoughReads = 100'000;
  constexpr int kAmply = 16;
  considered_time_.busy_ns += time.busy_ns;
  considered_time_.spent_ns += time.spent_ns;
  if (considered_ms_ == 0 || now_ms < considered_ms_) considered_ms_ = now_ms;
  if (now_ms - considered_ms_ < kIntervalMs || considered_reads_ < kEnoughReads) return;
  considered_ms_ = now_ms;
  considered_reads_ = 0;
  const Time all = std::exchange(considered_time_, {});
  if (end_ == kRanks || count_ > most_keys_ / kAmply) return;
  if (all.spent_ns > all.busy_ns / kTimeShare / kAmply) return;
  const uint64_t finer = std::min(end_ * kFiner, kRanks);
  clear();
  end_ = finer;
}

void KeySample::make_room() {
  drop_deep();
  // Not by one or two, or the next few keys would be the next to make room for.
  const double wanted = kSmaller * static_cast<double>(most_keys_);
  while (static_cast<double>(count_) > wanted && end_ > kLeastEnd) {
    coarsen(std::min(kSmaller, wanted / static_cast<double>(count_)));
  }
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

// Only this part of the keys stays in it.
void KeySample::coarsen(double part) {
  end_ = std::max(static_cast<uint64_t>(static_cast<double>(end_) * part), kLeastEnd);
  for (uint32_t number = 0; number < records_.size(); number++) {
    if (records_[number].is_used && records_[number].rank >= end()) erase(number);
  }
  if (records_.capacity() > kSparse * std::max(count_, kFewestKeys)) move_together();
}

// A few keys in the room of many cost memory, and a use of one a line of it wherever it looks.
void KeySample::move_together() {
  std::vector<std::pair<Record, uint64_t>> kept;
  kept.reserve(count_);
  stack_.visit([&](uint32_t number, uint64_t bytes) { kept.emplace_back(records_[number], bytes); });
  std::vector<Record>().swap(records_);
  std::vector<uint32_t>().swap(free_);
  std::vector<uint32_t>().swap(table_);
  stack_ = RecencyStack();
  count_ = 0;
  for (auto last = kept.rbegin(); last != kept.rend(); ++last) stack_.use(add(last->first), last->second);
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
  return add({.id = name.id,
              .rank = name.rank,
              .database = name.database,
              .is_used = true,
              .is_there = false,
              .was_read = false,
              .born_ms = 0,
              .used_ms = 0,
              .expiry_ms = -1});
}

uint32_t KeySample::add(const Record& record) {
  if ((count_ + 1) * 2 > table_.size()) grow_table();
  const uint32_t number = take_record();
  records_[number] = record;
  enter(number);
  count_++;
  return number;
}

// The room for them grows no further than it may.
uint32_t KeySample::take_record() {
  if (!free_.empty()) {
    const uint32_t number = free_.back();
    free_.pop_back();
    return number;
  }
  if (records_.size() == records_.capacity()) {
    const size_t keys = std::max(records_.size() + 1, std::min(records_.size() * 2, most_keys_));
    records_.reserve(keys);
    free_.reserve(keys);
    stack_.reserve(keys);
  }
  records_.emplace_back();
  return static_cast<uint32_t>(records_.size() - 1);
}

void KeySample::grow_table() {
  std::vector<uint32_t> old(std::max(kFirstSlots, table_.size() * 2));
  old.swap(table_);
  for (const uint32_t entry : old) {
    if (entry != 0) enter(entry - 1);
  }
}

// Into the table, which must have room.
void KeySample::enter(uint32_t number) {
  size_t place = place_of(records_[number].id);
  while (table_[place] != 0) place = (place + 1) & (table_.size() - 1);
  table_[place] = number + 1;
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
  const auto bytes = static_cast<uint64_t>(size * static_cast<double>(there_bytes_) * scale());
  if (bytes == 0) return 0;
  double hits = reads_of(hit_depths_.count_up_to(bytes));
  double more = reads_of(miss_depths_.count_up_to(bytes));  // that missed and would not have
  double reads = known_hits() + known_misses();
  // How many hits and misses there were is known better. Misses are many keys', so that those of the
  // sample stand for all. If the sample has more or fewer hits than its share, the reason is in the few
  // keys that are read most, which any cache has (the correction of SHARDS).
  if (end_ < kRanks) {
    const double all_hits = all_hits_ - unknown_hits_;
    hits += all_hits - known_hits();
    if (more > 0) more *= all_misses_ / known_misses();
    reads = all_hits + all_misses_;
  }
  return reads <= 0 ? 0 : std::clamp((hits + more) / reads, 0.0, 1.0);
}

uint64_t KeySample::unread_keys() const {
  const auto unread = std::ranges::count_if(records_, [](const Record& record) {
    return record.is_used && record.is_there && record.born_ms != 0 && !record.was_read;
  });
  return static_cast<uint64_t>(static_cast<double>(unread) * scale());
}

size_t KeySample::memory() const {
  return records_.capacity() * sizeof(Record) +
         (free_.capacity() + table_.capacity()) * sizeof(uint32_t) + stack_.memory() +
         hit_depths_.memory() + miss_depths_.memory();
}

}  // namespace larder
