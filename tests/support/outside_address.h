#pragma once

#include <string>

namespace larder {

// An address of this machine under which clients do not come over loopback; "" if it has none.
std::string outside_address();

}  // namespace larder
