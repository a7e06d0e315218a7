#include "modules/modules.h"

#include "modules/monitor/monitor.h"
#include "modules/pubsub/pubsub.h"

namespace larder {

Modules make_modules() {
  Modules modules;
  modules.push_back(std::make_unique<PubSub>());
  modules.push_back(std::make_unique<Monitor>());
  return modules;
}

}  // namespace larder
