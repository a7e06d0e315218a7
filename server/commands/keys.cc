// Commands about keys as such, whatever they hold.
#include "server/command/arg_reader.h"
#include "server/commands/argument_value.h"
#include "server/commands/database_index.h"
#include "server/commands/families.h"

namespace larder {
namespace {

// Calls `function(const Key&)` for the arguments from the first on, and replies with how often it
// said true.
template <class Function>
void count_keys(Context& ctx, Function&& function) {
  int64_t count = 0;
  for_each_key(ctx, 1, 1, [&](const Key& key, size_t) {
    count += function(key) ? 1 : 0;
    return true;
  });
  ctx.reply.integer(count);
}

// DEL key [key ...], UNLINK key [key ...]
Status del(Context& ctx) {
  count_keys(ctx, [&](const Key& key) { return ctx.remove(key); });
  return ok;
}

// EXISTS key [key ...]
Status exists(Context& ctx) {
  count_keys(ctx, [&](const Key& key) { return ctx.find_entry(key, Lookup::peek) != nullptr; });
  return ok;
}

// TOUCH key [key ...]
Status touch(Context& ctx) {
  count_keys(ctx, [&](const Key& key) { return ctx.find_entry(key, Lookup::read) != nullptr; });
  return ok;
}

// TYPE key
Status type(Context& ctx) {
  const Entry* entry = ctx.find_entry(ctx.key(1), Lookup::peek);
  ctx.reply.simple(entry == nullptr ? "none" : type_name(entry->type()));
  return ok;
}

enum class Renaming { done, refused };

// `may_replace`: whether the new name may be taken.
Result<Renaming> rename_key(Context& ctx, bool may_replace) {
  const Key from = ctx.key(1);
  const Key to = ctx.key(2);
  Database& database = ctx.database();
  if (ctx.find_entry(from, Lookup::write) == nullptr) return errors::no_such_key();
  if (from.name == to.name) return may_replace ? Renaming::done : Renaming::refused;
  if (Database::Slot* taken = ctx.keyspace.find(database, to, Lookup::write)) {
    if (!may_replace) return Renaming::refused;
    database.erase(to, taken);
  }
  // Looked up again, because the removal may have moved it.
  ctx.keyspace.relocate({database, from, database, to, "rename_from", "rename_to"},
                        database.find(from));
  return Renaming::done;
}

// RENAME key newkey
Status rename(Context& ctx) {
  TRY(rename_key(ctx, true));
  ctx.reply.ok();
  return ok;
}

// RENAMENX key newkey
Status renamenx(Context& ctx) {
  TRY(const Renaming renaming, rename_key(ctx, false));
  ctx.reply.integer(renaming == Renaming::done ? 1 : 0);
  return ok;
}

// MOVE key db
Status move(Context& ctx) {
  TRY(Database* const target, parse_database_index(ctx, ctx.arg(2)));
  Database& source = ctx.database();
  if (target == &source) return errors::same_object();
  const Key key = ctx.key(1);
  Database::Slot* slot = ctx.keyspace.find(source, key, Lookup::write);
  if (slot == nullptr || ctx.keyspace.find(*target, key, Lookup::write) != nullptr) {
    ctx.reply.integer(0);
    return ok;
  }
  ctx.keyspace.relocate({source, key, *target, key, "move_from", "move_to"}, slot);
  ctx.reply.integer(1);
  return ok;
}

struct CopyOptions {
  Database* target;
  bool replace = false;
};

Result<CopyOptions> read_copy_options(Context& ctx) {
  CopyOptions options{&ctx.database()};
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (args.option("REPLACE")) {
      options.replace = true;
    } else if (args.left() >= 2 && args.option("DB")) {
      TRY(options.target, parse_database_index(ctx, args.text()));
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return options;
}

// COPY source destination [DB destination-db] [REPLACE]
Status copy(Context& ctx) {
  TRY(const CopyOptions options, read_copy_options(ctx));
  const Key from = ctx.key(1);
  const Key to = ctx.key(2);
  Database& target = *options.target;
  if (&target == &ctx.database() && from.name == to.name) return errors::same_object();
  const Entry* source = ctx.find_entry(from);
  Database::Slot* taken =
      source == nullptr ? nullptr : ctx.keyspace.find(target, to, Lookup::write);
  if (source == nullptr || (taken != nullptr && !options.replace)) {
    ctx.reply.integer(0);
    return ok;
  }
  // The source stays where it is while the target is written: only slots move when a table changes.
  EditedEntry copied(ctx.keyspace, target, to, taken, source->type(), source->expiry_ms());
  copied.discard_value();
  copy_value(source->value(), copied);
  copied.commit(KeyEventClass::generic, "copy_to");
  ctx.reply.integer(1);
  return ok;
}

// RANDOMKEY
Status randomkey(Context& ctx) {
  if (const Entry* entry = ctx.keyspace.random_entry(ctx.database())) {
    ctx.reply.bulk(entry->key());
  } else {
    ctx.reply.null();
  }
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"copy", copy, -3, kWrite | kDenyOom, one_key(1, kGet) + one_key(2, kPut), "6.2.0",
        "O(N) in the elements of a collection, O(1) for a string",
        "source destination [DB destination-db] [REPLACE]",
        "Gives a second key the same value and expiry."},
    {"del", del, -2, kWrite | kMultiShard | kAggregateSum, keys_from(1, kUnset), "1.0.0",
        "O(N) in the keys, and in the elements of collections",
        "key [key ...]",
        "Removes keys with their values."},
    {"exists", exists, -2, kRead | kFast | kMultiShard | kAggregateSum,
        keys_from(1, kLook), "1.0.0",
        "O(N) in the keys",
        "key [key ...]",
        "Counts those of the keys that exist."},
    {"move", move, 3, kWrite | kFast, one_key(1, kGetModify), "1.0.0", "O(1)",
        "key db",
        "Takes a key to another database."},
    {"randomkey", randomkey, 1, kRead | kTouchesArbitraryKeys | kNondeterministic | kAllShards |
        kSpecialResponse, no_keys(), "1.0.0", "O(1)",
        "",
        "Picks the name of a key at random."},
    {"rename", rename, 3, kWrite, one_key(1, kReadWrite | kAccess | kRemoveData) + one_key(2, kPut),
        "1.0.0", "O(1)",
        "key newkey",
        "Gives a key another name; whatever had that name is gone."},
    {"renamenx", renamenx, 3, kWrite | kFast,
        one_key(1, kReadWrite | kAccess | kRemoveData) + one_key(2, kCreate), "1.0.0", "O(1)",
        "key newkey",
        "Gives a key another name that no key has."},
    {"touch", touch, -2, kRead | kFast | kMultiShard | kAggregateSum, keys_from(1, kLook), "3.2.1",
        "O(N) in the keys",
        "key [key ...]",
        "Counts those of the keys that exist, and makes them look used just now."},
    {"type", type, 2, kRead | kFast, one_key(1, kLook), "1.0.0", "O(1)",
        "key",
        "Tells the type of a key's value."},
    {"unlink", del, -2, kWrite | kFast | kMultiShard | kAggregateSum, keys_from(1, kUnset), "4.0.0",
        "O(1) for each key.",
        "key [key ...]",
        "Removes keys; what takes long to free is freed later."},
};

}  // namespace

CommandFamily key_commands() { return {"generic", kCommands}; }

}  // namespace larder
