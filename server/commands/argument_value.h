// How arguments become values, and many of them keys.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "server/command/context.h"
#include "server/types/string.h"

namespace larder {

// Gives a string the argument's bytes. A large argument came in memory of its own, which is kept.
inline void assign_argument(const Context& ctx, Edit<String>& edit, size_t index) {
  if (SharedBytes block = ctx.large(index)) [[unlikely]] {
    edit->assign(std::move(block));
  } else {
    edit->assign(ctx.arg(index));
  }
}

// So many keys are looked up ahead: enough to hide the latency of memory, few enough to lie on the
// stack.
inline constexpr size_t kKeysAhead = 16;

// Calls visit(key, index) for the argument `first` and every step-th behind it, each hashed once
// and, where there are several, brought near before it is visited. Stops when visit returns false.
template <class Visit>
void for_each_key(const Context& ctx, size_t first, size_t step, Visit&& visit) {
  std::array<Key, kKeysAhead> keys;
  while (first < ctx.argc()) {
    const size_t left = (ctx.argc() - first + step - 1) / step;
    const size_t count = std::min(left, kKeysAhead);
    for (size_t i = 0; i < count; i++) keys[i] = ctx.key(first + i * step);
    if (count > 1 && !ctx.has_looked_ahead(first + (count - 1) * step)) {
      ctx.prefetch(std::span(keys).first(count));
    }
    for (size_t i = 0; i < count; i++) {
      if (!visit(keys[i], first + i * step)) return;
    }
    first += count * step;
  }
}

}  // namespace larder
