// One of the logs of COMMANDLOG: the last requests that crossed a threshold.
//
// An entry keeps at most 32 arguments of at most 128 bytes each, and says what it left out, so that
// a full log of the usual 128 entries is at most about 600 kB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class RequestLog {
 public:
  static constexpr size_t kMaxArguments = 32;
  static constexpr size_t kMaxArgumentBytes = 128;

  struct Entry {
    int64_t id = 0;  // counts up from 0, also over resets
    int64_t time_seconds = 0;
    int64_t value = 0;  // microseconds, or bytes
    int64_t queued_us = 0;  // how long a slow request had waited for its turn
    std::vector<std::string> arguments{};
    std::string address{};
    std::string name{};  // of the client
  };

  // Gives the entry its number; the oldest one goes if there are too many. 0: the log stays empty.
  void add(Entry entry, size_t max_entries);
  void shrink_to(size_t max_entries);
  void clear() { entries_.clear(); }

  // The newest first.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<Entry> entries_;
  int64_t next_id_ = 0;
};

// The arguments as an entry keeps them, from the first kMaxArguments of `total`.
std::vector<std::string> trimmed_arguments(std::span<const std::string_view> arguments, size_t total);

}  // namespace larder
