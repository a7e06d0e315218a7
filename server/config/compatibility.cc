#include "server/config/compatibility.h"

#include <climits>
#include <utility>

#include "server/base/errors.h"
#include "server/base/text.h"

namespace larder {
namespace {

// boolean: yes or no; name: one of `names`; text: one word, any; words: several; lines: a directive
// that repeats.
enum class Kind { boolean, integer, bytes, name, text, words, lines };
enum class Treatment { ignored, refused };

constexpr Treatment kIgnored = Treatment::ignored;
constexpr Treatment kRefused = Treatment::refused;
constexpr int64_t kIntMin = INT_MIN;
constexpr int64_t kIntMax = INT_MAX;
constexpr int64_t kUnsignedMax = UINT_MAX;

struct Row {
  std::string_view name;
  Kind kind;
  // As in Redis 7.2, but for `save`: nothing is saved, and CONFIG GET does not claim it is.
  std::string_view value;
  Treatment treatment;  // refused: every value but the one above
  OptionAttributes attributes{};
  std::string_view names{};
};

// A row is a line where it fits, so that one line goes when an option becomes real.
// clang-format off
constexpr Row kRows[] = {
    // Access
    {"rename-command", Kind::lines, "", kRefused, {.file_only = true}},
    {"loadmodule", Kind::lines, "", kRefused, {.file_only = true}},
    {"enable-debug-assert", Kind::boolean, "no", kIgnored, {.immutable = true, .hidden = true}},
    // Memory
    {"active-expire-effort", Kind::integer, "1", kIgnored, {.min = 1, .max = 10}},
    // Encodings
    {"list-compress-depth", Kind::integer, "0", kIgnored, {.max = kIntMax}},
    // Directives that Redis itself has given up and still reads.
    {"list-max-ziplist-entries", Kind::text, "", kIgnored, {.file_only = true}},
    {"list-max-ziplist-value", Kind::text, "", kIgnored, {.file_only = true}},
    {"lua-replicate-commands", Kind::text, "", kIgnored, {.file_only = true}},
    // Persistence
    {"save", Kind::words, "", kRefused},
    {"dbfilename", Kind::text, "dump.rdb", kIgnored, {.is_protected = true}},
    {"rdbcompression", Kind::boolean, "yes", kIgnored},
    {"rdbchecksum", Kind::boolean, "yes", kIgnored, {.immutable = true}},
    {"rdb-del-sync-files", Kind::boolean, "no", kIgnored},
    {"rdb-save-incremental-fsync", Kind::boolean, "yes", kIgnored},
    {"rdb-key-save-delay", Kind::integer, "0", kIgnored,
     {.min = kIntMin, .max = kIntMax, .hidden = true}},
    {"key-load-delay", Kind::integer, "0", kIgnored,
     {.min = kIntMin, .max = kIntMax, .hidden = true}},
    {"loading-process-events-interval-bytes", Kind::integer, "2097152", kIgnored,
     {.min = 1024, .max = kIntMax, .hidden = true}},
    {"sanitize-dump-payload", Kind::name, "no", kIgnored, {}, "no yes clients"},
    {"stop-writes-on-bgsave-error", Kind::boolean, "yes", kIgnored},
    {"appendonly", Kind::boolean, "no", kRefused},
    {"appendfilename", Kind::text, "appendonly.aof", kIgnored, {.immutable = true}},
    {"appenddirname", Kind::text, "appendonlydir", kIgnored, {.immutable = true}},
    {"appendfsync", Kind::name, "everysec", kIgnored, {}, "everysec always no"},
    {"no-appendfsync-on-rewrite", Kind::boolean, "no", kIgnored},
    {"auto-aof-rewrite-percentage", Kind::integer, "100", kIgnored, {.max = kIntMax}},
    {"auto-aof-rewrite-min-size", Kind::bytes, "64mb", kIgnored, {.unit = Unit::bytes}},
    {"aof-load-truncated", Kind::boolean, "yes", kIgnored},
    {"aof-use-rdb-preamble", Kind::boolean, "yes", kIgnored},
    {"aof-timestamp-enabled", Kind::boolean, "no", kIgnored},
    {"aof-rewrite-incremental-fsync", Kind::boolean, "yes", kIgnored},
    {"aof-disable-auto-gc", Kind::boolean, "no", kIgnored, {.hidden = true}},
    // Replication
    {"replicaof", Kind::words, "", kRefused, {.immutable = true, .aliases = {"slaveof"}}},
    {"masterauth", Kind::text, "", kIgnored, {.secret = true}},
    {"masteruser", Kind::text, "", kIgnored, {.secret = true}},
    {"replica-announce-ip", Kind::text, "", kIgnored, {.aliases = {"slave-announce-ip"}}},
    {"replica-announce-port", Kind::integer, "0", kIgnored,
     {.max = 65535, .aliases = {"slave-announce-port"}}},
    {"replica-announced", Kind::boolean, "yes", kIgnored},
    {"replica-ignore-disk-write-errors", Kind::boolean, "no", kIgnored},
    {"replica-ignore-maxmemory", Kind::boolean, "yes", kIgnored,
     {.aliases = {"slave-ignore-maxmemory"}}},
    {"replica-lazy-flush", Kind::boolean, "no", kIgnored, {.aliases = {"slave-lazy-flush"}}},
    {"replica-priority", Kind::integer, "100", kIgnored,
     {.max = kIntMax, .aliases = {"slave-priority"}}},
    {"replica-read-only", Kind::boolean, "yes", kIgnored, {.aliases = {"slave-read-only"}}},
    {"replica-serve-stale-data", Kind::boolean, "yes", kIgnored,
     {.aliases = {"slave-serve-stale-data"}}},
    {"min-replicas-to-write", Kind::integer, "0", kRefused,
     {.max = kIntMax, .aliases = {"min-slaves-to-write"}}},
    {"min-replicas-max-lag", Kind::integer, "10", kIgnored,
     {.max = kIntMax, .aliases = {"min-slaves-max-lag"}}},
    {"repl-backlog-size", Kind::bytes, "1mb", kIgnored, {.min = 1, .unit = Unit::bytes}},
    {"repl-backlog-ttl", Kind::integer, "3600", kIgnored},
    {"repl-disable-tcp-nodelay", Kind::boolean, "no", kIgnored},
    {"repl-diskless-load", Kind::name, "disabled", kIgnored, {}, "disabled on-empty-db swapdb"},
    {"repl-diskless-sync", Kind::boolean, "yes", kIgnored},
    {"repl-diskless-sync-delay", Kind::integer, "5", kIgnored, {.max = kIntMax}},
    {"repl-diskless-sync-max-replicas", Kind::integer, "0", kIgnored, {.max = kIntMax}},
    {"repl-ping-replica-period", Kind::integer, "10", kIgnored,
     {.min = 1, .max = kIntMax, .aliases = {"repl-ping-slave-period"}}},
    {"repl-timeout", Kind::integer, "60", kIgnored, {.min = 1, .max = kIntMax}},
    {"propagation-error-behavior", Kind::name, "ignore", kIgnored,
     {}, "ignore panic panic-on-replicas"},
    // Cluster
    {"cluster-enabled", Kind::boolean, "no", kRefused, {.immutable = true}},
    {"cluster-config-file", Kind::text, "nodes.conf", kIgnored, {.immutable = true}},
    {"cluster-port", Kind::integer, "0", kIgnored, {.max = 65535, .immutable = true}},
    {"cluster-node-timeout", Kind::integer, "15000", kIgnored},
    {"cluster-ping-interval", Kind::integer, "0", kIgnored, {.hidden = true}},
    {"cluster-announce-ip", Kind::text, "", kIgnored},
    {"cluster-announce-hostname", Kind::text, "", kIgnored},
    {"cluster-announce-human-nodename", Kind::text, "", kIgnored},
    {"cluster-announce-port", Kind::integer, "0", kIgnored, {.max = 65535}},
    {"cluster-announce-tls-port", Kind::integer, "0", kIgnored, {.max = 65535}},
    {"cluster-announce-bus-port", Kind::integer, "0", kIgnored, {.max = 65535}},
    {"cluster-preferred-endpoint-type", Kind::name, "ip", kIgnored,
     {}, "ip hostname unknown-endpoint"},
    {"cluster-link-sendbuf-limit", Kind::bytes, "0", kIgnored, {.unit = Unit::bytes}},
    {"cluster-migration-barrier", Kind::integer, "1", kIgnored, {.max = kIntMax}},
    {"cluster-allow-replica-migration", Kind::boolean, "yes", kIgnored},
    {"cluster-allow-reads-when-down", Kind::boolean, "no", kIgnored},
    {"cluster-allow-pubsubshard-when-down", Kind::boolean, "yes", kIgnored},
    {"cluster-require-full-coverage", Kind::boolean, "yes", kIgnored},
    {"cluster-replica-no-failover", Kind::boolean, "no", kIgnored,
     {.aliases = {"cluster-slave-no-failover"}}},
    {"cluster-replica-validity-factor", Kind::integer, "10", kIgnored,
     {.max = kIntMax, .aliases = {"cluster-slave-validity-factor"}}},
    // TLS between servers
    {"tls-replication", Kind::boolean, "no", kIgnored},
    {"tls-cluster", Kind::boolean, "no", kIgnored},
    // Scripts, threads and the system
    {"busy-reply-threshold", Kind::integer, "5000", kIgnored, {.aliases = {"lua-time-limit"}}},
    {"io-threads", Kind::integer, "1", kIgnored, {.min = 1, .max = 128, .immutable = true}},
    {"io-threads-do-reads", Kind::boolean, "no", kIgnored, {.immutable = true}},
    {"server_cpulist", Kind::text, "", kIgnored, {.immutable = true}},
    {"bio_cpulist", Kind::text, "", kIgnored, {.immutable = true}},
    {"aof_rewrite_cpulist", Kind::text, "", kIgnored, {.immutable = true}},
    {"bgsave_cpulist", Kind::text, "", kIgnored, {.immutable = true}},
    {"socket-mark-id", Kind::integer, "0", kRefused, {.max = kUnsignedMax, .immutable = true}},
    {"disable-thp", Kind::boolean, "yes", kIgnored, {.immutable = true}},
    {"ignore-warnings", Kind::text, "", kIgnored},
    {"crash-memcheck-enabled", Kind::boolean, "yes", kIgnored},
    {"locale-collate", Kind::text, "", kIgnored},
    {"use-exit-on-panic", Kind::boolean, "no", kIgnored, {.hidden = true}},
    {"watchdog-period", Kind::integer, "0", kIgnored, {.max = kIntMax, .hidden = true}},
};
// clang-format on

template <class T>
std::unique_ptr<Option<T>> make(OptionGroup& group, const Row& row, T value) {
  return std::make_unique<Option<T>>(group, row.name, std::move(value), row.attributes);
}

// Gives the option its value of today as default, and refuses any other where the row says so.
template <class T>
std::unique_ptr<OptionBase> restrict_to_row(std::unique_ptr<Option<T>> option, const Row& row) {
  if (row.treatment == Treatment::refused) {
    option->check([&row, off = option->get()](const T& value) -> Status {
      if (value == off) return ok;
      if (row.kind == Kind::lines) return errors::not_supported_yet();
      return errors::only_supported_value(row.value);
    });
  }
  return option;
}

std::unique_ptr<OptionBase> make_name(OptionGroup& group, const Row& row) {
  auto option = make(group, row, std::string(row.value));
  option->check([&row](const std::string& value) -> Status {
    const auto names = split(row.names, ' ');
    TRY(option_values::read_names(std::span(&value, 1), names));
    if (row.treatment == Treatment::refused && !equals_ignoring_case(value, row.value)) {
      return errors::only_supported_value(row.value);
    }
    return ok;
  });
  return option;
}

int64_t number(const Row& row) {
  const auto notation =
      row.kind == Kind::bytes ? option_values::Notation::bytes : option_values::Notation::decimal;
  return option_values::read_integer(row.value, {INT64_MIN, INT64_MAX, notation}).value();
}

std::unique_ptr<OptionBase> make_option(OptionGroup& group, const Row& row) {
  switch (row.kind) {
    case Kind::boolean:
      return restrict_to_row(make(group, row, row.value == "yes"), row);
    case Kind::integer:
    case Kind::bytes:
      return restrict_to_row(make(group, row, number(row)), row);
    case Kind::name:
      return make_name(group, row);
    case Kind::text:
      return restrict_to_row(make(group, row, std::string(row.value)), row);
    case Kind::lines:
      return restrict_to_row(make(group, row, RepeatedLines()), row);
    case Kind::words:
      break;
  }
  const auto words = option_values::split_words(row.value);
  return restrict_to_row(make(group, row, option_values::read_list(words)), row);
}

}  // namespace

CompatibilityOptions::CompatibilityOptions() : OptionGroup("Compatibility") {
  for (const Row& row : kRows) {
    owned_.push_back(make_option(*this, row));
    if (row.treatment == Treatment::ignored) ignored_.push_back(owned_.back().get());
  }
}

std::vector<std::string> CompatibilityOptions::given_without_effect() const {
  std::vector<std::string> names;
  for (const OptionBase* option : ignored_) {
    if (option->was_given()) names.emplace_back(option->name());
  }
  return names;
}

}  // namespace larder
