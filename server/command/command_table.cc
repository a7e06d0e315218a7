#include "server/command/command_table.h"

#include "server/base/assert.h"
#include "server/base/text.h"

namespace larder {
namespace {

// FNV-1a over the lower-case name. Chosen names cannot hurt: the table holds only ours.
size_t hash_name(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(to_lower(c))) * 16777619u;
  return hash;
}

}  // namespace

void CommandTable::add(const CommandFamily& family) {
  Command* container = nullptr;
  for (const CommandSpec& spec : family.commands) {
    Command& command = rows_.emplace_back(spec, family);
    command.id_ = rows_.size() - 1;
    command.flags_ = spec.flags | (plain_range(spec.keys).is_complete ? 0 : uint64_t{kMovableKeys});
    if (spec.keys.count > 0 && spec.keys.specs[0].begin == KeySpec::Begin::index &&
        spec.keys.specs[0].find == KeySpec::Find::range) {
      command.first_key_ = static_cast<size_t>(spec.keys.specs[0].index);
    }
    if (!command.is_subcommand()) {
      LARDER_ASSERT(find(spec.name) == nullptr);
      container = &command;
      commands_.push_back(&command);
      place(&command);
      continue;
    }
    LARDER_ASSERT(container != nullptr &&
                  spec.name.substr(0, spec.name.find('|')) == container->full_name());
    container->subcommands_.push_back(&command);
  }
}

void CommandTable::place(const Command* command) {
  if (commands_.size() * 2 > slots_.size()) {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, nullptr);
    for (const Command* known : commands_) {
      if (known != command) place(known);
    }
  }
  size_t at = hash_name(command->full_name());
  while (slots_[at & (slots_.size() - 1)] != nullptr) at++;
  slots_[at & (slots_.size() - 1)] = command;
}

const Command* CommandTable::find(std::string_view name) const {
  if (slots_.empty()) return nullptr;
  for (size_t at = hash_name(name);; at++) {
    const Command* command = slots_[at & (slots_.size() - 1)];
    if (command == nullptr || equals_ignoring_case(command->full_name(), name)) return command;
  }
}

const Command* CommandTable::find_full(std::string_view full_name) const {
  const size_t bar = full_name.find('|');
  const Command* command = find(full_name.substr(0, bar));
  if (bar == std::string_view::npos || command == nullptr) return command;
  return find_subcommand(*command, full_name.substr(bar + 1));
}

const Command* CommandTable::find_subcommand(const Command& container, std::string_view name) {
  for (const Command* command : container.subcommands()) {
    if (equals_ignoring_case(command->short_name(), name)) return command;
  }
  return nullptr;
}

const Command* CommandTable::resolve(std::span<const std::string_view> arguments) const {
  const Command* command = find(arguments[0]);
  if (command == nullptr || !command->is_container() || arguments.size() < 2) return command;
  const Command* subcommand = find_subcommand(*command, arguments[1]);
  return subcommand != nullptr ? subcommand : command;
}

void CommandTable::reset_stats() {
  for (Command& command : rows_) command.stats = {};
}

bool find_command_keys(const Command& command, std::span<const std::string_view> arguments,
                       std::vector<KeyPosition>& positions) {
  positions.clear();
  const CommandSpec& spec = command.spec();
  if (spec.key_rule != nullptr) return spec.key_rule(arguments, positions);
  return find_keys(spec.keys, arguments, positions);
}

}  // namespace larder
