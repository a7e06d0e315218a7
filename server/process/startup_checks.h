// Warnings about settings of the machine that cost a cache memory or time.
#pragma once

#include <string>
#include <vector>

namespace larder {

// The settings that matter, as the kernel words them; empty where it does not say.
struct MachineSettings {
  std::string transparent_huge_pages{};  // "always [madvise] never"
  std::string clock_source{};            // "tsc"
};

// `root` stands before /sys, for tests.
MachineSettings read_machine_settings(const std::string& root = "");

// Sentences for the log, each with the remedy. Not among them: vm.overcommit_memory, which only
// matters to servers that fork to save.
std::vector<std::string> startup_warnings(const MachineSettings& settings);

}  // namespace larder
