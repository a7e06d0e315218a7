// Walks over all keys: KEYS in one go, SCAN in steps.
#include <limits>
#include <optional>
#include <vector>

#include "server/base/glob.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"

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

// Cursors have 48 bits, the upper ones of a position in the table: clients read them as signed
// numbers or as doubles, and both hold 48 bits.
constexpr unsigned kCursorShift = 16;

struct ScanOptions {
  std::string_view pattern = "*";
  int64_t count = 10;
  bool any_type = true;
  std::optional<Type> type;  // empty with any_type false: a name that no type has

  bool admit(const Entry& entry) const {
    return (any_type || entry.type() == type) && glob_matches(pattern, entry.key());
  }
};

std::optional<Type> find_type(std::string_view name) {
  for (const Type type :
       {Type::string, Type::list, Type::set, Type::sorted_set, Type::hash, Type::stream}) {
    if (equals_ignoring_case(name, type_name(type))) return type;
  }
  return std::nullopt;
}

// What strtoul reads, as in Redis: digits behind an optional sign, below 2^64; "-1" is 2^64-1.
Result<uint64_t> parse_cursor(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  std::string_view digits = text;
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() && !text.empty()) return errors::invalid_cursor();
  uint64_t cursor = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9' || __builtin_mul_overflow(cursor, uint64_t{10}, &cursor) ||
        __builtin_add_overflow(cursor, static_cast<uint64_t>(digit - '0'), &cursor)) {
      return errors::invalid_cursor();
    }
  }
  return is_negative ? uint64_t{0} - cursor : cursor;
}

Result<ScanOptions> read_scan_options(Context& ctx) {
  ScanOptions options;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (args.option("COUNT")) {
      options.count = args.integer();
      if (options.count < 1) args.fail(errors::syntax());
    } else if (args.option("MATCH")) {
      options.pattern = args.text();
    } else if (args.option("TYPE")) {
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
ScanStep scan_step(Context& ctx, uint64_t position, const ScanOptions& options) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const int64_t now_ms = ctx.now_ms();
  const uint64_t start = position >> kCursorShift;
  int64_t steps = options.count > kMax / 10 ? kMax : options.count * 10;
  int64_t seen = 0;
  ScanStep step;
  do {
    position = ctx.database().scan(position, [&](const Entry& entry) {
      seen++;
      if (!options.admit(entry)) return;
      (entry.is_expired(now_ms) ? step.expired : step.found).push_back(&entry);
    });
    steps--;
    // Within the cursor it began with, a scan would begin there again.
  } while (position != 0 &&
           ((seen < options.count && steps > 0) || position >> kCursorShift == start));
  step.position = position;
  return step;
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
Status scan(Context& ctx) {
  TRY(const uint64_t cursor, parse_cursor(ctx.arg(1)));
  TRY(const ScanOptions options, read_scan_options(ctx));
  const ScanStep step = scan_step(ctx, cursor << kCursorShift, options);
  ctx.reply.array(2);
  ctx.reply.bulk_integer(static_cast<int64_t>(step.position >> kCursorShift));
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
