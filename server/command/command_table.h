// All commands, found by name without an allocation.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/command_spec.h"

namespace larder {

// What the server counts per command, for INFO commandstats.
struct CommandStats {
  uint64_t calls = 0;        // a request that has to wait counts when it is answered
  uint64_t nanoseconds = 0;  // without the waiting
  uint64_t rejected = 0;  // refused by a gate
  uint64_t failed = 0;    // ran and returned an error
};

class Command {
 public:
  Command(const CommandSpec& spec, const CommandFamily& family)
      : spec_(&spec), group_(family.group), owner_(family.owner) {}

  // "get", "client|id".
  std::string_view full_name() const { return spec_->name; }
  // "id" for "client|id".
  std::string_view short_name() const { return spec_->name.substr(spec_->name.find('|') + 1); }
  bool is_subcommand() const { return spec_->name.find('|') != std::string_view::npos; }
  std::string_view group() const { return group_; }
  const CommandSpec& spec() const { return *spec_; }
  CommandOwner* owner() const { return owner_; }
  uint64_t flags() const { return flags_; }
  bool has(uint64_t flag) const { return (flags_ & flag) != 0; }
  bool arity_fits(size_t arguments) const {
    const int arity = spec_->arity;
    return arity >= 0 ? arguments == static_cast<size_t>(arity)
                      : arguments >= static_cast<size_t>(-arity);
  }
  // Subcommands in the order of their rows; empty unless a container.
  std::span<Command* const> subcommands() const { return subcommands_; }
  bool is_container() const { return !subcommands_.empty(); }
  // How the keys of a request are found ahead of it. They cost least where there is only one, always in
  // the same place; with `range` they are the plain range key_range().
  enum class Keys : uint8_t { none, one, range, searched };
  Keys keys() const { return keys_; }
  // The plain range of its keys, as COMMAND tells it; of `one` and `range` it is all of them.
  const KeyRange& key_range() const { return key_range_; }
  size_t first_key() const { return static_cast<size_t>(key_range_.first); }
  // Whether its keys hold collections, if anything.
  bool works_on_collections() const { return works_on_collections_; }
  // A position in the table; stable while the process runs (ACL bits).
  size_t id() const { return id_; }
  // Whether consecutive calls are timed together: see TimedRun. One that may wait is not, because
  // whether it has run shows only when it returns.
  bool is_timed_in_runs() const { return has(kFast | kTimedInRuns) && !has(kBlocking); }

  mutable CommandStats stats;

 private:
  friend class CommandTable;
  void find_keys();

  const CommandSpec* spec_;
  std::string_view group_;
  CommandOwner* owner_;
  uint64_t flags_ = 0;
  Keys keys_ = Keys::none;
  bool works_on_collections_ = false;
  KeyRange key_range_;
  size_t id_ = 0;
  std::vector<Command*> subcommands_;
};

class CommandTable {
 public:
  // The rows of a family must outlive the table. A name that is there already is a bug. Subcommands
  // may come in a later family than their container: a module brings those of its own.
  void add(const CommandFamily& family);

  // A command or container, in any case; nullptr if there is none. A few ns.
  const Command* find(std::string_view name) const;
  // "client|id" in any case, as COMMAND INFO and ACL rules name subcommands, or a plain name.
  const Command* find_full(std::string_view full_name) const;
  static const Command* find_subcommand(const Command& container, std::string_view name);
  // What a request runs: the command, or the subcommand that its second argument names.
  // nullptr: no such command; a container: no such subcommand.
  const Command* resolve(std::span<const std::string_view> arguments) const;

  // Commands and containers, without subcommands, in the order of registration.
  std::span<const Command* const> commands() const { return commands_; }
  // Every row.
  const std::deque<Command>& rows() const { return rows_; }
  void reset_stats();

 private:
  // Two words that names of up to 16 bytes have in common only if they are equal but for case.
  struct Words {
    uint64_t first;
    uint64_t second;
    bool operator==(const Words&) const = default;
  };
  struct Slot {
    Words words;
    size_t length = 0;
    const Command* command = nullptr;
  };
  static Words words_of(std::string_view name);
  size_t slot_of(const Words& words) const;
  void place(const Command* command);
  Command* container_of(const Command& subcommand);

  std::deque<Command> rows_;
  std::vector<const Command*> commands_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
};

// The key positions of a request, by the command's specifications or, for commands whose keys
// depend on options that those cannot say, by its own rules. False: the request has no valid key
// positions.
bool find_command_keys(const Command& command, std::span<const std::string_view> arguments,
                       std::vector<KeyPosition>& positions);

}  // namespace larder
