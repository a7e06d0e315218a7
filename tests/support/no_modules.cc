// The list of larder-server-bare, which shows that the server is whole without its modules.
#include "modules/modules.h"

namespace larder {

Modules make_modules() {
  return {};
}

}  // namespace larder
