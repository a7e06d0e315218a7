// What commands and modules work with, without a network and a dispatcher: the base of the scenes of unit
// tests.
#pragma once

#include "server/acl/acl.h"
#include "server/command/context.h"
#include "server/configuration.h"
#include "tests/support/fake_control.h"

namespace larder {

struct TestServices {
  Configuration configuration;
  Keyspace keyspace{2};
  CommandTable commands;
  ClientList clients;
  Info info;
  FakeControl control;
  Limits limits;
  MemoryUsage memory;
  Hooks hooks;
  Pushes pushes;
  BackgroundWork work;
  Defragmentation defragmentation{keyspace, configuration.defragmentation};
  Acl acl{{configuration.acl, commands, clients, hooks}};
  Services services{
      keyspace, commands, clients, configuration.options, info, control, limits, memory,
      hooks,    pushes,   work,    defragmentation,       acl};
};

}  // namespace larder
