#include "modules/metrics/reports.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "modules/metrics/asked_commands.h"
#include "modules/metrics/json.h"
#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr size_t kShownCommands = 12;

// What others are asked. Of a module that is not there the page is told so.
struct Question {
  std::string_view name;
  std::string_view request;
};
constexpr Question kQuestions[] = {
    {"slowlog", "COMMANDLOG GET 20 slow WITHQUEUE"},
    {"hotkeys", "HOTSPOTS KEYS"},
    {"bigkeys", "HOTSPOTS BIGKEYS"},
    {"prefixes", "HOTSPOTS NAMESPACES COUNT 20"},
    {"heavyclients", "HOTSPOTS CLIENTS"},
    {"advice", "CACHE.ADVISE"},
    {"budgets", "BUDGET STATUS"},
};

// These have a line for each command that was ever used: the page has figures of its own for them.
bool is_shown(const InfoGroup& group) {
  return group.section() != "Commandstats" && group.section() != "Latencystats";
}

}  // namespace

// --- History ---

bool HistoryReport::write(std::string& out, Deadline deadline) {
  if (!std::exchange(has_begun_, true)) {
    out += "{\"rows\":" + std::to_string(History::kRows) + ",\"series\":[";
    bool needs_comma = false;
    for (const Series& series : metric_series()) {
      if (std::exchange(needs_comma, true)) out += ',';
      append_json_string(out, series.name);
    }
    out += "],\"data\":[";
  }
  // Rows may have been overwritten since the last piece.
  row_ = std::max(row_, history_.first());
  constexpr int kRowsPerLook = 16;
  while (row_ < end_) {
    for (int i = 0; i < kRowsPerLook && row_ < end_; i++) write_row(out);
    if (out.size() >= kPieceBytes || deadline.has_passed()) return true;
  }
  out += "]}\n";
  return false;
}

void HistoryReport::write_row(std::string& out) {
  if (std::exchange(needs_comma_, true)) out += ',';
  out += '[';
  out += to_text(history_.seconds(row_));
  for (const float value : history_.values(row_)) {
    out += ',';
    append_json_number(out, value);
  }
  out += ']';
  row_++;
}

// --- Now ---

bool NowReport::write(std::string& out, Deadline deadline) {
  const size_t steps = host_.info().groups().size() + std::size(kQuestions) + 2;
  while (step_ < steps) {
    write_step(out);
    step_++;
    if (out.size() >= kPieceBytes || deadline.has_passed()) break;
  }
  return step_ < steps;
}

void NowReport::write_step(std::string& out) {
  const auto groups = host_.info().groups();
  if (step_ == 0) {
    out += "{\"time\":" + to_text(wall_clock_ms());
    // A list, because several groups may belong to one section.
    out += ",\"info\":[";
    return;
  }
  size_t index = step_ - 1;
  if (index < groups.size()) return write_group(out, *groups[index]);
  index -= groups.size();
  if (index == 0) return write_commands(out);
  write_reply(out, index - 1);
}

void NowReport::write_group(std::string& out, const InfoGroup& group) {
  if (step_ > 1) out += ',';
  out += "[";
  append_json_string(out, group.section());
  std::vector<InfoRow> rows;
  if (is_shown(group)) read_info(group, rows);
  for (const InfoRow& row : rows) {
    out += ",[";
    append_json_string(out, row.name);
    out += ',';
    append_json_string(out, row.value);
    out += ']';
  }
  out += ']';
}

void NowReport::write_commands(std::string& out) {
  const auto rates = sampler_.command_rates();
  std::vector<size_t> busiest;
  const auto& commands = host_.commands().rows();
  for (size_t i = 0; i < rates.size(); i++) {
    if (rates[i].calls >= 0.001) busiest.push_back(i);
  }
  const size_t shown = std::min(busiest.size(), kShownCommands);
  std::ranges::partial_sort(busiest, busiest.begin() + static_cast<ptrdiff_t>(shown),
                            std::greater(), [&](size_t i) { return rates[i].busy_us; });
  out += "],\"commands\":[";
  for (size_t i = 0; i < shown; i++) {
    const Command& command = commands[busiest[i]];
    const Sampler::CommandRate& rate = rates[busiest[i]];
    if (i > 0) out += ',';
    out += '[';
    append_json_string(out, command.full_name());
    for (const double value :
         {rate.calls, rate.busy_us, static_cast<double>(command.stats.calls)}) {
      out += ',';
      append_json_number(out, value);
    }
    out += ']';
  }
  out += "],\"replies\":{";
}

void NowReport::write_reply(std::string& out, size_t index) {
  const Question& question = kQuestions[index];
  const auto reply = host_.ask(split(question.request, ' '), kAskedCommands);
  append_json_string(out, question.name);
  out += ':';
  if (reply.is_ok()) {
    append_json(out, reply.value());
  } else {
    out += "null";
  }
  out += index + 1 < std::size(kQuestions) ? "," : "}}\n";
}

}  // namespace larder
