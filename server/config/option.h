// The option kit. An option is ONE member of the part that needs it, with name, default, limits and
// help; the configuration file, the command line, CONFIG GET/SET/REWRITE and --print-example-config
// all follow from that member.
//
//   struct NetworkOptions : OptionGroup {
//     NetworkOptions() : OptionGroup("Network") {}
//     Option<int> port{*this, "port", 6379, {.max = 65535, .help = "TCP port; 0 closes it."}};
//     Option<Level> loglevel{*this, "loglevel", Level::notice, kLevelNames, {.help = "..."}};
//   };
//
// T can be bool (yes/no), an integer, double, std::string, std::vector<std::string> (one directive
// of several words, as bind), an enum (with a table of names), or a class of the owner's that reads
// and writes itself (OptionClass below; for directives that repeat, as save).
//
// Reading one (`*option`, `option.get()` or just `option`) costs a load. Writing goes through
// Options::set, which checks, applies and, where applying fails, puts the old values back.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/base/result.h"
#include "server/config/option_values.h"

namespace larder {

// How a number is written, or (milliseconds ...) only what it counts.
enum class Unit {
  none,
  bytes,             // 512mb, 1gb: server/base/numbers.h, parse_memory_size
  bytes_or_percent,  // also "5%", which is kept as -5
  octal,             // file permissions
  microseconds,
  milliseconds,
  seconds,
};

// An option in bytes_or_percent as bytes, given what it is a part of.
inline size_t bytes_of(int64_t value, size_t whole) {
  return value >= 0 ? static_cast<size_t>(value) : whole / 100 * static_cast<size_t>(-value);
}

// Everything about an option that most options do not need to say. Name them in this order.
struct OptionAttributes {
  int64_t min = 0;  // numbers only; for bytes_or_percent, -100 allows percentages
  int64_t max = std::numeric_limits<int64_t>::max();
  Unit unit = Unit::none;
  bool immutable = false;     // CONFIG SET refuses it: it matters at start only
  bool is_protected = false;  // CONFIG SET refuses it unless enable-protected-configs allows
  bool hidden = false;        // CONFIG GET shows it by its exact name only
  bool secret = false;        // never in logs or messages
  bool file_only = false;     // a directive of the file that CONFIG GET and SET do not know
  bool several = false;       // an enum of bits: several names, combined
  bool reapplies = false;  // on_change runs also when the value stays (files that may have changed)
  std::array<std::string_view, 2> aliases{};  // older names
  std::string_view help{};  // sentences; without help it is not in the example file
};

// The words of a directive without its name.
using Words = std::vector<std::string>;
using WordsView = std::span<const std::string>;

// The first directive of a name in one load replaces the default; further ones may add to it.
// CONFIG SET is always a first.
enum class Reading { first, further };

template <class T>
struct EnumName {
  std::string_view name;
  T value;
};

// A value class that reads and writes itself. `read` must leave the value as it was when it fails,
// and fails with a reason (server/base/errors.h, "Options"). `text` is what CONFIG GET shows;
// `lines` are the directives that bring the value back, one Words each.
template <class T>
concept OptionClass = requires(T value, const T constant, WordsView words, Reading reading) {
  { value.read(words, reading) } -> std::same_as<Status>;
  { constant.text() } -> std::same_as<std::string>;
  { constant.lines() } -> std::same_as<std::vector<Words>>;
  { constant == constant } -> std::convertible_to<bool>;
};

class OptionBase;

// The options of one part, in the order of their declaration. Options::add makes them known; the
// group must outlive the registry.
class OptionGroup {
 public:
  // `title` heads the section of the example file; groups may share one.
  explicit OptionGroup(std::string_view title = "General") : title_(title) {}
  OptionGroup(const OptionGroup&) = delete;
  OptionGroup& operator=(const OptionGroup&) = delete;

  std::string_view title() const { return title_; }
  std::span<OptionBase* const> options() const { return options_; }

 private:
  friend class OptionBase;
  std::string_view title_;
  std::vector<OptionBase*> options_;
};

// What the registry, the file and CONFIG see of an option.
class OptionBase {
 public:
  // Makes a change happen: opens the port, resizes the list. The new value is already readable.
  // When it fails, the old value is put back and the function is called once more.
  using ApplyFunction = std::function<Status()>;

