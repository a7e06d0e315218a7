// The modules that this program is built with.
#pragma once

#include "server/module/module.h"

namespace larder {

Modules make_modules();

}  // namespace larder
