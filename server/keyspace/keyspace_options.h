// Options of the keyspace.
#pragma once

#include "server/config/option.h"
#include "server/memory/memory_limit.h"

namespace larder {

struct KeyspaceOptions : OptionGroup {
  KeyspaceOptions() : OptionGroup("Keys and memory") {}

  Option<int> databases{*this,
                        "databases",
                        16,
                        {.min = 1,
                         .max = 10000,
                         .immutable = true,
                         .help = "How many numbered databases there are; SELECT goes from 0 to one "
                                 "less."}};
  Option<int> hz{*this,
                 "hz",
                 10,
                 {.min = 1,
                  .max = 500,
                  .help = "How often per second the server looks after clients and figures. Keys "
                          "expire on time whatever this says."}};
  Option<bool> dynamic_hz{*this,
                          "dynamic-hz",
                          true,
                          {.help = "Has no effect: hz stays what it is, as looking after clients costs little."}};
  Option<bool> activerehashing{*this,
                               "activerehashing",
                               true,
                               {.help = "Has no effect: tables grow in small steps anyway."}};
  Option<MemoryLimit> maxmemory{
      *this,
      "maxmemory",
      {},
      {.help = "How much memory may be used; 0 sets no limit. What happens beyond it, maxmemory-policy "
               "says. 50% is half of what the machine and its control groups (cgroup v1 and v2) allow the "
               "process; auto is 80% of it, which leaves room for what is not data. Replies that wait for "
               "slow clients do not count, but for large values and messages, which are not copied."}};
  Option<bool> jemalloc_bg_thread{*this,
                                  "jemalloc-bg-thread",
                                  true,
                                  {.help = "Memory that became free goes back to the machine from a "
                                           "thread of its own; otherwise requests wait for that now "
                                           "and then."}};
  Option<bool> lazyfree_lazy_eviction{
      *this, "lazyfree-lazy-eviction", false,
      {.help = "Whether large values are freed after the command that removes them. Has no effect, as the "
               "four below: the key is gone at once, and its memory follows in slices between requests, "
               "in which nobody waits. FLUSHALL SYNC waits for it."}};
  Option<bool> lazyfree_lazy_expire{*this, "lazyfree-lazy-expire", false, {.help = "Has no effect."}};
  Option<bool> lazyfree_lazy_server_del{*this, "lazyfree-lazy-server-del", false,
                                        {.help = "Has no effect."}};
  Option<bool> lazyfree_lazy_user_del{*this, "lazyfree-lazy-user-del", false,
                                      {.help = "Has no effect."}};
  Option<bool> lazyfree_lazy_user_flush{*this, "lazyfree-lazy-user-flush", false,
                                        {.help = "Has no effect."}};
};

}  // namespace larder
