#include "server/info/info.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

// The order that readers of Redis's INFO know.
constexpr std::array<std::string_view, 13> kOrder = {
    "server",  "clients",      "memory",     "persistence",  "stats",   "replication", "cpu",
    "modules", "commandstats", "errorstats", "latencystats", "cluster", "keyspace"};

size_t place_of(std::string_view section) {
  const auto is_same = [section](std::string_view known) {
    return equals_ignoring_case(known, section);
  };
  return static_cast<size_t>(std::ranges::find_if(kOrder, is_same) - kOrder.begin());
}

class Selection {
 public:
  explicit Selection(std::span<const std::string_view> sections)
      : names_(sections), has_default_(sections.empty() || names("default")) {}

  bool includes(const InfoGroup& section) const {
    if (names("everything") || names(section.section())) return true;
    switch (section.scope()) {
      case InfoScope::by_default:
        return has_default_ || names("all");
      case InfoScope::on_request:
        return names("all");
      case InfoScope::module:
        return names("modules");
    }
    return false;
  }

 private:
  bool names(std::string_view name) const {
    return std::ranges::any_of(
        names_, [name](std::string_view asked) { return equals_ignoring_case(asked, name); });
  }

  std::span<const std::string_view> names_;
  bool has_default_;
};

bool is_same_section(const InfoGroup& left, const InfoGroup& right) {
  return equals_ignoring_case(left.section(), right.section());
}

// The value of the first of these lines with the name.
std::optional<std::string> value_in(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return std::string(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

}  // namespace

void InfoGroup::reset() {
  for (InfoField* field : fields_) field->reset();
  if (on_reset_) on_reset_();
}

void InfoWriter::line(std::string_view name, std::string_view value, InfoKind kind) {
  if (kinds_ != nullptr) kinds_->push_back(kind);
  const size_t begin = out_.size();
  out_ += name;
  out_ += ':';
  out_ += value;
  for (size_t i = begin; i < out_.size(); i++) {
    if (out_[i] == '\r' || out_[i] == '\n') out_[i] = ' ';
  }
  out_ += "\r\n";
}

void Counter::write(InfoWriter& writer) const {
  writer.line(name(), std::to_string(value_), InfoKind::count);
}

void Gauge::write(InfoWriter& writer) const {
  writer.line(name(), to_text(value_));
}

void HistogramField::write(InfoWriter& writer) const {
  std::string text = "p50=" + std::to_string(percentile(50));
  text += ",p99=" + std::to_string(percentile(99));
  text += ",p99.9=" + std::to_string(percentile(99.9));
  text += ",max=" + std::to_string(max());
  text += ",count=" + std::to_string(count());
  writer.line(name(), text);
}

void Field::write(InfoWriter& writer) const {
  writer.line(name(), text_(), kind_);
}

std::string Field::fixed(double value, int decimals) {
  // A ratio of nothing to nothing; monitors expect a number.
  if (!std::isfinite(value)) value = 0;
  return format_fixed(value, decimals);
}

std::vector<const InfoGroup*> Info::ordered_sections() const {
  std::vector<const InfoGroup*> sections;
  for (const InfoGroup* group : groups_) {
    const auto is_same = [group](const InfoGroup* other) {
      return is_same_section(*group, *other);
    };
    if (std::ranges::none_of(sections, is_same)) sections.push_back(group);
  }
  std::ranges::stable_sort(sections, {},
                           [](const InfoGroup* group) { return place_of(group->section()); });
  return sections;
}

std::string Info::report(std::span<const std::string_view> sections, const MayRun& may_run) const {
  const Selection selection(sections);
  std::string text;
  InfoWriter writer(text);
  for (const InfoGroup* section : ordered_sections()) {
    if (!selection.includes(*section)) continue;
    if (!text.empty()) text += "\r\n";
    text += "# ";
    text += section->section();
    text += "\r\n";
    for (const InfoGroup* group : groups_) {
      if (!is_same_section(*group, *section)) continue;
      if (may_run && !group->needs().empty() && !may_run(group->needs())) continue;
      for (const InfoField* field : group->fields()) field->write(writer);
    }
  }
  return text;
}

std::optional<std::string> Info::value(std::string_view name) const {
  return InfoValues(*this).value(name);
}

void Info::reset() {
  for (InfoGroup* group : groups_) group->reset();
}

std::optional<std::string> InfoValues::value(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const InfoGroup* group : info_.groups()) {
    for (const InfoField* field : group->fields()) {
      if (field->name() != name) continue;
      std::string line;
      InfoWriter writer(line);
      field->write(writer);
      return value_in(line, name);
    }
  }
  if (!lines_) lines_ = lines_of_fields();
  return value_in(*lines_, name);
}

std::string InfoValues::lines_of_fields() const {
  std::string lines;
  InfoWriter writer(lines);
  for (const InfoGroup* group : info_.groups()) {
    for (const InfoField* field : group->fields()) {
      if (field->name().empty()) field->write(writer);
    }
  }
  return lines;
}

}  // namespace larder
