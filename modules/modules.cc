#include "modules/modules.h"

#include "modules/pubsub/pubsub.h"
#include "modules/tracking/tracking.h"

namespace larder {

Modules make_modules() {
  Modules modules;
  modules.push_back(std::make_unique<PubSub>());
  modules.push_back(std::make_unique<Tracking>());
  return modules;
}

}  // namespace larder
