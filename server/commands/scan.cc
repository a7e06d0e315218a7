// Walks over all keys: KEYS in one go, SCAN in steps.
#include <optional>
#include <vector>

#include "server/base/glob.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/scan_options.h"

namespace larder {
namespace {

// KEYS pattern
Status keys(Context& ctx) {
  const std::string_view pattern = ctx.arg(1);
  const Database& database = ctx.database();
  const int64_t now_ms = ctx.now_ms();
  ReplyWriter::Deferred reply = ctx.reply.deferred_array();
  size_t count = 0;
  const auto show = [&](const Entry& entry) {
    if (entry.is_expired(now_ms)) return;
    ctx.reply.bulk(entry.key());
    count++;
  };
  if (glob_is_literal(pattern)) {
    if (const Database::Slot* slot = database.find(ctx.key(1))) show(*slot->get());
  } else {
    uint64_t position = 0;
    do {
      position = database.visit_segment(position, [&](const Entry& entry) {
        if (glob_matches(pattern, entry.key())) show(entry);
      });
    } while (position != 0 && !ctx.reply.chain().overflowed());
  }
  reply.finish(count);
  return ok;
}

// --- SCAN ---

struct KeyOptions : ScanOptions {
  bool any_type = true;
  std::optional<Type> type;  // empty with any_type false: a name that no type has

  bool is_of_type(const Entry& entry) const { return any_type || entry.type() == type; }
};

std::optional<Type> find_type(std::string_view name) {
  for (const Type type :
       {Type::string, Type::list, Type::set, Type::sorted_set, Type::hash, Type::stream}) {
    if (equals_ignoring_case(name, type_name(type))) return type;
  }
  return std::nullopt;
}

Result<KeyOptions> read_options(Context& ctx) {
  KeyOptions options;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (options.read(args)) continue;
    if (args.option("TYPE")) {
      options.any_type = false;
      options.type = find_type(args.text());
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return options;
}

struct ScanStep {
  std::vector<const Entry*> found;
  std::vector<const Entry*> expired;
  uint64_t position = 0;  // where to go on; 0: done
};

// Goes on until COUNT keys were seen, whether or not they are admitted. In a table that has lost
// most of its keys, ten buckets for each of them are enough for one call.
ScanStep scan_step(Context& ctx, uint64_t position, const KeyOptions& options) {
  const int64_t now_ms = ctx.now_ms();
  const int64_t start = ScanCursor::of(position);
  int64_t steps = options.max_steps();
  int64_t seen = 0;
  ScanStep step;
  do {
    position = ctx.database().scan(position, [&](const Entry& entry) {
      seen++;
      if (!options.admits(entry.key())) return;
      // As in Redis, what has expired goes whatever its type.
      if (entry.is_expired(now_ms)) return step.expired.push_back(&entry);
      if (options.is_of_type(entry)) step.found.push_back(&entry);
    });
    steps--;
    // Within the cursor it began with, a scan would begin there again.
  } while (position != 0 &&
           ((seen < options.count && steps > 0) || ScanCursor::of(position) == start));
  step.position = position;
  return step;
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
Status scan(Context& ctx) {
  TRY(const uint64_t position, ScanCursor::parse(ctx.arg(1)));
  TRY(const KeyOptions options, read_options(ctx));
  const ScanStep step = scan_step(ctx, position, options);
  ctx.reply.array(2);
  ctx.reply.bulk_integer(ScanCursor::of(step.position));
  ctx.reply.array(step.found.size());
  for (const Entry* entry : step.found) ctx.reply.bulk(entry->key());
  for (const Entry* entry : step.expired) {
    ctx.find_entry(make_key(entry->key()), Lookup::silent);  // which removes it
  }
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"keys", keys, 2, kRead | kDangerous | kNondeterministicOrder | kAllShards,
        no_keys(), "1.0.0", "O(N) in the keys of the database",
        "pattern",
        "Lists the names of all keys that match a pattern."},
    {"scan", scan, -2, kRead | kTouchesArbitraryKeys | kNondeterministic | kSpecialRequest |
        kSpecialResponse, no_keys(), "2.8.0",
        "O(COUNT) for each call, O(N) for a walk over all keys",
        "cursor [MATCH pattern] [COUNT count] [TYPE type]",
        "Walks over the names of all keys, a few with each call."},
};

}  // namespace

CommandFamily scan_commands() { return {"generic", kCommands}; }

}  // namespace larder
