// Streams: taking entries out.
#include <algorithm>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/commands/families.h"
#include "server/commands/stream_arguments.h"

namespace larder {
namespace {

// XDEL key id [id ...]
Status xdel(Context& ctx) {
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  if (!stream) {
    ctx.reply.integer(0);
    return ok;
  }
  TRY(const std::vector<StreamId> ids, read_stream_ids(ctx, 2, ctx.argc()));
  StreamLog& log = stream->open();
  const int64_t deleted =
      std::count_if(ids.begin(), ids.end(), [&](StreamId id) { return log.erase(id); });
  stream.commit("xdel", deleted);
  ctx.reply.integer(deleted);
  return ok;
}

// XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]
Status xtrim(Context& ctx) {
  TRY(const TrimArguments options, read_trim_arguments(ctx, false));
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  const int64_t deleted = stream ? static_cast<int64_t>(stream->open().trim(options.trim)) : 0;
  stream.commit("xtrim", deleted);
  ctx.reply.integer(deleted);
  return ok;
}

// --- XDELEX and XACKDEL, of Redis 8.2 ---

// What happens to the pending entries that mean a deleted one.
enum class References : uint8_t {
  keep,   // they stay
  drop,   // they go as well, in all groups
  acked,  // as long as there are any, the entry stays
};

struct DeleteArguments {
  References references = References::keep;
  size_t first_id = 0;
  size_t id_count = 0;
};

// What the reply says of each ID.
constexpr int64_t kNotFound = -1;
constexpr int64_t kDeleted = 1;
constexpr int64_t kKept = 2;

std::optional<References> find_references(std::string_view name) {
  if (equals_ignoring_case(name, "KEEPREF")) return References::keep;
  if (equals_ignoring_case(name, "DELREF")) return References::drop;
  if (equals_ignoring_case(name, "ACKED")) return References::acked;
  return std::nullopt;
}

Result<DeleteArguments> read_delete_arguments(const Context& ctx, size_t at) {
  DeleteArguments arguments;
  bool has_references = false;
  while (at < ctx.argc()) {
    if (const auto references = find_references(ctx.arg(at)); references && !has_references) {
      arguments.references = *references;
      has_references = true;
      at++;
      continue;
    }
    if (!equals_ignoring_case(ctx.arg(at), "IDS") || at + 1 >= ctx.argc()) return errors::syntax();
    const auto count = parse_int64(ctx.arg(at + 1));
    if (!count || *count < 1) return errors::id_count_not_positive();
    at += 2;
    if (static_cast<uint64_t>(*count) > ctx.argc() - at) return errors::id_count_mismatch();
    arguments.first_id = at;
    arguments.id_count = static_cast<size_t>(*count);
    at += arguments.id_count;
  }
  if (arguments.first_id == 0) return errors::missing_ids();
  return arguments;
}

// Deletes an entry as far as references to it allow.
int64_t delete_entry(StreamLog& log, StreamId id, References references, int64_t& changes) {
  if (references == References::acked && log.is_referenced(id)) return kKept;
  if (references == References::drop) changes += log.drop_references(id) ? 1 : 0;
  if (!log.erase(id)) return kNotFound;
  changes++;
  return kDeleted;
}

void reply_not_found(Context& ctx, size_t count) {
  ctx.reply.array(count);
  for (size_t i = 0; i < count; i++) ctx.reply.integer(kNotFound);
}

// XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
Status xdelex(Context& ctx) {
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  TRY(const DeleteArguments given, read_delete_arguments(ctx, 2));
  if (!stream) {
    reply_not_found(ctx, given.id_count);
    return ok;
  }
  TRY(const auto ids, read_stream_ids(ctx, given.first_id, given.first_id + given.id_count));
  StreamLog& log = stream->open();
  int64_t changes = 0;
  ctx.reply.array(ids.size());
  for (const StreamId id : ids) {
    ctx.reply.integer(delete_entry(log, id, given.references, changes));
  }
  stream.commit("xdel", changes);
  return ok;
}

// XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
Status xackdel(Context& ctx) {
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  TRY(const DeleteArguments given, read_delete_arguments(ctx, 3));
  StreamGroup* group = stream ? stream->open().find_group(ctx.arg(2)) : nullptr;
  if (group == nullptr) {
    reply_not_found(ctx, given.id_count);
    return ok;
  }
  TRY(const auto ids, read_stream_ids(ctx, given.first_id, given.first_id + given.id_count));
  StreamLog& log = stream->open();
  int64_t deletions = 0;
  int64_t acknowledged = 0;
  ctx.reply.array(ids.size());
  for (const StreamId id : ids) {
    if (!group->acknowledge(id)) {
      ctx.reply.integer(kNotFound);
      continue;
    }
    acknowledged++;
    // An entry that is gone already counts as deleted.
    const bool is_kept = delete_entry(log, id, given.references, deletions) == kKept;
    ctx.reply.integer(is_kept ? kKept : kDeleted);
  }
  stream.commit_quietly(acknowledged);
  stream.commit("xdel", deletions);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"xackdel", xackdel, -6, kWrite | kFast, one_key(1, kModify | kRemoveData), "8.2.0",
        "O(1) for each ID, O(G) in the groups for ACKED and DELREF",
        "key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
        "Acknowledges entries and deletes those that nobody needs any more."},
    {"xdel", xdel, -3, kWrite | kFast, one_key(1, kCut), "5.0.0", "O(1) for each ID",
        "key id [id ...]",
        "Deletes entries of a stream."},
    {"xdelex", xdelex, -5, kWrite | kFast, one_key(1, kCut), "8.2.0",
        "O(1) for each ID, O(G) in the groups for ACKED and DELREF",
        "key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
        "Deletes entries, and says what becomes of those that are pending."},
    {"xtrim", xtrim, -4, kWrite | kNondeterministic, one_key(1, kCut), "5.0.0",
        "O(N) in the entries that are deleted",
        "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]",
        "Cuts a stream to a length, or from an ID on."},
};

}  // namespace

CommandFamily stream_delete_commands() {
  return {"stream", kCommands};
}

}  // namespace larder
