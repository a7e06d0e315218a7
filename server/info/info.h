// The INFO kit. A field is ONE member of the part that knows the number:
//
//   struct KeyspaceStats : InfoGroup {
//     KeyspaceStats() : InfoGroup("Stats") {}
//     Counter hits{*this, "keyspace_hits"};
//   };
//   stats.hits++;
//
// Counter, Gauge and HistogramField hold their number; Field asks for it when a report is made;
// Fields adds lines whose names are known only then (a line for each command).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/info/histogram.h"

namespace larder {

class InfoField;

// When a section is part of a report that does not name it.
enum class InfoScope {
  by_default,  // always
  on_request,  // with "all" and "everything" (commandstats)
  module,      // with "modules" and "everything"
};

// Fields that belong to one section, in the order of their declaration. Several groups may add to a
// section. A group must outlive the Info that it is added to.
class InfoGroup {
 public:
  // `section` as it is shown ("Stats"); the texts of fields and sections are literals as a rule.
  // `needs`: what one must be allowed to run to be shown these fields, a full name as
  // "hotspots|keys". For fields that tell names of keys, users or clients: whoever may run INFO may
  // not know those.
  explicit InfoGroup(std::string_view section, InfoScope scope = InfoScope::by_default,
                     std::string_view needs = {})
      : section_(section), scope_(scope), needs_(needs) {}
  InfoGroup(const InfoGroup&) = delete;
  InfoGroup& operator=(const InfoGroup&) = delete;

  std::string_view section() const { return section_; }
  InfoScope scope() const { return scope_; }
  std::string_view needs() const { return needs_; }
  std::span<InfoField* const> fields() const { return fields_; }

  // What CONFIG RESETSTAT does beside resetting the fields.
  void on_reset(std::function<void()> function) { on_reset_ = std::move(function); }
  void reset();

 private:
  friend class InfoField;
  std::string_view section_;
  InfoScope scope_;
  std::string_view needs_;
  std::vector<InfoField*> fields_;
  std::function<void()> on_reset_;
};

// What the text of a value does not tell, for whoever shows INFO in another form.
enum class InfoKind : uint8_t {
  plain,  // what it looks like: a number of the moment, or a text
  count,  // counts what happens: it only grows, until CONFIG RESETSTAT
  text,   // a text, even if it happens to consist of digits
};

// Where fields write their lines. Line breaks in values become spaces, so that data cannot add
// lines.
class InfoWriter {
 public:
  // `kinds`: where to say of what kind each line is; nullptr: nobody asks.
  explicit InfoWriter(std::string& out, std::vector<InfoKind>* kinds = nullptr)
      : out_(out), kinds_(kinds) {}
  void line(std::string_view name, std::string_view value, InfoKind kind = InfoKind::plain);

 private:
  std::string& out_;
  std::vector<InfoKind>* kinds_;
};

class InfoField {
 public:
  InfoField(InfoGroup& group, std::string_view name) : name_(name) {
    group.fields_.push_back(this);
  }
  InfoField(const InfoField&) = delete;
  InfoField& operator=(const InfoField&) = delete;
  virtual ~InfoField() = default;

  std::string_view name() const { return name_; }
  virtual void write(InfoWriter& writer) const = 0;
  virtual void reset() {}

 private:
  std::string_view name_;
};

// Counts events; CONFIG RESETSTAT sets it to 0. Counting is one plain increment; it belongs to the
// reactor's thread.
class Counter final : public InfoField {
 public:
  using InfoField::InfoField;

  void operator++(int) { value_++; }
  void operator++() { value_++; }
  void operator+=(uint64_t events) { value_ += events; }
  // Takes back one that was counted just now and has turned out not to have happened yet.
  void operator--() { value_--; }
  uint64_t get() const { return value_; }
  operator uint64_t() const { return value_; }  // NOLINT: implicit on purpose
  void write(InfoWriter& writer) const override;
  void reset() override { value_ = 0; }

 private:
  uint64_t value_ = 0;
};

// How much there is of something now; CONFIG RESETSTAT leaves it alone.
class Gauge final : public InfoField {
 public:
  using InfoField::InfoField;

