// The drawing of LOLWUT.
#pragma once

#include <string>

#include "server/base/random.h"

namespace larder {

// A larder's shelves, filled at random, and the version below.
std::string draw_larder(Random& random);

}  // namespace larder
