// Commands that look at all fields of a hash, or at any of them.
#include <limits>
#include <unordered_set>

#include "server/base/numbers.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/hash_access.h"
#include "server/commands/repeated_picks.h"
#include "server/commands/scan_options.h"

namespace larder {
namespace {

// --- All fields ---

enum class Part { names, values, both };

void reply_parts(Context& ctx, const Hash& hash, Part part) {
  hash.visit(ctx.now_ms(), [&](const HashField& field) {
    if (part != Part::values) reply_entry(ctx, field.name());
    if (part != Part::names) reply_entry(ctx, field.value());
    return !ctx.reply.chain().overflowed();
  });
}

// Counts first where some fields of a large hash may have ended.
size_t count_live(const Hash& hash, int64_t now_ms) {
  if (hash.times().due_ms >= now_ms) return hash.size();
  size_t count = 0;
  hash.visit(now_ms, [&](const HashField&) {
    count++;
    return true;
  });
  return count;
}

// HGETALL key
Status hgetall(Context& ctx) {
  TRY(const auto hash, find_hash(ctx));
  ctx.reply.map(count_live(*hash, ctx.now_ms()));
  reply_parts(ctx, *hash, Part::both);
  return ok;
}

Status reply_list(Context& ctx, Part part) {
  TRY(const auto hash, find_hash(ctx));
  ctx.reply.array(count_live(*hash, ctx.now_ms()));
  reply_parts(ctx, *hash, part);
  return ok;
}

// HKEYS key
Status hkeys(Context& ctx) {
  return reply_list(ctx, Part::names);
}
// HVALS key
Status hvals(Context& ctx) {
  return reply_list(ctx, Part::values);
}

// --- All fields, a few with each call ---

struct FieldScan {
  ScanOptions options;
  bool with_values = true;
};

Result<FieldScan> read_field_scan(Context& ctx) {
  FieldScan scan;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (scan.options.read(args)) continue;
    if (args.option("NOVALUES")) {
      scan.with_values = false;
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return scan;
}

// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
Status hscan(Context& ctx) {
  TRY(uint64_t position, ScanCursor::parse(ctx.arg(2)));
  TRY(const auto hash, find_hash(ctx));
  if (!hash) {  // before the options are looked at, as in Redis
    ctx.reply.array(2);
    ctx.reply.bulk_integer(0);
    ctx.reply.array(0);
    return ok;
  }
  TRY(const FieldScan scan, read_field_scan(ctx));
  std::vector<HashField> found;
  const auto step = [&](uint64_t from, const auto& visit) {
    return hash->scan(from, ctx.now_ms(), visit);
  };
  position = walk_collection(position, scan.options, step, [&](const HashField& field) {
    PackedEntry::Digits digits;
    if (scan.options.admits(field.name().text(digits))) found.push_back(field);
  });
  ctx.reply.array(2);
  ctx.reply.bulk_integer(ScanCursor::of(position));
  ctx.reply.array(scan.with_values ? 2 * found.size() : found.size());
  for (const HashField& field : found) {
    reply_entry(ctx, field.name());
    if (scan.with_values) reply_entry(ctx, field.value());
  }
  return ok;
}

// --- Any fields ---

// Writes what HRANDFIELD picked, with values side by side in RESP2 and as pairs in RESP3.
class PickedFields {
 public:
  PickedFields(Context& ctx, bool with_values) : ctx_(ctx), with_values_(with_values) {}
  void begin(size_t count) { ctx_.reply.array(with_values_ && !nests() ? 2 * count : count); }
  void add(const HashField& field) {
    if (with_values_ && nests()) ctx_.reply.array(2);
    reply_entry(ctx_, field.name());
    if (with_values_) reply_entry(ctx_, field.value());
  }
  bool has_room() const { return !ctx_.reply.chain().overflowed(); }

 private:
  bool nests() const { return ctx_.reply.version() == RespVersion::resp3; }
  Context& ctx_;
  bool with_values_;
};

// Whether picking one field of so many that live is as fast in a large hash as in a small one: it is
// tried until one is found that has not ended.
bool picks_fast(const Hash& hash, size_t live) {
  return hash.has_fast_random() && live >= hash.size() / 2;
}

// The same field may be picked again.
Status pick_repeatedly(Context& ctx, const Hash& hash, size_t live, uint64_t count,
                       PickedFields& picked) {
  TRY(RepeatedPicks::check(ctx, count));
  RepeatedPicks picks(ctx);
  // Where picking means to walk there, all fields are looked up once.
  std::vector<HashField> fields;
  if (!picks_fast(hash, live)) {
    hash.visit(ctx.now_ms(), [&](const HashField& field) {
      fields.push_back(field);
      return true;
    });
  }
  picked.begin(count);
  for (; count > 0 && picks.has_room(); count--) {
    picked.add(fields.empty() ? *hash.random(ctx.keyspace.random, ctx.now_ms())
                              : fields[ctx.keyspace.random.below(fields.size())]);
  }
  return picks.finish();
}

// Each field at most once, in the order of a walk: of those that are left, each is taken with the
// odds of how many are still wanted (Knuth, "The Art of Computer Programming", volume 2,
// algorithm 3.4.2 S).
void pick_on_a_walk(Context& ctx, const Hash& hash, size_t live, size_t count,
                    PickedFields& picked) {
  hash.visit(ctx.now_ms(), [&](const HashField& field) {
    if (ctx.keyspace.random.below(live--) < count) {
      picked.add(field);
      count--;
    }
    return count > 0 && picked.has_room();
  });
}

// The same for few out of many: picked at random until enough different ones are there.
void pick_here_and_there(Context& ctx, const Hash& hash, size_t count, PickedFields& picked) {
  std::unordered_set<const char*> seen;
  while (seen.size() < count && picked.has_room()) {
    const auto field = hash.random(ctx.keyspace.random, ctx.now_ms());
    if (seen.insert(field->record()).second) picked.add(*field);
  }
}

Status pick_fields(Context& ctx, int64_t count, bool with_values) {
  // How many times larger than the request a hash must be for picking to beat a walk.
  constexpr size_t kManyMore = 3;
  TRY(const auto hash, find_hash(ctx));
  const size_t live = count_live(*hash, ctx.now_ms());
  PickedFields picked(ctx, with_values);
  if (count == 0 || live == 0) {
    ctx.reply.array(0);
    return ok;
  }
  if (count < 0) {
    return pick_repeatedly(ctx, *hash, live, static_cast<uint64_t>(-count), picked);
  }
  const size_t wanted = std::min(static_cast<size_t>(count), live);
  picked.begin(wanted);
  if (picks_fast(*hash, live) && live / kManyMore > wanted) {
    pick_here_and_there(ctx, *hash, wanted, picked);
  } else {
    pick_on_a_walk(ctx, *hash, live, wanted, picked);
  }
  return ok;
}

// HRANDFIELD key [count [WITHVALUES]]
Status hrandfield(Context& ctx) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (ctx.argc() == 2) {
    TRY(const auto hash, find_hash(ctx));
    const auto field = hash->random(ctx.keyspace.random, ctx.now_ms());
    field ? reply_entry(ctx, field->name()) : ctx.reply.null();
    return ok;
  }
  const auto count = parse_int64(ctx.arg(2));
  if (!count) return errors::not_an_integer();
  if (*count < -kMost) return errors::integer_not_between(-kMost, kMost);
  bool with_values = false;
  if (ctx.argc() > 3) {
    ArgReader args(ctx, 3);
    with_values = args.option("WITHVALUES");
    TRY(args.finish());
    if (*count < -kMost / 2 || *count > kMost / 2) return errors::value_out_of_range();
  }
  return pick_fields(ctx, *count, with_values);
}

constexpr uint64_t kFlags = kRead | kNondeterministicOrder;
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"hgetall", hgetall, 2, kFlags, one_key(1, kGet), "2.0.0", "O(N) in the fields of the hash",
        "key",
        "Returns all fields of a hash and their values."},
    {"hkeys", hkeys, 2, kFlags, one_key(1, kGet), "2.0.0", "O(N) in the fields of the hash",
        "key",
        "Returns the names of all fields of a hash."},
    {"hrandfield", hrandfield, -2, kRead | kNondeterministic, one_key(1, kGet), "6.2.0",
        "O(N) in the fields returned",
        "key [count [WITHVALUES]]",
        "Returns fields of a hash, picked at random."},
    {"hscan", hscan, -3, kRead | kNondeterministic, one_key(1, kGet), "2.8.0",
        "O(COUNT) for each call, O(N) for a walk over all fields",
        "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
        "Walks over the fields of a hash, a few with each call."},
    {"hvals", hvals, 2, kFlags, one_key(1, kGet), "2.0.0", "O(N) in the fields of the hash",
        "key",
        "Returns all values of a hash."},
};

}  // namespace

CommandFamily hash_walk_commands() { return {"hash", kCommands}; }

}  // namespace larder
