// What a command is: one row of the table at the foot of its family's file.
//
//   {"get", get, 2, kRead | kFast, one_key(1, kGet), "1.0.0", "O(1)",
//       "key",
//       "Returns the string value of a key."},
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/command/key_spec.h"

namespace larder {

class Context;
class Options;

// Writes its reply, or returns the error that the dispatcher writes (and counts); never both.
using CommandFunction = Status (*)(Context&);

// What the commands of one file share and find in Context::owner(): the module that brings them.
class CommandOwner {
 protected:
  ~CommandOwner() = default;
};

using KeyRule = bool (*)(std::span<const std::string_view> arguments, std::vector<KeyPosition>& positions);

// Whether the argument is for the server alone: a password.
using SecretRule = bool (*)(std::span<const std::string_view> arguments, size_t index,
                            const Options& options);

enum CommandFlags : uint64_t {
  kWrite = 1 << 0,       // changes data
  kRead = 1 << 1,        // reads data ("readonly")
  kDenyOom = 1 << 2,     // refused while memory is full
  kAdmin = 1 << 3,
  kPubsub = 1 << 4,
  kNoScript = 1 << 5,
  kBlocking = 1 << 6,    // may block the client
  kLoading = 1 << 7,     // allowed while data is being loaded
  kStale = 1 << 8,       // allowed on a replica with stale data
  kSkipMonitor = 1 << 9,
  kSkipSlowlog = 1 << 10,
  kAsking = 1 << 11,
  kFast = 1 << 12,       // O(1) or O(log n)
  kNoAuth = 1 << 13,     // allowed before logging in
  kMayReplicate = 1 << 14,
  kProtected = 1 << 15,  // needs enable-...-command
  kNoAsyncLoading = 1 << 16,
  kNoMulti = 1 << 17,
  kMovableKeys = 1 << 18,  // set by the table, from the key specifications
  kAllowBusy = 1 << 19,
  kNoMandatoryKeys = 1 << 20,
  kTouchesArbitraryKeys = 1 << 21,

  // ACL categories that follow neither from the family nor from the flags above.
  kDangerous = uint64_t{1} << 40,
  kKeyspaceCategory = uint64_t{1} << 41,
  kConnectionCategory = uint64_t{1} << 42,
  kListCategory = uint64_t{1} << 43,
  kSetCategory = uint64_t{1} << 44,
  kSortedSetCategory = uint64_t{1} << 45,
  kAdminCategory = uint64_t{1} << 46,

  // Tips for clients and proxies that spread requests over several servers: where a request goes, how
  // the replies become one, and what must not be compared.
  kNondeterministic = uint64_t{1} << 48,       // two servers with the same data may answer differently
  kNondeterministicOrder = uint64_t{1} << 49,  // ... in another order
  kAllNodes = uint64_t{1} << 50,
  kAllShards = uint64_t{1} << 51,
  kMultiShard = uint64_t{1} << 52,
  kSpecialRequest = uint64_t{1} << 53,
  kOneSucceeded = uint64_t{1} << 54,
  kAllSucceeded = uint64_t{1} << 55,
  kAggregateAnd = uint64_t{1} << 56,
  kAggregateMin = uint64_t{1} << 57,
  kAggregateSum = uint64_t{1} << 58,
  kSpecialResponse = uint64_t{1} << 59,

  // The argument behind the first key names an element of the collection, which is looked up ahead.
  kElementBehindKey = uint64_t{1} << 60,
  // The same for the argument after that, behind a score.
  kElementBehindScore = uint64_t{1} << 61,
  // Short enough to be timed in runs, though not "fast" by the names of Redis.
  kTimedInRuns = uint64_t{1} << 62,
};

// Which arguments name channels that somebody wants to hear or to speak on: what the rules about channels
// are asked about. Leaving a channel needs no right.
struct ChannelArguments {
  size_t first = 0;           // 0: none
  bool has_several = false;   // the others to the end as well
  bool are_patterns = false;
};

struct CommandSpec {
  // Lower case; a subcommand is a row of its own, "client|id", behind its container's row.
  std::string_view name;
  CommandFunction function;  // nullptr: a container, which does nothing by itself
  int arity;                 // exact with the name(s), or at least -arity
  uint64_t flags;
  KeySpecs keys;
  std::string_view since;
  std::string_view complexity;
  // The arguments as Redis's documentation writes them: "key value [NX | XX] [GET] [EX seconds | ...]".
  // Parsed for COMMAND DOCS: lower case for values, upper case for tokens, | for one of, [] optional,
  // "..." repeated.
  std::string_view syntax;
  std::string_view summary;
  std::string_view deprecated_since{};
  std::string_view replaced_by{};
  // For requests whose options decide which arguments are keys, or what happens to them: finds the keys
  // instead of `keys`. False if the request has no valid ones.
  KeyRule key_rule = nullptr;
  // Which arguments logs and MONITOR do not show; nullptr: they show all.
  SecretRule secret_rule = nullptr;
  ChannelArguments channels{};
};

// The commands of one file.
struct CommandFamily {
  // The group that COMMAND DOCS names: string, generic, connection, server ... The ACL category follows.
  std::string_view group;
  std::span<const CommandSpec> commands;
  CommandOwner* owner = nullptr;  // outlives the table
};

}  // namespace larder
