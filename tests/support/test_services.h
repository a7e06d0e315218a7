// What commands and modules work with, without a network and a dispatcher: the base of the scenes of unit
// tests.
#pragma once

#include "server/acl/acl.h"
#include "server/command/context.h"
#include "server/configuration.h"
#include "tests/support/fake_control.h"

namespace larder {

// All but what belongs to the keys.
struct TestHouse {
  Configuration configuration;
  CommandTable commands;
  ClientList clients;
  Info info;
  FakeControl control;
  Limits limits;
  MemoryUsage memory;
  Hooks hooks;
  Pushes pushes;
  BackgroundWork work;
  Acl acl{{configuration.acl, commands, clients, hooks}};
};

// Keys, and with them what a command is given. The house outlives them.
struct TestKeyspace {
  explicit TestKeyspace(TestHouse& house)
      : defragmentation(keyspace, house.configuration.defragmentation),
        services{keyspace,    house.commands, house.clients, house.configuration.options,
                 house.info,  house.control,  house.limits,  house.memory,
                 house.hooks, house.pushes,   house.work,    defragmentation,
                 house.acl} {}

  Keyspace keyspace{2};
  Defragmentation defragmentation;
  Services services;
};

struct TestServices : TestHouse, TestKeyspace {
  TestServices() : TestKeyspace(static_cast<TestHouse&>(*this)) {}
};

}  // namespace larder
