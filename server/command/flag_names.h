// The names of flags, as COMMAND INFO shows them.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/command/command_spec.h"

namespace larder {

struct FlagName {
  uint64_t flag;
  std::string_view name;
};

// Flags that are not here are the server's own business, as in Redis.
inline constexpr FlagName kCommandFlags[] = {
    {kWrite, "write"},
    {kRead, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubsub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
};

inline constexpr FlagName kTips[] = {
    {kNondeterministic, "nondeterministic_output"},
    {kNondeterministicOrder, "nondeterministic_output_order"},
    {kAllNodes, "request_policy:all_nodes"},
    {kAllShards, "request_policy:all_shards"},
    {kMultiShard, "request_policy:multi_shard"},
    {kSpecialRequest, "request_policy:special"},
    {kOneSucceeded, "response_policy:one_succeeded"},
    {kAllSucceeded, "response_policy:all_succeeded"},
    {kAggregateAnd, "response_policy:agg_logical_and"},
    {kAggregateMin, "response_policy:agg_min"},
    {kAggregateSum, "response_policy:agg_sum"},
    {kSpecialResponse, "response_policy:special"},
};

inline constexpr FlagName kKeyFlags[] = {
    {kReadOnly, "RO"},
    {kReadWrite, "RW"},
    {kOverwrite, "OW"},
    {kDelete, "RM"},
    {kAccess, "access"},
    {kUpdate, "update"},
    {kInsertData, "insert"},
    {kRemoveData, "delete"},
    {kNotKey, "not_key"},
    {kIncomplete, "incomplete"},
    {kVariableFlags, "variable_flags"},
};

}  // namespace larder
