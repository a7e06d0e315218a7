// A module: a feature that stands by itself. It brings commands, options and INFO fields, listens
// to hooks, and is one line of modules/modules.cc.
//
// The test for being one: without its line the server still builds, is a correct cache, and passes
// every other test. A module costs nothing until it is used: construction is cheap, and what it
// needs it sets up at its first command or when its option is switched on.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "server/command/command_spec.h"
#include "server/config/option.h"
#include "server/info/info.h"
#include "server/module/host.h"

namespace larder {

class Module : public CommandOwner {
 public:
  struct Names {
    std::string_view name;                       // "pubsub"
    std::string_view options_title = "Modules";  // the section of the example configuration
    std::string_view info_section = "Stats";
    InfoScope info_scope = InfoScope::by_default;  // of a section of its own: InfoScope::module
  };

  explicit Module(const Names& names)
      : options(names.options_title),
        info(names.info_section, names.info_scope),
        name_(names.name) {}
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  std::string_view name() const { return name_; }

  // Its tables, whose rows outlive the module. In them Context::owner() is the module.
  virtual std::vector<CommandFamily> commands() const { return {}; }
  // The configuration has been read, clients are not let in yet: the place to listen to hooks and
  // to changes of options. The host outlives the last call of any listener.
  virtual void start(Host& host) = 0;

  // Where its members of type Option, Counter, Gauge ... register themselves.
  OptionGroup options;
  InfoGroup info;

 private:
  std::string_view name_;
};

using Modules = std::vector<std::unique_ptr<Module>>;

}  // namespace larder
