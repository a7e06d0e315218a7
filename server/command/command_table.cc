#include "server/command/command_table.h"

#include <algorithm>
#include <cstring>

#include "server/base/assert.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr std::string_view kCollectionGroups[] = {"list",       "hash", "set",
                                                  "sorted-set", "geo",  "stream"};

template <class Integer>
uint64_t load(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// to_lower of eight bytes at once. Seven bits of a byte are moved so that the eighth tells whether
// they reach 'A', and whether they pass 'Z'; bytes beyond ASCII stay as they are.
uint64_t lower_eight(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t low_bits = word & (kOnes * 0x7f);
  const uint64_t from_a = low_bits + kOnes * (0x80 - 'A');
  const uint64_t past_z = low_bits + kOnes * (0x7f - 'Z');
  const uint64_t is_upper = (from_a ^ past_z) & ~word & (kOnes * 0x80);
  return word | (is_upper >> 2);
}

}  // namespace

void Command::find_keys() {
  key_range_ = plain_range(spec_->keys);
  const auto& specs = spec_->keys.all();
  const bool are_names = std::ranges::any_of(
      specs, [](const KeySpec& spec) { return (spec.flags & kNotKey) != 0; });
  if (specs.empty() || are_names) return;
  works_on_collections_ = std::ranges::find(kCollectionGroups, group_) != std::end(kCollectionGroups);
  // Of a range that is complete, a rule of the command's own can only tell other flags.
  if (!key_range_.is_complete) {
    keys_ = Keys::searched;
  } else {
    keys_ = key_range_.first == key_range_.last ? Keys::one : Keys::range;
  }
}

void CommandTable::add(const CommandFamily& family) {
  for (const CommandSpec& spec : family.commands) {
    Command& command = rows_.emplace_back(spec, family);
    command.id_ = rows_.size() - 1;
    command.find_keys();
    command.flags_ = spec.flags | (command.key_range_.is_complete ? 0 : uint64_t{kMovableKeys});
    if (!command.is_subcommand()) {
      LARDER_ASSERT(find(spec.name) == nullptr);
      commands_.push_back(&command);
      place(&command);
      continue;
    }
    LARDER_ASSERT(find_full(spec.name) == nullptr);
    container_of(command)->subcommands_.push_back(&command);
  }
}

// Among the last rows, as a rule.
Command* CommandTable::container_of(const Command& subcommand) {
  const std::string_view name = subcommand.full_name().substr(0, subcommand.full_name().find('|'));
  const auto container = std::find_if(rows_.rbegin(), rows_.rend(), [name](const Command& row) {
    return row.full_name() == name;
  });
  LARDER_ASSERT(container != rows_.rend());
  return &*container;
}

// Loads that overlap cover every byte of 4 to 16; of longer names the first 16.
CommandTable::Words CommandTable::words_of(std::string_view name) {
  const char* const begin = name.data();
  const char* const end = begin + name.size();
  if (name.size() >= 8) {
    const char* const second = name.size() >= 16 ? begin + 8 : end - 8;
    return {lower_eight(load<uint64_t>(begin)), lower_eight(load<uint64_t>(second))};
  }
  if (name.size() >= 4) {
    return {lower_eight(load<uint32_t>(begin) | (load<uint32_t>(end - 4) << 32)), 0};
  }
  uint64_t bytes = 0;
  for (const char c : name) bytes = (bytes << 8) | static_cast<uint8_t>(c);
  return {lower_eight(bytes), 0};
}

// Chosen names cannot hurt: the table holds only ours.
size_t CommandTable::slot_of(const Words& words) const {
  const uint64_t mixed = (words.first ^ (words.second * 31)) * 0x9e3779b97f4a7c15;
  return (mixed >> 32) & (slots_.size() - 1);
}

void CommandTable::place(const Command* command) {
  if (commands_.size() * 2 > slots_.size()) {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, {});
    for (const Command* known : commands_) {
      if (known != command) place(known);
    }
  }
  const std::string_view name = command->full_name();
  const Words words = words_of(name);
  size_t at = slot_of(words);
  while (slots_[at].command != nullptr) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {words, name.size(), command};
}

const Command* CommandTable::find(std::string_view name) const {
  if (slots_.empty()) return nullptr;
  const Words words = words_of(name);
  for (size_t at = slot_of(words);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.command == nullptr) return nullptr;
    if (slot.words != words || slot.length != name.size()) continue;
    const bool is_equal =
        name.size() <= sizeof(Words) || equals_ignoring_case(slot.command->full_name(), name);
    if (is_equal) return slot.command;
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
