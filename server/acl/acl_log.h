// What was refused lately: ACL LOG. The same refusal again within a minute counts up an entry instead of
// making a new one, so that a client which tries in a loop does not push out what others did.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace larder {

enum class DenialReason : uint8_t { command, key, channel, auth, certificate };
std::string_view name_of(DenialReason reason);

struct Denial {
  DenialReason reason;
  std::string_view context;  // "toplevel", "multi"; a literal
  std::string object;        // the command, key or channel; "AUTH" or what was sent in its place; or ""
  std::string username;
  std::string client_info;   // a line of CLIENT LIST
};

class AclLog {
 public:
  struct Entry : Denial {
    uint64_t id;
    uint64_t count;
    int64_t created_ms;
    int64_t updated_ms;
  };

  void add(Denial denial, int64_t now_ms);
  void clear() { entries_.clear(); }
  // acllog-max-len; 0 keeps none.
  void set_limit(size_t limit);
  // The last one first.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  static constexpr int64_t kSameWithinMs = 60'000;
  // How many entries are compared with a new one.
  static constexpr size_t kCompared = 10;

  std::deque<Entry> entries_;
  size_t limit_ = 128;
  uint64_t next_id_ = 0;
};

}  // namespace larder
