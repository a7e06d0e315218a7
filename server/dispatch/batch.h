// The requests that are run together: a share of those of all connections of a turn.
//
// Arguments lie in one array, each request is a piece of it; the bytes are in the connections' buffers.
// The arrays keep their memory from turn to turn, so that a request costs no allocation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/command/command_table.h"

namespace larder {

class Session;

struct BatchedRequest {
  Session* session;
  const Command* command;  // nullptr: unknown, or (no arguments) nothing to run
  uint32_t first_argument;
  uint32_t argument_count;
  size_t bytes;            // of the connection's input
  enum class Kind : uint8_t {
    ordinary,
    large,      // to be measured by itself
    malformed,  // the parser has given up; the reason is in it
  } kind;
};

class Batch {
 public:
  // How many requests are looked up and prefetched at once: enough to hide the latency of memory,
  // few enough that their cache lines are still there when they run.
  static constexpr size_t kMaxRequests = 128;

  bool is_full() const { return requests_.size() >= kMaxRequests; }
  bool empty() const { return requests_.empty(); }
  size_t size() const { return requests_.size(); }
  void clear() {
    arguments_.clear();
    requests_.clear();
  }

  // Where the parser puts arguments; add() makes a request of those that came since the last one.
  std::vector<std::string_view>& arguments() { return arguments_; }
  void add(Session& session, size_t bytes, BatchedRequest::Kind kind) {
    const size_t first =
        requests_.empty() ? 0 : requests_.back().first_argument + requests_.back().argument_count;
    requests_.push_back({&session, nullptr, static_cast<uint32_t>(first),
                         static_cast<uint32_t>(arguments_.size() - first), bytes, kind});
  }

  std::span<BatchedRequest> requests() { return requests_; }
  std::span<const std::string_view> arguments_of(const BatchedRequest& request) const {
    return std::span(arguments_).subspan(request.first_argument, request.argument_count);
  }
  // One per argument: the hash of a key that was looked up ahead, else 0. Sized by start_hashes().
  std::span<uint64_t> hashes_of(const BatchedRequest& request) {
    return std::span(hashes_).subspan(request.first_argument, request.argument_count);
  }
  void start_hashes() { hashes_.assign(arguments_.size(), 0); }

 private:
  std::vector<std::string_view> arguments_;
  std::vector<uint64_t> hashes_;
  std::vector<BatchedRequest> requests_;
};

}  // namespace larder
