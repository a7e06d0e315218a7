#include "modules/metrics/scrape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "modules/metrics/asked_commands.h"
#include "modules/metrics/known_metrics.h"
#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/module/reply_fields.h"

namespace larder {
namespace {

// Sections whose rows have families of their own.
constexpr std::string_view kCommands = "Commandstats";
constexpr std::string_view kPercentiles = "Latencystats";
constexpr std::string_view kErrors = "Errorstats";
constexpr std::string_view kKeyspace = "Keyspace";

constexpr std::string_view kPercentilePrefix = "latency_percentiles_usec_";
constexpr std::string_view kErrorPrefix = "errorstat_";

constexpr double kUsPerSecond = 1e6;
constexpr double kNsPerUs = 1e3;

double number_or_zero(std::string_view text) {
  return numeric_value(text).value_or(0);
}

// What the four families about each command say.
struct CommandFamilyRow {
  std::string_view name;
  std::string_view help;
  double (*value)(const CommandStats& stats);
};
constexpr CommandFamilyRow kCommandFamilies[] = {
    {"redis_commands_total", "Calls per command",
     [](const CommandStats& stats) { return static_cast<double>(stats.calls); }},
    {"redis_commands_duration_seconds_total", "Seconds spent per command",
     [](const CommandStats& stats) {
       // As INFO shows it, in whole microseconds.
       return static_cast<double>(stats.nanoseconds / 1000) / kUsPerSecond;
     }},
    {"redis_commands_rejected_calls_total", "Calls per command that were refused before they ran",
     [](const CommandStats& stats) { return static_cast<double>(stats.rejected); }},
    {"redis_commands_failed_calls_total", "Calls per command that ended with an error",
     [](const CommandStats& stats) { return static_cast<double>(stats.failed); }},
};

// A bound of a bucket, as the exporter writes it: the label is part of the series' identity.
std::string bound_text(int64_t bound) {
  if (bound < 1'000'000) return to_text(bound);
  std::array<char, 32> text;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), static_cast<double>(bound),
                    std::chars_format::scientific);
  return error == std::errc() ? std::string(text.data(), end) : to_text(bound);
}

bool was_used(const Command& command) {
  return command.stats.calls + command.stats.rejected + command.stats.failed > 0;
}

}  // namespace

const Scrape::Step Scrape::kSteps[] = {
    &Scrape::read_group,      &Scrape::write_instance, &Scrape::write_row,
    &Scrape::write_composite, &Scrape::write_texts,    &Scrape::write_databases,
    &Scrape::write_errors,    &Scrape::write_command,  &Scrape::write_percentiles,
    &Scrape::write_histogram, &Scrape::write_spikes,   &Scrape::write_logs,
    &Scrape::write_budgets,   &Scrape::write_options,
};

bool Scrape::write(std::string& out, Deadline deadline) {
  exposition_.set_output(out);
  while (step_ < std::size(kSteps)) {
    const Step step = kSteps[step_];
    if ((this->*step)()) {
      step_++;
      index_ = 0;
    }
    if (out.size() >= kPieceBytes || deadline.has_passed()) break;
  }
  return step_ < std::size(kSteps);
}

bool Scrape::next_of(size_t count) {
  return ++index_ >= count;
}

// --- Fields ---

bool Scrape::read_group() {
  const auto groups = host_.info().groups();
  if (groups.empty()) return true;
  // The counts of commands are read where they are written.
  if (const InfoGroup& group = *groups[index_]; group.section() != kCommands)
    read_info(group, rows_);
  return next_of(groups.size());
}

std::string_view Scrape::value_of(std::string_view field) const {
  for (const InfoRow& row : rows_) {
    if (row.name == field) return row.value;
  }
  return {};
}

