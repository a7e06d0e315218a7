// CLUSTER and the connection's cluster mode. This server is alone: cluster-enabled has to be `no`, and
// every command here says so in the words by which clients recognise a server without a cluster. The
// rows are complete all the same, so that COMMAND describes what a client may send.
#include "server/command/context.h"
#include "server/commands/families.h"

namespace larder {
namespace {

Status without_cluster(Context&) { return errors::cluster_disabled(); }

// Of the subcommands that look, of those that change the cluster, and of those about replicas.
constexpr uint64_t kLook = kStale;
constexpr uint64_t kLookAnytime = kLoading | kStale;
constexpr uint64_t kChange = kAdmin | kStale | kNoAsyncLoading;
constexpr uint64_t kReplicas = kAdmin | kStale;
constexpr uint64_t kSession = kFast | kLoading | kStale | kConnectionCategory;

// clang-format off
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"asking", without_cluster, 1, kFast | kConnectionCategory, no_keys(), "3.0.0", "O(1)",
        "",
        "Lets the next command use a slot that is being moved here."},
    {"readonly", without_cluster, 1, kSession, no_keys(), "3.0.0", "O(1)",
        "",
        "Lets the connection read from a replica of a cluster."},
    {"readwrite", without_cluster, 1, kSession, no_keys(), "3.0.0", "O(1)",
        "",
        "Ends READONLY."},

    {"cluster", nullptr, -2, 0, no_keys(), "3.0.0", "",
        "",
        "Commands about the cluster that the server belongs to."},
    {"cluster|addslots", without_cluster, -3, kChange, no_keys(), "3.0.0", "O(N) where N is the number of slots",
        "slot [slot ...]",
        "Gives slots to this node."},
    {"cluster|addslotsrange", without_cluster, -4, kChange, no_keys(), "7.0.0", "O(N) where N is the number of slots",
        "start-slot end-slot [start-slot end-slot ...]",
        "Gives ranges of slots to this node."},
    {"cluster|bumpepoch", without_cluster, 2, kChange | kNondeterministic, no_keys(), "3.0.0", "O(1)",
        "",
        "Raises the configuration's epoch."},
    {"cluster|count-failure-reports", without_cluster, 3, kReplicas | kNondeterministic, no_keys(), "3.0.0", "O(N) where N is the number of failure reports",
        "node-id",
        "Counts the nodes that hold another for dead."},
    {"cluster|countkeysinslot", without_cluster, 3, kLook, no_keys(), "3.0.0", "O(1)",
        "slot",
        "Counts the keys of a slot."},
    {"cluster|delslots", without_cluster, -3, kChange, no_keys(), "3.0.0", "O(N) where N is the number of slots",
        "slot [slot ...]",
        "Takes slots from this node."},
    {"cluster|delslotsrange", without_cluster, -4, kChange, no_keys(), "7.0.0", "O(N) where N is the number of slots",
        "start-slot end-slot [start-slot end-slot ...]",
        "Takes ranges of slots from this node."},
    {"cluster|failover", without_cluster, -2, kChange, no_keys(), "3.0.0", "O(1)",
        "[FORCE | TAKEOVER]",
        "Makes this replica the master."},
    {"cluster|flushslots", without_cluster, 2, kChange, no_keys(), "3.0.0", "O(1)",
        "",
        "Takes all slots from this node."},
    {"cluster|forget", without_cluster, 3, kChange, no_keys(), "3.0.0", "O(1)",
        "node-id",
        "Removes a node from those that this one knows."},
    {"cluster|getkeysinslot", without_cluster, 4, kLook | kNondeterministic, no_keys(), "3.0.0", "O(N) where N is the number of keys asked for",
        "slot count",
        "Returns keys of a slot."},
    {"cluster|help", without_cluster, 2, kLookAnytime, no_keys(), "5.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"cluster|info", without_cluster, 2, kLookAnytime | kNondeterministic, no_keys(), "3.0.0", "O(1)",
        "",
        "Describes the cluster's state."},
    {"cluster|keyslot", without_cluster, 3, kLook, no_keys(), "3.0.0", "O(N) where N is the length of the key",
        "key",
        "Returns the slot that a key belongs to."},
    {"cluster|links", without_cluster, 2, kLook | kNondeterministic, no_keys(), "7.0.0", "O(N) where N is the number of nodes",
        "",
        "Describes the connections to other nodes."},
    {"cluster|meet", without_cluster, -4, kChange, no_keys(), "3.0.0", "O(1)",
        "ip port [cluster-bus-port]",
        "Makes another node part of the cluster."},
    {"cluster|myid", without_cluster, 2, kLookAnytime, no_keys(), "3.0.0", "O(1)",
        "",
        "Returns this node's id."},
    {"cluster|myshardid", without_cluster, 2, kLookAnytime | kNondeterministic, no_keys(), "7.2.0", "O(1)",
        "",
        "Returns the id of the shard that this node is in."},
    {"cluster|nodes", without_cluster, 2, kLookAnytime | kNondeterministic, no_keys(), "3.0.0", "O(N) where N is the number of nodes",
        "",
        "Lists the nodes and their slots."},
    {"cluster|replicas", without_cluster, 3, kReplicas | kNondeterministic, no_keys(), "5.0.0", "O(N) where N is the number of replicas",
        "node-id",
        "Lists the replicas of a node."},
    {"cluster|replicate", without_cluster, 3, kChange, no_keys(), "3.0.0", "O(1)",
        "node-id",
        "Makes this node a replica of another."},
    {"cluster|reset", without_cluster, -2, kAdmin | kStale | kNoScript, no_keys(), "3.0.0", "O(N) where N is the number of nodes",
        "[HARD | SOFT]",
        "Makes this node forget the cluster."},
    {"cluster|saveconfig", without_cluster, 2, kChange, no_keys(), "3.0.0", "O(1)",
        "",
        "Writes the cluster's configuration to disk."},
    {"cluster|set-config-epoch", without_cluster, 3, kChange, no_keys(), "3.0.0", "O(1)",
        "config-epoch",
        "Sets the epoch of a new node's configuration."},
    {"cluster|setslot", without_cluster, -4, kChange, no_keys(), "3.0.0", "O(1)",
        "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
        "Says which node a slot belongs to or moves to."},
    {"cluster|shards", without_cluster, 2, kLookAnytime | kNondeterministic, no_keys(), "7.0.0", "O(N) where N is the number of nodes",
        "",
        "Lists the shards, their slots and their nodes."},
    {"cluster|slaves", without_cluster, 3, kReplicas | kNondeterministic, no_keys(), "3.0.0", "O(N) where N is the number of replicas",
        "node-id",
        "Lists the replicas of a node.",
        "5.0.0", "`CLUSTER REPLICAS`"},
    {"cluster|slots", without_cluster, 2, kLookAnytime | kNondeterministic, no_keys(), "3.0.0", "O(N) where N is the number of nodes",
        "",
        "Lists the ranges of slots and their nodes.",
        "7.0.0", "`CLUSTER SHARDS`"},
};
// clang-format on

}  // namespace

CommandFamily cluster_commands() { return {"cluster", kCommands}; }

}  // namespace larder
