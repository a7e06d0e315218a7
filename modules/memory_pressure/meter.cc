#include "modules/memory_pressure/meter.h"

#include <algorithm>

namespace larder {

PressureReading ServerMeter::read() {
  MemoryUsage& memory = host_.memory();
  memory.sample();
  memory.find_machine();
  const MachineLimit& machine = memory.machine();
  PressureReading reading;
  reading.used = memory.used();
  reading.resident = std::max(memory.resident(), group_memory(machine));
  reading.resident_limit = machine.bytes;
  reading.used_limit = machine.bytes;
  if (memory.limit() != 0 && !evicts() && (machine.bytes == 0 || memory.limit() < machine.bytes)) {
    reading.used_limit = memory.limit();
  }
  reading.stall_percent = memory_stall_percent(machine);
  return reading;
}

bool ServerMeter::evicts() const {
  const OptionBase* policy = host_.options().find("maxmemory-policy");
  return policy != nullptr && policy->text() != "noeviction";
}

}  // namespace larder