bool Scrape::write_instance() {
  std::ranges::stable_sort(rows_, {}, &InfoRow::section);
  exposition_.single("redis_up", MetricType::gauge, "Whether the server answers", 1);
  exposition_.family("redis_instance_info", MetricType::gauge, "What the server is");
  exposition_.sample({{"role", value_of("role")},
                      {"redis_version", value_of("redis_version")},
                      {"redis_build_id", value_of("redis_build_id")},
                      {"redis_mode", value_of("redis_mode")},
                      {"os", value_of("os")},
                      {"maxmemory_policy", value_of("maxmemory_policy")},
                      {"tcp_port", value_of("tcp_port")},
                      {"run_id", value_of("run_id")},
                      {"process_id", value_of("process_id")},
                      {"master_replid", value_of("master_replid")}},
                     1);
  const double uptime = number_or_zero(value_of("uptime_in_seconds"));
  exposition_.single("redis_start_time_seconds", MetricType::gauge,
                     "When the server started, in seconds since 1970",
                     static_cast<double>(wall_clock_ms() / 1000) - uptime);
  for (const std::string_view field : {"hz", "configured_hz"}) {
    exposition_.single("redis_" + std::string(field), MetricType::gauge,
                       "Field " + std::string(field) + " of INFO", number_or_zero(value_of(field)));
  }
  return true;
}

bool Scrape::is_special(const InfoRow& row) const {
  return row.section == kPercentiles || row.section == kErrors ||
         (row.section == kKeyspace && row.name.starts_with("db"));
}

// A field that is a number, or a distribution.
bool Scrape::write_row() {
  if (rows_.empty()) return true;
  const InfoRow& row = rows_[index_];
  const bool is_last = next_of(rows_.size());
  if (is_special(row)) return is_last;
  if (row.histogram != nullptr) {
    write_summary("larder_" + metric_name(row.name), *row.histogram);
    return is_last;
  }
  auto value = row.number();
  if (!value) return is_last;
  const std::string help = "Field " + row.name + " of INFO " + to_lower(row.section);
  if (const KnownMetric* known = find_known_metric(row.name)) {
    std::string name = "redis_" + std::string(known->name);
    if (row.name == "latest_fork_usec") {
      name = "redis_latest_fork_seconds";
      *value /= kUsPerSecond;
    }
    exposition_.single(name, known->type, help, *value);
    return is_last;
  }
  if (row.name == "hz" || row.name == "configured_hz") return is_last;
  // The exporter shows these as they come.
  if (row.name.starts_with("cluster_")) {
    exposition_.single("redis_" + metric_name(row.name), MetricType::gauge, help, *value);
    return is_last;
  }
  std::string name = "larder_" + metric_name(row.name);
  const bool counts = row.kind == InfoKind::count;
  if (counts && !name.ends_with("_total")) name += "_total";
  exposition_.single(name, counts ? MetricType::counter : MetricType::gauge, help, *value);
  return is_last;
}

void Scrape::write_summary(const std::string& name, const HistogramField& histogram) {
  constexpr std::pair<double, std::string_view> kQuantiles[] = {
      {50, "0.5"}, {95, "0.95"}, {99, "0.99"}, {99.9, "0.999"}};
  if (!exposition_.family(name, MetricType::summary, "A distribution of INFO")) return;
  for (const auto& [percent, quantile] : kQuantiles) {
    exposition_.sample({{"quantile", quantile}},
                       static_cast<double>(histogram.percentile(percent)));
  }
  exposition_.sample({}, static_cast<double>(histogram.sum()), "_sum");
  exposition_.sample({}, static_cast<double>(histogram.count()), "_count");
  exposition_.single(name + "_max", MetricType::gauge,
                     "The largest value of a distribution of INFO",
                     static_cast<double>(histogram.max()));
}

// A field of several values. Rows are in the order of their sections, each of which is a family.
bool Scrape::write_composite() {
  if (rows_.empty()) return true;
  const InfoRow& row = rows_[index_];
  if (index_ == 0 || rows_[index_ - 1].section != row.section) {
    series_.clear();
    is_in_family_ = false;
  }
  const bool is_last = next_of(rows_.size());
  if (row.histogram != nullptr || is_special(row)) return is_last;
  const std::vector<InfoPart> parts = parts_of(row.value);
  if (parts.empty()) return is_last;
  if (!is_in_family_) {
    const std::string section = to_lower(row.section);
    is_in_family_ =
        exposition_.family("larder_" + metric_name(section) + "_values", MetricType::gauge,
                           "Fields of INFO " + section + " that hold several values");
  }
  if (is_in_family_) write_parts(row.name, parts);
  return is_last;
}

