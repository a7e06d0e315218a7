// SIGTERM, SIGINT and SIGHUP as ordinary function calls on the reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace larder {

class Reactor;

class Signals {
 public:
  // `function` gets the signal's number, in the poll phase of a turn. Must go before its reactor;
  // the signals then do again what they did before.
  Signals(Reactor& reactor, std::function<void(int)> function);

 private:
  struct Handle;
  struct Closer {
    void operator()(Handle* handle) const;
  };
  std::vector<std::unique_ptr<Handle, Closer>> handles_;
};

}  // namespace larder
