// Places as members of sorted sets. Searching them is in geo_search.cc.
#include "server/commands/geo.h"

#include <cstdio>
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/types/sorted_set.h"

namespace larder {

void reply_distance(Context& ctx, double distance) {
  // Rounded in one step to a whole number of ten-thousandths, halves to the even one.
  constexpr double kDigits = 10'000;
  const double scaled = std::nearbyint(distance * kDigits);
  std::array<char, 400> text;
  int length = 0;
  if (scaled < 0x1p63) {
    const auto whole = static_cast<uint64_t>(scaled);
    length = std::snprintf(text.data(), text.size(), "%llu.%04llu",
                           static_cast<unsigned long long>(whole / 10'000),
                           static_cast<unsigned long long>(whole % 10'000));
  } else {
    length = std::snprintf(text.data(), text.size(), "%.4f", distance);
  }
  ctx.reply.bulk({text.data(), static_cast<size_t>(length)});
}

namespace {

struct AddRequest {
  SortedSet::AddOptions options;
  bool counts_changes = false;
  size_t first = 2;  // the first longitude
  std::vector<double> scores;
};

Result<AddRequest> read_add_request(const Context& ctx) {
  AddRequest request;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (args.option("NX")) {
      request.options.only_new = true;
    } else if (args.option("XX")) {
      request.options.only_present = true;
    } else if (args.option("CH")) {
      request.counts_changes = true;
    } else {
      break;
    }
  }
  request.first = args.position();
  const bool contradicts = request.options.only_new && request.options.only_present;
  if (args.left() == 0 || args.left() % 3 != 0 || contradicts) return errors::syntax();
  request.options.expected = args.left() / 3;
  request.scores.reserve(request.options.expected);
  for (size_t i = request.first; i < ctx.argc(); i += 3) {
    TRY(const GeoPoint point, read_point(ctx.arg(i), ctx.arg(i + 1)));
    request.scores.push_back(static_cast<double>(geo_score(point)));
  }
  return request;
}

// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
Status geoadd(Context& ctx) {
  TRY(const AddRequest request, read_add_request(ctx));
  TRY(auto edit, ctx.edit_or_create<SortedSet>(ctx.key(1)));
  if (!edit && request.options.only_present) {
    ctx.reply.integer(0);
    return ok;
  }
  int64_t added = 0;
  int64_t changed = 0;
  for (size_t i = 0; i < request.scores.size(); i++) {
    const std::string_view member = ctx.arg(request.first + 3 * i + 2);
    const auto result = edit->add(member, request.scores[i], request.options);
    added += result.outcome == SortedSet::AddResult::added;
    changed += result.outcome == SortedSet::AddResult::changed;
  }
  edit.commit("zadd", added + changed);
  ctx.reply.integer(request.counts_changes ? added + changed : added);
  return ok;
}

// GEOPOS key [member [member ...]]
Status geopos(Context& ctx) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  const ArgumentRange members = ctx.args(2);
  ctx.reply.array(members.size());
  for (const auto member : members) {
    const auto score = set ? set->score(member) : std::nullopt;
    score ? reply_point(ctx, geo_point(*score)) : ctx.reply.null_array();
  }
  return ok;
}

// GEOHASH key [member [member ...]]
Status geohash(Context& ctx) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  const ArgumentRange members = ctx.args(2);
  ctx.reply.array(members.size());
  for (const auto member : members) {
    if (const auto score = set ? set->score(member) : std::nullopt) {
      const auto text = geohash_text(geo_point(*score));
      ctx.reply.bulk({text.data(), text.size()});
    } else {
      ctx.reply.null();
    }
  }
  return ok;
}

// GEODIST key member1 member2 [m | km | ft | mi]
Status geodist(Context& ctx) {
  double unit = 1;
  if (ctx.argc() == 5) {
    TRY(unit, read_unit(ctx.arg(4)));
  }
  if (ctx.argc() > 5) return errors::syntax();
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  const auto first = set ? set->score(ctx.arg(2)) : std::nullopt;
  const auto second = set ? set->score(ctx.arg(3)) : std::nullopt;
  if (first && second) {
    reply_distance(ctx, geo_distance(geo_point(*first), geo_point(*second)) / unit);
  } else {
    ctx.reply.null();
  }
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"geoadd", geoadd, -5, kWrite | kDenyOom, one_key(1, kModify), "3.2.0",
     "O(log(N)) for each place",
     "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
     "Adds places to a sorted set, or moves them, creating it if it is missing."},
    {"geopos", geopos, -2, kRead, one_key(1, kGet), "3.2.0", "O(1) for each member",
     "key [member [member ...]]", "Returns the longitudes and latitudes of members."},
    {"geohash", geohash, -2, kRead, one_key(1, kGet), "3.2.0", "O(1) for each member",
     "key [member [member ...]]", "Returns the places of members as geohashes."},
    {"geodist", geodist, -4, kRead, one_key(1, kGet), "3.2.0", "O(1)",
     "key member1 member2 [M | KM | FT | MI]", "Returns the distance between two members."},
};

}  // namespace

CommandFamily geo_commands() {
  return {"geo", kCommands};
}

}  // namespace larder