// A sample for each part that is a number. The others are labels, and where one of them is a name
// that somebody chose, the number in the field's ("hot_key_3") is a rank, which is not what it is.
void Scrape::write_parts(std::string_view field, const std::vector<InfoPart>& parts) {
  const auto is_quoted = [](const InfoPart& part) { return part.is_quoted; };
  const bool has_name = std::ranges::any_of(parts, is_quoted);
  if (has_name) {
    while (!field.empty() && field.back() >= '0' && field.back() <= '9') field.remove_suffix(1);
    while (field.ends_with('_')) field.remove_suffix(1);
  }
  std::vector<std::pair<std::string, std::string_view>> texts;
  for (const InfoPart& part : parts) {
    std::string label = metric_name(part.name);
    // Keys of the same name in two databases are two keys.
    const bool is_label =
        part.is_quoted || !numeric_value(part.value) || (has_name && label == "db");
    const auto is_same = [&](const auto& text) { return text.first == label; };
    if (!is_label || label == "field" || label == "part" || std::ranges::any_of(texts, is_same))
      continue;
    texts.emplace_back(std::move(label), part.value);
  }
  std::vector<Exposition::Label> labels = {{"field", field}};
  std::string identity(field);
  for (const auto& [label, value] : texts) {
    labels.emplace_back(label, value);
    identity.append(1, '\0').append(value);
  }
  labels.emplace_back("part", "");
  bool has_number = false;
  for (const InfoPart& part : parts) {
    const auto number = part.is_quoted ? std::nullopt : numeric_value(part.value);
    if (!number || (has_name && part.name == "db")) continue;
    has_number = true;
    labels.back().second = part.name;
    // A series may be there only once.
    if (series_.emplace(identity + '\0' + std::string(part.name)).second)
      exposition_.sample(labels, *number);
  }
  if (!has_number) {
    labels.pop_back();
    if (series_.emplace(identity).second) exposition_.sample(labels, 1);
  }
}

// Texts. Those for people ("1.50M") are numbers elsewhere, and would be a new series at every
// scrape.
bool Scrape::write_texts() {
  exposition_.family("larder_info_text", MetricType::gauge, "Fields of INFO that are texts");
  for (const InfoRow& row : rows_) {
    if (is_special(row) || row.histogram != nullptr || row.number()) continue;
    if (row.name.ends_with("_human") || !parts_of(row.value).empty()) continue;
    exposition_.sample(
        {{"section", to_lower(row.section)}, {"field", row.name}, {"value", row.value}}, 1);
  }
  return true;
}

// --- Families of their own ---

bool Scrape::write_databases() {
  Keyspace& keyspace = host_.keyspace();
  const auto write = [&](std::string_view name, std::string_view help, bool with_empty,
                         auto&& value) {
    exposition_.family(name, MetricType::gauge, help);
    for (size_t i = 0; i < keyspace.database_count(); i++) {
      const Database& database = keyspace.database(i);
      if (database.size() == 0 && !with_empty) continue;
      exposition_.sample({{"db", "db" + std::to_string(i)}}, value(database));
    }
  };
  write("redis_db_keys", "Keys per database", true,
        [](const Database& database) { return static_cast<double>(database.size()); });
  write("redis_db_keys_expiring", "Keys with an expiry per database", true,
        [](const Database& database) { return static_cast<double>(database.expiring()); });
  write("redis_db_avg_ttl_seconds", "Mean time to live of keys with an expiry per database", false,
        [](const Database& database) {
          return database.expiring() == 0 ? 0
                                          : static_cast<double>(database.average_ttl_ms()) / 1000;
        });
  return true;
}

bool Scrape::write_errors() {
  exposition_.family("redis_errors_total", MetricType::counter, "Errors by their code");
  for (const InfoRow& row : rows_) {
    if (row.section != kErrors || !row.name.starts_with(kErrorPrefix)) continue;
    for (const InfoPart& part : parts_of(row.value)) {
      if (part.name != "count") continue;
      exposition_.sample({{"err", std::string_view(row.name).substr(kErrorPrefix.size())}},
                         number_or_zero(part.value));
    }
  }
  return true;
}

