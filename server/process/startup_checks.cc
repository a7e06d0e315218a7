#include "server/process/startup_checks.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace larder {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// These are read without a system call; the others cost every batch one or more.
bool is_fast_clock(std::string_view source) {
  constexpr std::array<std::string_view, 5> kFast = {
      "tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "riscv_clocksource"};
  return std::find(kFast.begin(), kFast.end(), source) != kFast.end();
}

}  // namespace

MachineSettings read_machine_settings(const std::string& root) {
  return {
      .transparent_huge_pages = first_line(root + "/sys/kernel/mm/transparent_hugepage/enabled"),
      .clock_source =
          first_line(root + "/sys/devices/system/clocksource/clocksource0/current_clocksource")};
}

std::vector<std::string> startup_warnings(const MachineSettings& settings) {
  std::vector<std::string> warnings;
  // Nothing is copied on write here, so the usual reason against huge pages does not apply. But the
  // kernel may fill a huge page again of which the allocator gave back a part.
  if (settings.transparent_huge_pages.find("[always]") != std::string::npos) {
    warnings.emplace_back(
        "Transparent huge pages are set to 'always': memory that was freed may not go back to the "
        "system, so that the process can take more than used_memory and fragmentation suggest. "
        "'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled' as root changes it until the "
        "next boot.");
  }
  if (!settings.clock_source.empty() && !is_fast_clock(settings.clock_source)) {
    warnings.push_back(
        "The clock source '" + settings.clock_source +
        "' needs a system call for every look at the clock, which slows the server down. If the "
        "machine offers 'tsc' (see /sys/devices/system/clocksource/clocksource0/"
        "available_clocksource), choose it with the kernel parameter clocksource=tsc.");
  }
  return warnings;
}

}  // namespace larder
