// The registry of all options: finds them by name, and does what CONFIG GET and CONFIG SET promise.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

struct NameAndValue {
  std::string_view name;
  std::string_view value;
};

// Whether whoever asks may change protected options (enable-protected-configs, and where it is
// `local` the client's address, decide that).
enum class Authority { ordinary, protected_too };

class Options {
 public:
  struct Shown {
    std::string name;
    std::string value;
  };

  // Makes the options of a group known, under their names and aliases; the group must outlive this.
  // A name that is known already is a bug and ends the process.
  void add(OptionGroup& group);

  // By name or alias, in any case; nullptr: there is none.
  OptionBase* find(std::string_view name) const;
  std::span<OptionGroup* const> groups() const { return groups_; }

  // CONFIG GET: the options that match at least one pattern, each name once. A pattern without
  // special characters finds hidden options too, and shows the name as it was asked for.
  std::vector<Shown> get(std::span<const std::string_view> patterns) const;

  // CONFIG SET: all or nothing. First every value is checked and taken, then the changes are
  // applied (each function once); when either fails, all old values are put back, what was applied
  // is applied again with them, and the error names the option.
  Status set(std::span<const NameAndValue> settings, Authority authority);

  // One directive of a file or of the command line; words[0] is the name. Nothing is applied.
  // Errors are reasons.
  Status read(WordsView words, Reading reading);

 private:
  struct Named {
    std::string name;  // in lower case; an alias is a name of its own
    OptionBase* option;
  };
  struct Change {
    const Named* named;
    std::function<void()> restore;
    bool is_new = false;
  };

  void add_name(std::string_view name, OptionBase& option);
  const Named* find_named(std::string_view name) const;
  Status check_settable(std::span<const NameAndValue> settings, Authority authority) const;
  static Status apply(std::span<const Change> changes);

  std::vector<OptionGroup*> groups_;
  std::vector<Named> names_;  // in the order of their declaration
  std::unordered_map<std::string, size_t> by_name_;
};

}  // namespace larder
