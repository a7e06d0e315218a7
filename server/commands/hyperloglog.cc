// Commands that count distinct elements without keeping them.
#include <string>

#include "server/base/text.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/types/hyperloglog.h"

namespace larder {
namespace {

// A key for reading. Errors: holds no string, or one that is no HyperLogLog.
Result<Found<HyperLogLog>> find_hyperloglog(Context& ctx, size_t index) {
  TRY(const auto found, ctx.find<HyperLogLog>(ctx.key(index)));
  if (found) TRY(found->check());
  return found;
}

// PFADD key [element [element ...]]
Status pfadd(Context& ctx) {
  TRY(auto edit, ctx.edit_or_create<HyperLogLog>(ctx.key(1)));
  HyperLogLog& log = *edit.operator->();
  int64_t changes = 0;
  if (edit) {
    TRY(log.check());
  } else {
    log.create();
    changes++;
  }
  Status status = ok;
  for (const std::string_view element : ctx.args(2)) {
    auto added = log.add(element);
    if (!added.is_ok()) {
      // What the elements before it changed stays, as in Redis, but not untold.
      status = std::move(added).error();
      break;
    }
    if (added.value()) changes++;
  }
  if (changes > 0) log.forget_count();
  edit.commit("pfadd", changes);
  TRY(std::move(status));
  ctx.reply.integer(changes > 0 ? 1 : 0);
  return ok;
}

// PFCOUNT of one key remembers the answer in the value.
Status count_one(Context& ctx) {
  TRY(const auto found, find_hyperloglog(ctx, 1));
  if (!found) {
    ctx.reply.integer(0);
    return ok;
  }
  if (const auto count = found->remembered_count()) {
    ctx.reply.integer(*count);
    return ok;
  }
  TRY(const int64_t count, found->count());
  TRY(auto edit, ctx.edit<HyperLogLog>(ctx.key(1)));
  edit->remember_count(count);
  edit.commit("");
  ctx.reply.integer(count);
  return ok;
}

// PFCOUNT key [key ...]
Status pfcount(Context& ctx) {
  if (ctx.argc() == 2) return count_one(ctx);
  HllRegisters registers{};
  for (size_t i = 1; i < ctx.argc(); i++) {
    TRY(const auto found, find_hyperloglog(ctx, i));
    if (found) TRY(found->merge_into(registers));
  }
  HllHistogram histogram;
  for (const uint8_t value : registers) histogram.add(value);
  ctx.reply.integer(histogram.estimate());
  return ok;
}

// PFMERGE destkey [sourcekey [sourcekey ...]]. The target is a source, too, and dense if one of
// them is.
Status pfmerge(Context& ctx) {
  HllRegisters registers{};
  bool is_dense = false;
  for (size_t i = 1; i < ctx.argc(); i++) {
    TRY(const auto found, find_hyperloglog(ctx, i));
    if (!found) continue;
    is_dense |= found->is_dense();
    TRY(found->merge_into(registers));
  }
  TRY(auto edit, ctx.edit_or_create<HyperLogLog>(ctx.key(1)));
  if (!edit) edit->create();
  // The target was read above and is not corrupted: nothing below fails.
  Status status = is_dense ? edit->make_dense() : ok;
  if (status.is_ok()) status = edit->raise_all(registers);
  edit->forget_count();
  edit.commit("pfadd");
  TRY(std::move(status));
  ctx.reply.ok();
  return ok;
}

// --- PFDEBUG ---

// Whether it was sparse. The value is the same afterwards, in other bytes.
Result<bool> convert_to_dense(Edit<HyperLogLog>& edit) {
  if (edit->is_dense()) return false;
  TRY(edit->make_dense());
  edit.commit("");
  return true;
}

// All registers, for which it becomes dense as in Redis.
Status reply_registers(Context& ctx, Edit<HyperLogLog>& edit) {
  TRY(convert_to_dense(edit));
  HllRegisters registers{};
  TRY(edit->merge_into(registers));
  ctx.reply.array(registers.size());
  for (const uint8_t value : registers) ctx.reply.integer(value);
  return ok;
}

// The opcodes as text: "z:3" and "Z:300" for zeros, "v:2,1" for one register that is 2.
Status reply_opcodes(Context& ctx, Edit<HyperLogLog>& edit) {
  if (edit->is_dense()) return errors::hyperloglog_not_sparse();
  std::string text;
  std::string_view opcodes = edit->opcodes();
  while (!opcodes.empty()) {
    const HllRun run = first_run(opcodes);
    if (run.bytes == 0) return errors::corrupted_hyperloglog();
    if (!text.empty()) text += ' ';
    text += run.bytes == 2 ? "Z:" : run.value == 0 ? "z:" : "v:" + std::to_string(run.value) + ",";
    text += std::to_string(run.registers);
    opcodes.remove_prefix(run.bytes);
  }
  ctx.reply.bulk(text);
  return ok;
}

// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key
Status pfdebug(Context& ctx) {
  const std::string_view subcommand = ctx.arg(1);
  TRY(auto edit, ctx.edit<HyperLogLog>(ctx.key(2)));
  if (!edit) return errors::specified_key_missing();
  TRY(edit->check());
  if (equals_ignoring_case(subcommand, "GETREG")) return reply_registers(ctx, edit);
  if (equals_ignoring_case(subcommand, "DECODE")) return reply_opcodes(ctx, edit);
  if (equals_ignoring_case(subcommand, "ENCODING")) {
    ctx.reply.simple(edit->is_dense() ? "dense" : "sparse");
    return ok;
  }
  if (equals_ignoring_case(subcommand, "TODENSE")) {
    TRY(const bool is_converted, convert_to_dense(edit));
    ctx.reply.integer(is_converted ? 1 : 0);
    return ok;
  }
  return errors::unknown_pfdebug_subcommand(subcommand);
}

// PFSELFTEST
Status pfselftest(Context& ctx) {
  const size_t sparse_max_bytes = ctx.keyspace.type_limits.hll_sparse_max_bytes;
  if (const auto failure = test_hyperloglog(ctx.keyspace.random.next(), sparse_max_bytes)) {
    return errors::hyperloglog_self_test_failed(*failure);
  }
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"pfadd", pfadd, -2, kWrite | kDenyOom | kFast, one_key(1, kAdd), "2.8.9",
     "O(1) for each element", "key [element [element ...]]",
     "Adds elements to a HyperLogLog, creating it if it is missing."},
    {"pfcount", pfcount, -2, kRead | kMayReplicate, keys_from(1, kReadWrite | kAccess), "2.8.9",
     "O(1) for one key that has not changed since, else O(N) with N keys and a large constant",
     "key [key ...]",
     "Estimates how many distinct elements were added to one or more HyperLogLogs."},
    {"pfmerge", pfmerge, -2, kWrite | kDenyOom,
     one_key(1, kReadWrite | kAccess | kInsertData) + keys_from(2, kGet), "2.8.9",
     "O(N) with N keys and a large constant", "destkey [sourcekey [sourcekey ...]]",
     "Adds what was added to some HyperLogLogs to another."},
    {"pfdebug", pfdebug, 3, kWrite | kDenyOom | kAdmin, one_key(2, kReadWrite | kAccess), "2.8.9",
     "depends on the subcommand", "subcommand key", "Looks at a HyperLogLog from inside."},
    {"pfselftest", pfselftest, 1, kAdmin, no_keys(), "2.8.9", "O(1), some 0.1 s", "",
     "Tests the HyperLogLog on this machine."},
};

}  // namespace

CommandFamily hyperloglog_commands() {
  return {"hyperloglog", kCommands};
}

}  // namespace larder
