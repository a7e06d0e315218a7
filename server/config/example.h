// The text for --print-example-config: every option with what it means and its default.
#pragma once

#include <string>

#include "server/config/options.h"

namespace larder {

// A configuration file that changes nothing: one section per group title, in the order in which
// they were added; hidden options, and those without help, are left out.
std::string example_config(const Options& options);

}  // namespace larder
