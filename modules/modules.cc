#include "modules/modules.h"

#include "modules/memory_pressure/memory_pressure.h"
#include "modules/pubsub/pubsub.h"

namespace larder {

Modules make_modules() {
  Modules modules;
  modules.push_back(std::make_unique<MemoryPressure>());
  modules.push_back(std::make_unique<PubSub>());
  return modules;
}

}  // namespace larder
