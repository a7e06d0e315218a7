// A place where others can listen: a plain list of functions, called in the order in which they were
// added. A hook that nobody uses costs one branch.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace larder {

template <class... Arguments>
class Hook {
 public:
  using Listener = std::function<void(Arguments...)>;

  // Returns a number to remove it by. Neither may be called by a listener of the same hook.
  uint64_t add(Listener listener) {
    listeners_.emplace_back(++last_id_, std::move(listener));
    return last_id_;
  }
  void remove(uint64_t id) {
    std::erase_if(listeners_, [id](const auto& known) { return known.first == id; });
  }
  bool is_used() const { return !listeners_.empty(); }
  void operator()(Arguments... arguments) const {
    if (listeners_.empty()) [[likely]] return;
    for (const auto& [id, listener] : listeners_) listener(arguments...);
  }

 private:
  std::vector<std::pair<uint64_t, Listener>> listeners_;
  uint64_t last_id_ = 0;
};

}  // namespace larder
