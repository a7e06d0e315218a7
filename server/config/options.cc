#include "server/config/options.h"

#include <algorithm>

#include "protocol/inline_request.h"
#include "server/base/assert.h"
#include "server/base/errors.h"
#include "server/base/glob.h"
#include "server/base/log.h"
#include "server/base/text.h"

namespace larder {
namespace {

using Applied = std::vector<const OptionBase::ApplyFunction*>;

// Old values that were accepted once are applied again; if that fails, only the log can tell.
void apply_again(const Applied& applied) {
  for (const OptionBase::ApplyFunction* function : applied) {
    if (const Status status = (*function)(); !status.is_ok()) {
      log::warning("Restoring the settings before a failed CONFIG SET: " + status.text());
    }
  }
}

}  // namespace

void Options::add(OptionGroup& group) {
  groups_.push_back(&group);
  for (OptionBase* option : group.options()) {
    add_name(option->name(), *option);
    for (const std::string_view alias : option->attributes().aliases) {
      if (!alias.empty()) add_name(alias, *option);
    }
  }
}

void Options::add_name(std::string_view name, OptionBase& option) {
  const bool is_new = by_name_.emplace(to_lower(name), names_.size()).second;
  LARDER_ASSERT(is_new);
  names_.push_back({to_lower(name), &option});
}

const Options::Named* Options::find_named(std::string_view name) const {
  const auto found = by_name_.find(to_lower(name));
  return found == by_name_.end() ? nullptr : &names_[found->second];
}

OptionBase* Options::find(std::string_view name) const {
  const Named* named = find_named(name);
  return named == nullptr ? nullptr : named->option;
}

std::vector<Options::Shown> Options::get(std::span<const std::string_view> patterns) const {
  std::vector<Shown> shown;
  const auto show = [&shown](std::string_view name, const OptionBase& option) {
    const auto is_same = [name](const Shown& other) { return other.name == name; };
    if (option.attributes().file_only || std::ranges::any_of(shown, is_same)) return;
    shown.push_back({std::string(name), option.text()});
  };
  for (const std::string_view pattern : patterns) {
    if (pattern.find_first_of("[*?") == std::string_view::npos) {
      if (const Named* named = find_named(pattern)) show(pattern, *named->option);
      continue;
    }
    for (const Named& named : names_) {
      if (named.option->attributes().hidden) continue;
      if (glob_matches(pattern, named.name, true)) show(named.name, *named.option);
    }
  }
  return shown;
}

Status Options::check_settable(std::span<const NameAndValue> settings, Authority authority) const {
  std::vector<const Named*> seen;
  for (const NameAndValue& setting : settings) {
    const Named* named = find_named(setting.name);
    if (named == nullptr || named->option->attributes().file_only) {
      return errors::unknown_option(setting.name);
    }
    const OptionAttributes& attributes = named->option->attributes();
    if (attributes.immutable) {
      return errors::config_set_failed(setting.name, errors::immutable_option().text());
    }
    if (attributes.is_protected && authority != Authority::protected_too) {
      return errors::config_set_failed(setting.name, errors::protected_option().text());
    }
    const auto is_same = [named](const Named* other) { return other->option == named->option; };
    if (std::ranges::any_of(seen, is_same)) {
      return errors::config_set_failed(setting.name, errors::duplicate_option().text());
    }
    seen.push_back(named);
  }
  return ok;
}

Status Options::apply(std::span<const Change> changes) {
  Applied applied;
  for (const Change& change : changes) {
    const OptionBase::ApplyFunction* function = change.named->option->apply().get();
    if (function == nullptr || !change.is_new) continue;
    if (std::ranges::find(applied, function) != applied.end()) continue;
    applied.push_back(function);
    const Status status = (*function)();
    if (status.is_ok()) continue;
    for (const Change& each : changes) each.restore();
    apply_again(applied);
    return errors::config_set_failed(change.named->name, status.text());
  }
  return ok;
}

Status Options::set(std::span<const NameAndValue> settings, Authority authority) {
  TRY(check_settable(settings, authority));
  std::vector<Change> changes;
  for (const NameAndValue& setting : settings) {
    const Named* named = find_named(setting.name);
    OptionBase& option = *named->option;
    Change& change = changes.emplace_back(Change{named, option.remember()});
    const std::vector<Words> before = option.lines();
    const Words words = option.takes_several_words() ? option_values::split_words(setting.value)
                                                     : Words{std::string(setting.value)};
    if (const Status status = option.read(words, Reading::first); !status.is_ok()) {
      for (const Change& each : changes) each.restore();
      return errors::config_set_failed(named->name, status.text());
    }
    change.is_new = option.attributes().reapplies || option.lines() != before;
  }
  return apply(changes);
}

Status Options::read(WordsView words, Reading reading) {
  OptionBase* option = words.empty() ? nullptr : find(words[0]);
  if (option == nullptr) return errors::bad_directive();
  const WordsView values = words.subspan(1);
  // `--bind "127.0.0.1 ::1"`: one word that holds several.
  if (option->takes_several_words() && values.size() == 1 && !values[0].empty()) {
    const auto inner = split_quoted(values[0]);
    if (!inner) return errors::unbalanced_quotes();
    return option->read(*inner, reading);
  }
  return option->read(values, reading);
}

}  // namespace larder
