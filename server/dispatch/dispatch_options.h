// Options of the way in.
#pragma once

#include <string>

#include "server/config/option.h"

namespace larder {

struct DispatchOptions : OptionGroup {
  DispatchOptions() : OptionGroup("Security") {}

  Option<std::string> requirepass{
      *this,
      "requirepass",
      "",
      {.secret = true,
       .help = "The password of the default user. Clients have to AUTH before anything else; "
               "choose a long one, the server answers a million guesses a second."}};
};

}  // namespace larder
