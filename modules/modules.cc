#include "modules/modules.h"

#include "modules/batching/batching.h"
#include "modules/commandlog/commandlog.h"
#include "modules/latency/latency.h"
#include "modules/memory_pressure/memory_pressure.h"
#include "modules/monitor/monitor.h"
#include "modules/pubsub/pubsub.h"
#include "modules/tracking/tracking.h"

namespace larder {

Modules make_modules() {
  Modules modules;
  modules.push_back(std::make_unique<Batching>());
  modules.push_back(std::make_unique<MemoryPressure>());
  modules.push_back(std::make_unique<PubSub>());
  modules.push_back(std::make_unique<Tracking>());
  modules.push_back(std::make_unique<Monitor>());
  modules.push_back(std::make_unique<CommandLog>());
  modules.push_back(std::make_unique<Latency>());
  return modules;
}

}  // namespace larder
