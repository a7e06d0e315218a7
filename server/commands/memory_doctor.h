// What MEMORY DOCTOR says.
#pragma once

#include <string>

#include "server/commands/memory_report.h"

namespace larder {

// What is wrong with the use of memory and what helps, a paragraph for each finding; or that
// nothing is.
std::string memory_advice(const MemoryReport& report, const Services& services);

}  // namespace larder
