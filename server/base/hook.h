// A place where others can listen: a plain list of functions, called in the order in which they were
// added. A hook that nobody uses costs one branch.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace larder {

template <class... Arguments>
class Hook {
 public:
  using Listener = std::function<void(Arguments...)>;

  void add(Listener listener) { listeners_.push_back(std::move(listener)); }
  bool is_used() const { return !listeners_.empty(); }
  void operator()(Arguments... arguments) const {
    if (listeners_.empty()) [[likely]] return;
    for (const Listener& listener : listeners_) listener(arguments...);
  }

 private:
  std::vector<Listener> listeners_;
};

}  // namespace larder