  void set(int64_t value) { value_ = value; }
  void operator=(int64_t value) { value_ = value; }
  void operator+=(int64_t change) { value_ += change; }
  void operator-=(int64_t change) { value_ -= change; }
  int64_t get() const { return value_; }
  operator int64_t() const { return value_; }  // NOLINT: implicit on purpose
  void write(InfoWriter& writer) const override;

 private:
  int64_t value_ = 0;
};

// A histogram that INFO shows as "name:p50=12,p99=80,p99.9=200,max=431,count=9000".
class HistogramField final : public InfoField, public Histogram {
 public:
  using InfoField::InfoField;

  void write(InfoWriter& writer) const override;
  void reset() override { Histogram::reset(); }
};

// A value that is computed when a report is made: text, an integer, a bool (1 or 0) or a double,
// which is shown with `decimals` digits behind the point. One that counts what happens says so:
//
//   Field batches{info, "batches", InfoKind::count, [this] { return sizes.count(); }};
class Field final : public InfoField {
 public:
  template <class Function>
  requires std::invocable<const Function&> Field(InfoGroup& group, std::string_view name,
                                                 Function function, int decimals = 2)
      : InfoField(group, name),
        text_([function = std::move(function), decimals] { return shown(function(), decimals); }) {}
  template <class Function>
  Field(InfoGroup& group, std::string_view name, InfoKind kind, Function function)
      : Field(group, name, std::move(function)) {
    kind_ = kind;
  }

  void write(InfoWriter& writer) const override;

 private:
  template <class Value>
  static std::string shown(const Value& value, [[maybe_unused]] int decimals) {
    if constexpr (std::floating_point<Value>) {
      return fixed(value, decimals);
    } else if constexpr (std::same_as<Value, bool>) {
      return value ? "1" : "0";
    } else if constexpr (std::integral<Value>) {
      return std::to_string(value);
    } else {
      return std::string(value);
    }
  }
  static std::string fixed(double value, int decimals);
  std::function<std::string()> text_;
  InfoKind kind_ = InfoKind::plain;
};

// Any number of lines whose names are known only when a report is made.
class Fields final : public InfoField {
 public:
  using Function = std::function<void(InfoWriter&)>;

  Fields(InfoGroup& group, Function function)
      : InfoField(group, {}), function_(std::move(function)) {}
  void write(InfoWriter& writer) const override { function_(writer); }

 private:
  Function function_;
};

// The registry: makes reports and resets.
class Info {
 public:
  void add(InfoGroup& group) { groups_.push_back(&group); }
  // As they were added; several may belong to one section. For who shows them in another form.
  std::span<InfoGroup* const> groups() const { return groups_; }

  // "# Section\r\nname:value\r\n...", an empty line between sections. `sections`, in any case:
  // names, "default" (also when there are none), "all" (without modules' sections), "everything",
  // "modules". Redis's sections come in Redis's order, others behind them as they were added. Cost:
  // that of the fields asked for. `may_run`: whether whoever asks may run the command that a group
  // needs; without it everything is shown.
  using MayRun = std::function<bool(std::string_view command)>;
  std::string report(std::span<const std::string_view> sections, const MayRun& may_run = {}) const;

  // The value of the one line with this name, in whatever section; nullopt: no line has it now. For
  // several: InfoValues.
  std::optional<std::string> value(std::string_view name) const;

  // CONFIG RESETSTAT.
  void reset();

 private:
  // The first group of each section, in the order of the report.
  std::vector<const InfoGroup*> ordered_sections() const;

  std::vector<InfoGroup*> groups_;
};

// Values of several lines at one moment. Asks only the fields that have the names; lines whose
// names are known only when a report is made are all written, once, when the first is asked for
// that may be one of them. To be thrown away before anything changes.
class InfoValues {
 public:
  explicit InfoValues(const Info& info) : info_(info) {}
  // As Info::value.
  std::optional<std::string> value(std::string_view name);

 private:
  std::string lines_of_fields() const;

  const Info& info_;
  std::optional<std::string> lines_;
};

}  // namespace larder