// One command of one family.
bool Scrape::write_command() {
  const auto& commands = host_.commands().rows();
  const CommandFamilyRow& family = kCommandFamilies[family_];
  if (index_ == 0) exposition_.family(family.name, MetricType::counter, family.help);
  if (!commands.empty() && was_used(commands[index_])) {
    exposition_.sample({{"cmd", commands[index_].full_name()}},
                       family.value(commands[index_].stats));
  }
  if (!next_of(commands.size())) return false;
  index_ = 0;
  return ++family_ >= std::size(kCommandFamilies);
}

bool Scrape::write_percentiles() {
  if (index_ == 0) {
    exposition_.family("redis_latency_percentiles_usec", MetricType::summary,
                       "Percentiles of the time that each command takes, in microseconds");
  }
  if (rows_.empty()) return true;
  const InfoRow& row = rows_[index_];
  const bool is_last = next_of(rows_.size());
  if (row.section != kPercentiles || !row.name.starts_with(kPercentilePrefix)) return is_last;
  const std::string_view name = std::string_view(row.name).substr(kPercentilePrefix.size());
  const Command* command = host_.commands().find_full(name);
  if (command == nullptr) return is_last;
  for (const InfoPart& part : parts_of(row.value)) {
    // "p99.9". The exporter leaves it a percentage, and so do the boards.
    const std::string_view percent = part.name.substr(1);
    if (!numeric_value(percent)) continue;
    exposition_.sample({{"cmd", name}, {"quantile", percent}}, number_or_zero(part.value));
  }
  exposition_.sample({{"cmd", name}}, static_cast<double>(command->stats.nanoseconds) / kNsPerUs,
                     "_sum");
  exposition_.sample({{"cmd", name}}, static_cast<double>(command->stats.calls), "_count");
  return is_last;
}

// One command: the counts of all at once would take too long.
bool Scrape::write_histogram() {
  if (index_ == 0) {
    exposition_.family("redis_commands_latencies_usec", MetricType::histogram,
                       "How long calls of each command take, in microseconds");
  }
  const auto& commands = host_.commands().rows();
  if (commands.empty()) return true;
  const Command& command = commands[index_];
  const bool is_last = next_of(commands.size());
  if (command.stats.calls == 0 || command.is_container()) return is_last;
  const std::array<std::string_view, 3> request = {"LATENCY", "HISTOGRAM", command.full_name()};
  const auto reply = host_.ask(request, kAskedCommands);
  // Without the module that keeps them there are none.
  if (!reply.is_ok()) return true;
  if (const Reply* counts = find_field(reply.value(), command.full_name())) {
    write_histogram_of(command, *counts);
  }
  return is_last;
}

void Scrape::write_histogram_of(const Command& command, const Reply& counts) {
  const Reply* calls = find_field(counts, "calls");
  const Reply* buckets = find_field(counts, "histogram_usec");
  if (calls == nullptr || buckets == nullptr) return;
  const std::string_view name = command.full_name();
  for (size_t i = 0; i + 1 < buckets->children.size(); i += 2) {
    exposition_.sample({{"cmd", name}, {"le", bound_text(buckets->children[i].integer)}},
                       static_cast<double>(buckets->children[i + 1].integer), "_bucket");
  }
  const auto count = static_cast<double>(calls->integer);
  exposition_.sample({{"cmd", name}, {"le", "+Inf"}}, count, "_bucket");
  exposition_.sample({{"cmd", name}}, static_cast<double>(command.stats.nanoseconds) / kNsPerUs,
                     "_sum");
  exposition_.sample({{"cmd", name}}, count, "_count");
}

// LATENCY LATEST: name, when, last, worst.
bool Scrape::write_spikes() {
  const std::array<std::string_view, 2> request = {"LATENCY", "LATEST"};
  const auto reply = host_.ask(request, kAskedCommands);
  if (!reply.is_ok()) return true;
  const auto write = [&](std::string_view name, std::string_view help, size_t element,
                         double scale) {
    exposition_.family(name, MetricType::gauge, help);
    for (const Reply& event : reply.value().children) {
      if (event.children.size() < 4) continue;
      exposition_.sample({{"event_name", event.children[0].text}},
                         static_cast<double>(event.children[element].integer) * scale);
    }
  };
  write("redis_latency_spike_last", "When something last kept the server busy for too long", 1, 1);
  write("redis_latency_spike_duration_seconds", "How long it last took", 2, 1e-3);
  return true;
}

