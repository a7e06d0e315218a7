// The options of Redis 7.2 that Larder does not have yet, so that a redis.conf works as it is, or
// says at start why it does not.
//
// Two kinds. Ignored: doing without it harms nobody; the value is checked, remembered and shown by
// CONFIG GET, and one line of the log names what was set. Refused: ignoring it would change what
// the user gets (data that is not saved, a port that is not encrypted), so every value but the one
// that means "off" stops the start and fails CONFIG SET.
//
// When Larder learns an option, its row in compatibility.cc goes and an Option member comes;
// forgetting the first ends the process at start, because a name can be declared only once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/config/option.h"

namespace larder {

class CompatibilityOptions : public OptionGroup {
 public:
  CompatibilityOptions();

  // The ignored options that a file, the command line or CONFIG SET named.
  std::vector<std::string> given_without_effect() const;

 private:
  std::vector<std::unique_ptr<OptionBase>> owned_;
  std::vector<const OptionBase*> ignored_;
};

}  // namespace larder
