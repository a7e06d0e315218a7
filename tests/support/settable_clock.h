// The wall clock of the servers that are started while this exists, to be set by a test. Not for
// sanitized builds, whose library wants to be the first that is loaded.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace larder {

class SettableClock {
 public:
  SettableClock() {
    set(0);
    ::setenv("LARDER_WALL_CLOCK", folder_.path("offset").c_str(), 1);
    ::setenv("LD_PRELOAD", LARDER_WALL_CLOCK_SHIM, 1);
  }
  ~SettableClock() {
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("LARDER_WALL_CLOCK");
  }
  SettableClock(const SettableClock&) = delete;
  SettableClock& operator=(const SettableClock&) = delete;

  // So many seconds away from the real time, at once and for all servers.
  void set(int64_t seconds) {
    const int64_t ns = seconds * 1'000'000'000;
    // In place: the servers have the file in their memory.
    std::fstream file(folder_.path("offset"), std::ios::binary | std::ios::in | std::ios::out);
    if (!file) file.open(folder_.path("offset"), std::ios::binary | std::ios::out);
    file.write(reinterpret_cast<const char*>(&ns), sizeof(ns));
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace larder
