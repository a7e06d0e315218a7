// MONITOR: shows a client what all others do, as it happens.
//
// While nobody watches the feature costs nothing. While somebody does, every command is written out
// once, whatever the number of those who watch, and sent to each of them. Who does not read falls
// under the output limits of those who listen to channels, and is cut off.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/module/module.h"

namespace larder {

class Monitor final : public Module {
 public:
  Monitor() : Module({.name = "monitor"}) {}
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  // From now on the client is sent what others do; no more than once.
  void add(Client& client);

 private:
  void remove(Client& client);
  void show(const FinishedCommand& finished);

  Host* host_ = nullptr;
  std::vector<Client*> monitors_;
  uint64_t listener_ = 0;  // 0: nobody watches
};

// +1700000000.123456 [0 127.0.0.1:50312] "set" "key" "value", without the plus and the line end.
std::string monitor_line(const FinishedCommand& finished, const Options& options, int64_t wall_us);

}  // namespace larder