  // `name` and the texts in `attributes` must outlive the option; they are literals as a rule.
  OptionBase(OptionGroup& group, std::string_view name, const OptionAttributes& attributes)
      : name_(name), attributes_(attributes) {
    group.options_.push_back(this);
  }
  virtual ~OptionBase() = default;
  OptionBase(const OptionBase&) = delete;
  OptionBase& operator=(const OptionBase&) = delete;

  std::string_view name() const { return name_; }
  const OptionAttributes& attributes() const { return attributes_; }
  // Whether the directive has any number of words; otherwise exactly one.
  virtual bool takes_several_words() const { return false; }

  // Checks the words and takes them as the new value; apply() is a second step. Errors are reasons.
  Status read(WordsView words, Reading reading);
  virtual std::string text() const = 0;
  virtual std::vector<Words> lines() const = 0;
  virtual std::vector<Words> default_lines() const = 0;
  virtual bool is_default() const { return lines() == default_lines(); }
  // The values that are allowed, for people: "0 to 65535"; empty where there is no more to say.
  virtual std::string range() const { return {}; }
  // A function that puts today's value back.
  virtual std::function<void()> remember() = 0;

  // Whether a file, the command line or CONFIG SET named the option, be it with its default value.
  bool was_given() const { return was_given_; }

  // At most one function per option. It runs for CONFIG SET only: at start the owner reads the
  // value.
  void on_change(ApplyFunction apply) {
    apply_ = std::make_shared<const ApplyFunction>(std::move(apply));
  }
  friend void on_change(std::span<OptionBase* const> options, ApplyFunction apply);
  // Null when nobody listens.
  const std::shared_ptr<const ApplyFunction>& apply() const { return apply_; }

 protected:
  // Takes the words, whose number has been checked. Must leave the value as it was when it fails.
  virtual Status read_words(WordsView words, Reading reading) = 0;

 private:
  std::string_view name_;
  OptionAttributes attributes_;
  std::shared_ptr<const ApplyFunction> apply_;
  bool was_given_ = false;
};

// Options that are applied together: one CONFIG SET that changes several of them calls `apply`
// once.
void on_change(std::span<OptionBase* const> options, OptionBase::ApplyFunction apply);
inline void on_change(std::initializer_list<OptionBase*> options, OptionBase::ApplyFunction apply) {
  on_change(std::span(options.begin(), options.size()), std::move(apply));
}

// What options of all types share: the value, its default, and the owner's check.
template <class T>
class TypedOption : public OptionBase {
 public:
  using Check = std::function<Status(const T&)>;

  TypedOption(OptionGroup& group, std::string_view name, T value,
              const OptionAttributes& attributes)
      : OptionBase(group, name, attributes), value_(value), default_(std::move(value)) {}

  const T& get() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  operator const T&() const { return value_; }  // NOLINT: implicit on purpose
  const T& default_value() const { return default_; }

  // For the owner: sets the value without checks and without on_change.
  void assign(T value) { value_ = std::move(value); }
  // What limits cannot say ("not a path"); runs for every new value, those of the file included.
  void check(Check check) { check_ = std::move(check); }

  bool is_default() const final { return value_ == default_; }
  std::function<void()> remember() final {
    return [this, value = value_] { value_ = value; };
  }

 protected:
  Status accept(T value) {
    if (check_) TRY(check_(value));
    value_ = std::move(value);
    return ok;
  }

 private:
  T value_;
  T default_;
  Check check_;
};

template <class T>
class Option final : public TypedOption<T> {
 public:
  Option(OptionGroup& group, std::string_view name, T value,
         const OptionAttributes& attributes = {})
      : TypedOption<T>(group, name, std::move(value), attributes) {}

  bool takes_several_words() const override {
    return OptionClass<T> || std::is_same_v<T, std::vector<std::string>>;
  }
  std::string text() const override { return text_of(this->get()); }
  std::vector<Words> lines() const override { return lines_of(this->get()); }
  std::vector<Words> default_lines() const override { return lines_of(this->default_value()); }
  std::string range() const override {
    constexpr bool is_number = std::is_integral_v<T> && !std::is_same_v<T, bool>;
    const OptionAttributes& attributes = this->attributes();
    if (!is_number || attributes.max == OptionAttributes{}.max) return {};
    const auto notation_used = notation();
    return option_values::integer_word(attributes.min, notation_used) + " to " +
           option_values::integer_word(attributes.max, notation_used);
  }

