// A listener that is switched on and off, so that a hook costs something only while somebody needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/base/hook.h"

namespace larder {

// Adds `function` to the hook if it is to listen and does not yet, removes it if it does and is not to.
// `listener` is its number there, 0 while it does not listen. Neither may happen in a listener of the
// same hook.
template <class... Arguments, class Function>
void listen_while(bool is_on, Hook<Arguments...>& hook, uint64_t& listener, Function&& function) {
  if (is_on == (listener != 0)) return;
  if (is_on) {
    listener = hook.add(std::forward<Function>(function));
  } else {
    hook.remove(std::exchange(listener, 0));
  }
}

// The same for a count of those who want something: `is_counted` tells whether this one is among them.
inline void count_while(bool is_on, size_t& count, bool& is_counted) {
  if (is_on == is_counted) return;
  is_on ? count++ : count--;
  is_counted = is_on;
}

}  // namespace larder
