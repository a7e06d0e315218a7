#include "server/keyspace/defragmentation.h"

#include <algorithm>

#include "server/keyspace/entry.h"

namespace larder {

Fragmentation fragmentation_of(const MemoryFigures& figures) {
  if (figures.allocated == 0 || figures.active <= figures.allocated) return {};
  const size_t bytes = figures.active - figures.allocated;
  return {100.0 * static_cast<double>(bytes) / static_cast<double>(figures.allocated), bytes};
}

int Defragmentation::effort(const Fragmentation& fragmentation,
                            const DefragmentationOptions& options) {
  const int lower = *options.threshold_lower;
  const int upper = *options.threshold_upper;
  if (fragmentation.percent < lower) return 0;
  if (fragmentation.bytes < static_cast<size_t>(*options.ignore_bytes)) return 0;
  const int least = *options.cycle_min;
  const int most = std::max(least, *options.cycle_max);
  if (upper <= lower || fragmentation.percent >= upper) return most;
  const double share = (fragmentation.percent - lower) / (upper - lower);
  return least + static_cast<int>(share * (most - least));
}

Defragmentation::Defragmentation(Keyspace& keyspace, const DefragmentationOptions& options)
    : keyspace_(keyspace), options_(options) {
  set_slice_us(kSliceUs);
}

void Defragmentation::check(const MemoryFigures& figures) {
  if (!*options_.activedefrag) return;
  const int percent = effort(fragmentation_of(figures), options_);
  if (percent == 0) return;
  // Under way it only ever gets faster: what it does makes the figures better.
  if (is_running()) {
    effort_ = std::max(effort_, percent);
  } else {
    begin(percent);
  }
}

void Defragmentation::start_round() {
  if (is_running() || !is_supported()) return;
  refresh_memory_figures();
  if (fragmentation_of(memory_figures()).bytes < kWorthwhileBytes) return;
  begin(std::max(*options_.cycle_min, *options_.cycle_max));
}

void Defragmentation::begin(int percent) {
  effort_ = percent;
  database_ = 0;
  position_ = 0;
  unfinished_.clear();
  round_started_us_ = monotonic_us();
  plan(0);
}

void Defragmentation::end() {
  finished_rounds_us_ += current_us();
  effort_ = 0;
  slots_ = {};
  entries_ = {};
  plan(kNever);
}

void Defragmentation::run(Deadline deadline) {
  const int64_t started_us = monotonic_us();
  const uint64_t moved = mover_.moved();
  const uint64_t left = mover_.left();
  mover_.refresh();
  do {
    step();
  } while (is_running() && !deadline.has_passed());
  hits_ += mover_.moved() - moved;
  misses_ += mover_.left() - left;
  if (!is_running()) return;
  const int64_t now_us = monotonic_us();
  const int64_t worked_us = std::max<int64_t>(now_us - started_us, 1);
  plan(now_us + worked_us * (100 - effort_) / effort_);
}

// One segment of a table or one part of a large value.
void Defragmentation::step() {
  if (!unfinished_.empty()) {
    go_on_with(unfinished_.front());
  } else if (database_ < keyspace_.database_count()) {
    step_table();
  } else {
    end();
  }
}

void Defragmentation::step_table() {
  Database& database = keyspace_.database(database_);
  slots_.clear();
  entries_.clear();
  database.move_segment(position_, [this](void* memory, size_t bytes, size_t alignment) {
    return mover_.move_if_sparse(memory, bytes, alignment);
  });
  position_ = database.relocate_segment(position_, [this](Database::Slot& slot) {
    slots_.push_back(&slot);
    entries_.push_back(slot.get());
  });
  move_entries();
  if (position_ == 0) database_++;
}

void Defragmentation::move_entries() {
  bool should_move[AllocationMover::kMaxJudged];
  for (size_t first = 0; first < entries_.size(); first += AllocationMover::kMaxJudged) {
    const size_t count = std::min(entries_.size() - first, AllocationMover::kMaxJudged);
    mover_.judge(std::span(entries_).subspan(first, count), should_move);
    for (size_t i = 0; i < count; i++) {
      Database::Slot& slot = *slots_[first + i];
      if (should_move[i]) {
        slot.set(static_cast<Entry*>(mover_.move(slot.get(), slot.get()->allocated_bytes())));
        ++key_hits_;
      } else {
        ++key_misses_;
      }
      move_parts_of(slot);
    }
  }
}

void Defragmentation::move_parts_of(Database::Slot& slot) {
  const ValueView value = slot.get()->value();
  if (value.type == Type::string) [[likely]]
    return;
  const uint64_t position = move_parts(value, mover_, 0);
  if (position != 0) unfinished_.push_back({database_, std::string(slot.get()->key()), position});
}

// The key may have gone meanwhile, or hold something else: a position means nothing to another
// type, and does no harm.
void Defragmentation::go_on_with(Unfinished& unfinished) {
  Database& database = keyspace_.database(unfinished.database);
  Database::Slot* slot = database.find(make_key(unfinished.key));
  if (slot != nullptr) {
    unfinished.position = move_parts(slot->get()->value(), mover_, unfinished.position);
  }
  if (slot == nullptr || unfinished.position == 0) unfinished_.pop_front();
}

}  // namespace larder
