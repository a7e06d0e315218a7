#include <algorithm>
#include <optional>

#include "server/commands/families.h"
#include "server/commands/list_value.h"

namespace larder {

void pop_many(Context& ctx, Edit<List>& list, End end, uint64_t count) {
  const size_t size = list->size();
  const size_t popped = static_cast<size_t>(std::min<uint64_t>(count, size));
  const auto reply = [&](const PackedEntry& element) {
    reply_element(ctx, element);
    return true;
  };
  ctx.reply.array(popped);
  if (end == End::front) {
    list->visit(0, popped, reply);
  } else {
    list->visit_backwards(size - popped, popped, reply);
  }
  list->drop(popped, end);
  list.commit(pop_event(end), static_cast<int64_t>(popped));
}

namespace {

// Elements from the first to the last, both included; negative numbers count from the end.
struct Range {
  size_t start;
  size_t count;
};

Range clip_range(int64_t first, int64_t last, size_t size) {
  const auto length = static_cast<int64_t>(size);
  if (first < 0) first = std::max<int64_t>(first + length, 0);
  if (last < 0) last += length;
  last = std::min(last, length - 1);
  if (first > last) return {0, 0};
  return {static_cast<size_t>(first), static_cast<size_t>(last - first + 1)};
}

// The place of an index that may be negative, or none.
std::optional<size_t> clip_index(int64_t index, size_t size) {
  const auto length = static_cast<int64_t>(size);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return std::nullopt;
  return static_cast<size_t>(index);
}

Status push(Context& ctx, End end, bool creates) {
  TRY(check_elements(ctx, 2));
  TRY(auto list, ctx.edit_or_create<List>(ctx.key(1)));
  size_t size = 0;
  if (list || creates) {
    size = list->push(ctx.arguments().subspan(2), end);
    list.commit(push_event(end), static_cast<int64_t>(ctx.argc() - 2));
  }
  ctx.reply.integer(static_cast<int64_t>(size));
  return ok;
}

// LPUSH key element [element ...]
Status lpush(Context& ctx) { return push(ctx, End::front, true); }
// RPUSH key element [element ...]
Status rpush(Context& ctx) { return push(ctx, End::back, true); }
// LPUSHX key element [element ...]
Status lpushx(Context& ctx) { return push(ctx, End::front, false); }
// RPUSHX key element [element ...]
Status rpushx(Context& ctx) { return push(ctx, End::back, false); }

Status pop_counted(Context& ctx, End end) {
  const auto count = parse_int64(ctx.arg(2));
  if (!count || *count < 0) return errors::must_be_positive();
  TRY(auto list, ctx.edit<List>(ctx.key(1)));
  if (!list) {
    ctx.reply.null_array();
  } else if (*count == 0) {
    ctx.reply.array(0);
  } else {
    pop_many(ctx, list, end, static_cast<uint64_t>(*count));
  }
  return ok;
}

Status pop(Context& ctx, End end) {
  if (ctx.argc() > 3) return errors::wrong_arity(ctx.command_name());
  if (ctx.argc() == 3) return pop_counted(ctx, end);
  TRY(auto list, ctx.edit<List>(ctx.key(1)));
  if (!list) {
    ctx.reply.null();
    return ok;
  }
  reply_element(ctx, list->at_end(end));
  list->drop(1, end);
  list.commit(pop_event(end));
  return ok;
}

// LPOP key [count]
Status lpop(Context& ctx) { return pop(ctx, End::front); }
// RPOP key [count]
Status rpop(Context& ctx) { return pop(ctx, End::back); }

// LLEN key
Status llen(Context& ctx) {
  TRY(const auto list, ctx.find<List>(ctx.key(1)));
  ctx.reply.integer(list ? static_cast<int64_t>(list->size()) : 0);
  return ok;
}

// LRANGE key start stop
Status lrange(Context& ctx) {
  ArgReader args(ctx, 2);
  const int64_t first = args.integer();
  const int64_t last = args.integer();
  TRY(args.finish());
  TRY(const auto list, ctx.find<List>(ctx.key(1)));
  const Range range = list ? clip_range(first, last, list->size()) : Range{0, 0};
  ctx.reply.array(range.count);
  if (range.count == 0) return ok;
  list->visit(range.start, range.count, [&](const PackedEntry& element) {
    reply_element(ctx, element);
    return true;
  });
  return ok;
}

// LINDEX key index
Status lindex(Context& ctx) {
  TRY(const auto list, ctx.find<List>(ctx.key(1)));
  if (!list) {
    ctx.reply.null();
    return ok;
  }
  ArgReader args(ctx, 2);
  const int64_t index = args.integer();
  TRY(args.finish());
  // The first needs no count of a short list.
  if (const auto at = index == 0 ? size_t{0} : clip_index(index, list->size())) {
    reply_element(ctx, list->at(*at));
  } else {
    ctx.reply.null();
  }
  return ok;
}

// LSET key index element
Status lset(Context& ctx) {
  TRY(check_elements(ctx, 3));
  TRY(auto list, ctx.edit<List>(ctx.key(1)));
  if (!list) return errors::no_such_key();
  const auto index = parse_int64(ctx.arg(2));
  if (!index) return errors::not_an_integer();
  const auto at = clip_index(*index, list->size());
  if (!at) return errors::index_out_of_range();
  list->replace(*at, ctx.arg(3));
  list.commit("lset");
  ctx.reply.ok();
  return ok;
}

// LINSERT key <BEFORE | AFTER> pivot element
Status linsert(Context& ctx) {
  const bool is_after = equals_ignoring_case(ctx.arg(2), "after");
  if (!is_after && !equals_ignoring_case(ctx.arg(2), "before")) return errors::syntax();
  TRY(check_elements(ctx, 3));
  TRY(auto list, ctx.edit<List>(ctx.key(1)));
  if (!list) {
    ctx.reply.integer(0);
    return ok;
  }
  const PackedText pivot(ctx.arg(3));
  const size_t size = list->size();
  size_t at = 0;
  bool is_found = false;
  list->visit(0, size, [&](const PackedEntry& element) {
    is_found = pivot.matches(element.begin());
    if (!is_found) at++;
    return !is_found;
  });
  if (!is_found) {
    ctx.reply.integer(-1);
    return ok;
  }
  list->insert(is_after ? at + 1 : at, ctx.arg(4));
  list.commit("linsert");
  ctx.reply.integer(static_cast<int64_t>(size + 1));
  return ok;
}

// LREM key count element
Status lrem(Context& ctx) {
  const auto count = parse_int64(ctx.arg(2));
  if (!count) return errors::not_an_integer();
  TRY(auto list, ctx.edit<List>(ctx.key(1)));
  size_t removed = 0;
  if (list) {
    // Unsigned, because the smallest integer has no positive counterpart.
    const uint64_t number = *count < 0 ? 0 - static_cast<uint64_t>(*count)
                                       : static_cast<uint64_t>(*count);
    const size_t limit = number == 0 ? std::numeric_limits<size_t>::max() : number;
    removed = list->remove_equal(ctx.arg(3), limit, *count < 0 ? End::back : End::front);
    list.commit("lrem", static_cast<int64_t>(removed));
  }
  ctx.reply.integer(static_cast<int64_t>(removed));
  return ok;
}

// LTRIM key start stop
Status ltrim(Context& ctx) {
  ArgReader args(ctx, 2);
  const int64_t first = args.integer();
  const int64_t last = args.integer();
  TRY(args.finish());
  TRY(auto list, ctx.edit<List>(ctx.key(1)));
  if (list) {
    const size_t size = list->size();
    const Range kept = clip_range(first, last, size);
    if (kept.count == 0) {
      list->drop(size, End::front);
    } else {
      list->drop(kept.start, End::front);
      list->drop(size - kept.start - kept.count, End::back);
    }
    list.commit("ltrim");
  }
  ctx.reply.ok();
  return ok;
}

// --- LPOS ---

struct Search {
  size_t skipped = 0;             // matches that do not count yet
  bool is_backwards = false;
  std::optional<uint64_t> count;  // how many matches are wanted, 0: all; none: one, not as an array
  size_t max_looked_at = 0;       // 0: no limit
};

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

Result<Search> parse_search(const Context& ctx) {
  Search search;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    const std::string_view option = args.text();
    const bool is_last = !args.has_more();
    const std::string_view text = is_last ? std::string_view() : args.text();
    const auto number = parse_int64(text);
    if (is_last) return errors::syntax();
    if (equals_ignoring_case(option, "rank")) {
      if (!number) return errors::not_an_integer();
      if (*number < -kMaxInt64) return errors::integer_not_between(-kMaxInt64, kMaxInt64);
      if (*number == 0) return errors::rank_is_zero();
      search.is_backwards = *number < 0;
      search.skipped = static_cast<size_t>(*number < 0 ? -*number : *number) - 1;
    } else if (equals_ignoring_case(option, "count")) {
      if (!number || *number < 0) return errors::cannot_be_negative("COUNT");
      search.count = static_cast<uint64_t>(*number);
    } else if (equals_ignoring_case(option, "maxlen")) {
      if (!number || *number < 0) return errors::cannot_be_negative("MAXLEN");
      search.max_looked_at = static_cast<size_t>(*number);
    } else {
      return errors::syntax();
    }
  }
  return search;
}

// Calls `found(index)` for each match until it returns false.
template <class Found>
void find_positions(const List& list, const PackedText& wanted, const Search& search,
                    Found&& found) {
  const size_t size = list.size();
  const size_t looked_at =
      search.max_looked_at == 0 ? size : std::min(size, search.max_looked_at);
  size_t skipped = search.skipped;
  size_t seen = 0;
  const auto look = [&](const PackedEntry& element) {
    const size_t index = search.is_backwards ? size - 1 - seen : seen;
    seen++;
    if (!wanted.matches(element.begin())) return true;
    if (skipped > 0) {
      skipped--;
      return true;
    }
    return found(index);
  };
  if (search.is_backwards) {
    list.visit_backwards(size - looked_at, looked_at, look);
  } else {
    list.visit(0, looked_at, look);
  }
}

// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
Status lpos(Context& ctx) {
  TRY(const Search search, parse_search(ctx));
  TRY(const auto list, ctx.find<List>(ctx.key(1)));
  const PackedText wanted(ctx.arg(2));
  if (search.count) {
    size_t matches = 0;
    auto array = ctx.reply.deferred_array();
    if (list) {
      find_positions(*list, wanted, search, [&](size_t index) {
        ctx.reply.integer(static_cast<int64_t>(index));
        return ++matches != *search.count;
      });
    }
    array.finish(matches);
    return ok;
  }
  std::optional<size_t> position;
  if (list) {
    find_positions(*list, wanted, search, [&](size_t index) {
      position = index;
      return false;
    });
  }
  if (position) {
    ctx.reply.integer(static_cast<int64_t>(*position));
  } else {
    ctx.reply.null();
  }
  return ok;
}

constexpr std::string_view kPushComplexity =
    "O(1) for each element, so O(N) with N elements";
constexpr std::string_view kPopComplexity = "O(N) with N elements returned";

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"lpush", lpush, -3, kWrite | kDenyOom | kFast, one_key(1, kAdd), "1.0.0", kPushComplexity,
        "key element [element ...]",
        "Adds elements in front of a list, creating it if it is missing."},
    {"rpush", rpush, -3, kWrite | kDenyOom | kFast, one_key(1, kAdd), "1.0.0", kPushComplexity,
        "key element [element ...]",
        "Adds elements at the end of a list, creating it if it is missing."},
    {"lpushx", lpushx, -3, kWrite | kDenyOom | kFast, one_key(1, kAdd), "2.2.0", kPushComplexity,
        "key element [element ...]",
        "Adds elements in front of a list that exists."},
    {"rpushx", rpushx, -3, kWrite | kDenyOom | kFast, one_key(1, kAdd), "2.2.0", kPushComplexity,
        "key element [element ...]",
        "Adds elements at the end of a list that exists."},
    {"lpop", lpop, -2, kWrite | kFast, one_key(1, kTakeOut), "1.0.0", kPopComplexity,
        "key [count]",
        "Takes the first element, or several, out of a list and returns them."},
    {"rpop", rpop, -2, kWrite | kFast, one_key(1, kTakeOut), "1.0.0", kPopComplexity,
        "key [count]",
        "Takes the last element, or several, out of a list and returns them."},
    {"llen", llen, 2, kRead | kFast, one_key(1, kLook), "1.0.0", "O(1)",
        "key",
        "Returns how many elements a list has."},
    {"lrange", lrange, 4, kRead, one_key(1, kGet), "1.0.0",
        "O(S+N) with N elements returned, and S for finding the first of them, which is a fraction "
        "of the distance to the nearer end",
        "key start stop",
        "Returns a part of a list."},
    {"lindex", lindex, 3, kRead, one_key(1, kGet), "1.0.0",
        "O(N) with N a fraction of the distance to the nearer end",
        "key index",
        "Returns one element of a list."},
    {"lset", lset, 4, kWrite | kDenyOom, one_key(1, kModify), "1.0.0",
        "O(N) with N a fraction of the distance to the nearer end",
        "key index element",
        "Replaces one element of a list."},
    {"linsert", linsert, 5, kWrite | kDenyOom, one_key(1, kAdd), "2.2.0",
        "O(N) with N elements up to the pivot",
        "key <BEFORE | AFTER> pivot element",
        "Inserts an element next to another."},
    {"lrem", lrem, 4, kWrite, one_key(1, kCut), "1.0.0", "O(N) with N elements in the list",
        "key count element",
        "Removes elements that are equal to a given one."},
    {"ltrim", ltrim, 4, kWrite, one_key(1, kCut), "1.0.0", "O(N) with N elements removed",
        "key start stop",
        "Removes all elements of a list but those of a range."},
    {"lpos", lpos, -3, kRead, one_key(1, kGet), "6.0.6", "O(N) with N elements looked at",
        "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
        "Returns where in a list an element is."},
};

}  // namespace

CommandFamily list_commands() { return {"list", kCommands}; }

}  // namespace larder