// SLOWLOG and COMMANDLOG.
bool Scrape::write_logs() {
  struct Log {
    std::string_view type;
    std::string_view metric;
    std::string_view help;
  };
  constexpr Log kLogs[] = {
      {"slow", "redis_commandlog_slow_length", "Entries of the log of slow commands"},
      {"large-request", "redis_commandlog_large_request_length",
       "Entries of the log of large requests"},
      {"large-reply", "redis_commandlog_large_reply_length", "Entries of the log of large replies"},
  };
  const std::array<std::string_view, 3> last_request = {"SLOWLOG", "GET", "1"};
  const auto last = host_.ask(last_request, kAskedCommands);
  if (!last.is_ok()) return true;
  double id = 0;
  double seconds = 0;
  if (const auto& entries = last.value().children;
      !entries.empty() && entries[0].children.size() > 2) {
    id = static_cast<double>(entries[0].children[0].integer);
    seconds = static_cast<double>(entries[0].children[2].integer) / kUsPerSecond;
  }
  for (const Log& log : kLogs) {
    const std::array<std::string_view, 3> request = {"COMMANDLOG", "LEN", log.type};
    const auto length = host_.ask(request, kAskedCommands);
    if (!length.is_ok()) continue;
    const auto entries = static_cast<double>(length.value().integer);
    exposition_.single(log.metric, MetricType::gauge, log.help, entries);
    if (log.type == "slow") {
      exposition_.single("redis_slowlog_length", MetricType::gauge, log.help, entries);
    }
  }
  exposition_.single("redis_slowlog_last_id", MetricType::gauge, "Number of the last slow command",
                     id);
  exposition_.single("redis_last_slow_execution_duration_seconds", MetricType::gauge,
                     "How long the last slow command took", seconds);
  return true;
}

// BUDGET STATUS: what operators want to be woken by.
bool Scrape::write_budgets() {
  const std::array<std::string_view, 2> request = {"BUDGET", "STATUS"};
  const auto reply = host_.ask(request, kAskedCommands);
  if (!reply.is_ok()) return true;
  exposition_.family("larder_budget_state", MetricType::gauge,
                     "State of each budget: 0 ok, 1 warn, 2 error, -1 unknown");
  for (const Reply& budget : reply.value().children) {
    const Reply* name = find_field(budget, "name");
    const Reply* state = find_field(budget, "state");
    if (name == nullptr || state == nullptr) continue;
    const double value = state->text == "ok"      ? 0
                         : state->text == "warn"  ? 1
                         : state->text == "error" ? 2
                                                  : -1;
    exposition_.sample({{"name", name->text}}, value);
  }
  return true;
}

// The options that the exporter shows whatever it was told.
bool Scrape::write_options() {
  for (const std::string_view name :
       {"maxclients", "maxmemory", "repl-backlog-size", "io-threads"}) {
    const OptionBase* option = host_.options().find(name);
    const auto value = option == nullptr ? std::nullopt : numeric_value(option->text());
    if (!value) continue;
    exposition_.single("redis_config_" + metric_name(name), MetricType::gauge,
                       "The option " + std::string(name), *value);
  }
  const OptionBase* limits = host_.options().find("client-output-buffer-limit");
  if (limits == nullptr) return true;
  const std::string text = limits->text();
  const auto words = split(text, ' ');
  exposition_.family("redis_config_client_output_buffer_limit_bytes", MetricType::gauge,
                     "How much output may wait for a client, by its class");
  for (size_t i = 0; i + 3 < words.size(); i += 4) {
    exposition_.sample({{"class", words[i]}, {"limit", "hard"}}, number_or_zero(words[i + 1]));
    exposition_.sample({{"class", words[i]}, {"limit", "soft"}}, number_or_zero(words[i + 2]));
  }
  exposition_.family("redis_config_client_output_buffer_limit_overcome_seconds", MetricType::gauge,
                     "How long the soft limit may be exceeded, by the client's class");
  for (size_t i = 0; i + 3 < words.size(); i += 4) {
    exposition_.sample({{"class", words[i]}, {"limit", "soft"}}, number_or_zero(words[i + 3]));
  }
  return true;
}

}  // namespace larder