 protected:
  Status read_words(WordsView words, Reading reading) override {
    T value = this->get();
    if constexpr (OptionClass<T>) {
      TRY(value.read(words, reading));
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      value = option_values::read_list(words);
    } else if constexpr (std::is_same_v<T, bool>) {
      TRY(value, option_values::read_bool(words[0]));
    } else if constexpr (std::is_integral_v<T>) {
      TRY(const int64_t number, option_values::read_integer(words[0], limits()));
      value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, double>) {
      TRY(value, option_values::read_double(words[0], limits()));
    } else {
      value = words[0];
    }
    return this->accept(std::move(value));
  }

 private:
  option_values::Limits limits() const {
    const OptionAttributes& attributes = this->attributes();
    option_values::Limits limits{attributes.min, attributes.max, notation()};
    if constexpr (std::is_integral_v<T>) {
      if (std::in_range<int64_t>(std::numeric_limits<T>::max())) {
        limits.max = std::min(limits.max, static_cast<int64_t>(std::numeric_limits<T>::max()));
      }
      limits.min = std::max(limits.min, static_cast<int64_t>(std::numeric_limits<T>::min()));
    }
    return limits;
  }
  option_values::Notation notation() const {
    switch (this->attributes().unit) {
      case Unit::bytes:
        return option_values::Notation::bytes;
      case Unit::bytes_or_percent:
        return option_values::Notation::bytes_or_percent;
      case Unit::octal:
        return option_values::Notation::octal;
      default:
        return option_values::Notation::decimal;
    }
  }
  std::string text_of(const T& value) const {
    if constexpr (OptionClass<T>) {
      return value.text();
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      return option_values::list_text(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? "yes" : "no";
    } else if constexpr (std::is_integral_v<T>) {
      return option_values::integer_text(static_cast<int64_t>(value), notation());
    } else if constexpr (std::is_same_v<T, double>) {
      return option_values::double_text(value);
    } else {
      return value;
    }
  }
  std::vector<Words> lines_of(const T& value) const {
    if constexpr (OptionClass<T>) {
      return value.lines();
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      return {value.empty() ? Words{""} : value};
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      return {{option_values::integer_word(static_cast<int64_t>(value), notation())}};
    } else {
      return {{text_of(value)}};
    }
  }
};

// An enum. `names` must outlive the option; where two names mean the same, the first is shown.
template <class T>
requires std::is_enum_v<T>
class Option<T> final : public TypedOption<T> {
 public:
  Option(OptionGroup& group, std::string_view name, T value, std::span<const EnumName<T>> names,
         const OptionAttributes& attributes = {})
      : TypedOption<T>(group, name, value, attributes), names_(names) {}

  bool takes_several_words() const override { return this->attributes().several; }
  std::string text() const override { return text_of(this->get()); }
  std::vector<Words> lines() const override { return {option_values::split_words(text())}; }
  std::vector<Words> default_lines() const override {
    return {option_values::split_words(text_of(this->default_value()))};
  }
  std::string range() const override {
    std::string names;
    for (const auto& entry : names_) {
      if (!names.empty()) names += ", ";
      names += entry.name;
    }
    return names;
  }

 protected:
  Status read_words(WordsView words, Reading) override {
    std::vector<std::string_view> names;
    for (const auto& entry : names_) names.push_back(entry.name);
    TRY(const std::vector<size_t> chosen, option_values::read_names(words, names));
    using Bits = std::underlying_type_t<T>;
    Bits bits{};
    for (const size_t i : chosen)
      bits = static_cast<Bits>(bits | static_cast<Bits>(names_[i].value));
    return this->accept(static_cast<T>(bits));
  }

 private:
  std::string text_of(T value) const {
    for (const auto& entry : names_) {
      if (entry.value == value) return std::string(entry.name);
    }
    // A combination of bits: the names that it is made of, in the table's order.
    using Bits = std::underlying_type_t<T>;
    std::string text;
    for (const auto& entry : names_) {
      const auto bits = static_cast<Bits>(entry.value);
      if (bits == 0 || (static_cast<Bits>(value) & bits) != bits) continue;
      if (!text.empty()) text += ' ';
      text += entry.name;
    }
    return text;
  }

  std::span<const EnumName<T>> names_;
};

// A directive that may stand in the file any number of times and whose words only its owner
// understands (user, loadmodule, rename-command).
class RepeatedLines {
 public:
  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const { return lines_; }
  bool operator==(const RepeatedLines&) const = default;

 private:
  std::vector<Words> lines_;
};

}  // namespace larder
