// DEBUG: ways to end the process badly, to see what it says then.
#include <sys/mman.h>

#include <cstdint>

#include "server/base/allocator.h"
#include "server/base/assert.h"
#include "server/commands/debug.h"

namespace larder {
namespace {

// DEBUG SEGFAULT: writes to memory that may only be read, which no compiler can object to.
Status segfault(Context& ctx) {
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile char*>(page) = 'x';
  ctx.reply.ok();
  return ok;
}

// DEBUG PANIC
Status panic(Context&) {
  end_process("DEBUG PANIC called");
}

// DEBUG ASSERT
Status fail_assertion(Context& ctx) {
  LARDER_ASSERT(ctx.argc() == 0);
  ctx.reply.ok();
  return ok;
}

// DEBUG OOM: asks for more memory than there can be.
Status run_out_of_memory(Context& ctx) {
  deallocate(allocate(SIZE_MAX / 2), SIZE_MAX / 2);
  ctx.reply.ok();
  return ok;
}

// DEBUG LEAK string
Status leak(Context& ctx) {
  SharedBytes::copy_of(ctx.arg(2)).detach();
  ctx.reply.ok();
  return ok;
}

constexpr DebugCommand kCommands[] = {
    {"segfault", 2, SIZE_MAX, segfault},
    {"panic", 2, SIZE_MAX, panic},
    {"assert", 2, SIZE_MAX, fail_assertion},
    {"oom", 2, SIZE_MAX, run_out_of_memory},
    {"leak", 3, 3, leak},
};

}  // namespace

std::span<const DebugCommand> debug_crash_commands() {
  return kCommands;
}

}  // namespace larder
