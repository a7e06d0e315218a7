#pragma once

#include <chrono>
#include <thread>

namespace larder {

using namespace std::chrono_literals;  // NOLINT: tests say 5s

// Asks until the condition holds; false when it did not within the bound. For what the server does
// in its own time: expiry, blocked clients, files. The bound is for failures only, so it may be
// generous.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds bound = 5s) {
  const auto end = std::chrono::steady_clock::now() + bound;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(1ms);  // between two questions, not instead of one
  }
}

}  // namespace larder
