// Searching places: within a circle or a box, around a point or a member.
#include <algorithm>
#include <string>
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/geo.h"
#include "server/commands/sorted_set_arguments.h"

namespace larder {
namespace {

// --- The request ---

// GEOSEARCH and its older relatives differ in where the shape stands and in what may follow.
enum class Dialect : uint8_t { radius, radius_by_member, search };

struct Form {
  Dialect dialect;
  bool can_store;      // GEOSEARCHSTORE, or STORE and STOREDIST of GEORADIUS
  size_t source = 1;   // the argument that is the key to search
  size_t options = 2;  // the first that may be an option
};

enum class Order : uint8_t { none, ascending, descending };

struct Query {
  GeoShape shape{};
  double unit = 1;  // metres
  Order order = Order::none;
  int64_t count = 0;  // 0: all
  bool any = false;   // the first that are found
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  size_t target = 0;  // the argument that is the key to store under; 0: reply
  bool stores_distance = false;
};

// Reads a request in the order in which Redis does, which decides about the error that is told.
// Where there is no set, members are read over.
class QueryReader {
 public:
  QueryReader(const Context& ctx, const Form& form, const Found<SortedSet>& set)
      : ctx_(ctx), form_(form), set_(set), args_(ctx, form.options) {}

  Result<Query> read() {
    if (form_.dialect == Dialect::search && form_.can_store) query_.target = 1;
    TRY(read_fixed_shape());
    while (args_.has_more()) TRY(read_option());
    TRY(check());
    if (query_.count != 0 && query_.order == Order::none && !query_.any) {
      // So many would be arbitrary ones otherwise.
      query_.order = Order::ascending;
    }
    return query_;
  }

 private:
  // What GEORADIUS has in front of its options.
  Status read_fixed_shape() {
    if (form_.dialect == Dialect::search) return ok;
    if (form_.dialect == Dialect::radius) {
      TRY(query_.shape.center, read_point(ctx_.arg(2), ctx_.arg(3)));
    } else {
      if (!set_) return ok;
      TRY(read_member(ctx_.arg(2)));
    }
    return read_radius(ctx_.arg(form_.options - 2), ctx_.arg(form_.options - 1));
  }

  Status read_option() {
    if (args_.option("WITHDIST")) {
      query_.with_distance = true;
    } else if (args_.option("WITHHASH")) {
      query_.with_hash = true;
    } else if (args_.option("WITHCOORD")) {
      query_.with_point = true;
    } else if (args_.option("ANY")) {
      query_.any = true;
    } else if (args_.option("ASC")) {
      query_.order = Order::ascending;
    } else if (args_.option("DESC")) {
      query_.order = Order::descending;
    } else if (args_.left() > 1 && args_.option("COUNT")) {
      query_.count = args_.integer();
      if (!args_.has_failed() && query_.count <= 0) return errors::count_not_positive();
      return args_.status();
    } else if (form_.dialect == Dialect::search) {
      return read_search_option();
    } else if (form_.can_store && args_.left() > 1 && args_.option("STORE")) {
      read_target(false);
    } else if (form_.can_store && args_.left() > 1 && args_.option("STOREDIST")) {
      read_target(true);
    } else {
      return errors::syntax();
    }
    return ok;
  }

  void read_target(bool stores_distance) {
    query_.target = args_.position();
    query_.stores_distance = stores_distance;
    args_.text();
  }

  Status read_search_option() {
    if (form_.can_store && args_.option("STOREDIST")) {
      query_.stores_distance = true;
    } else if (!has_point_ && args_.left() > 1 && args_.option("FROMMEMBER")) {
      has_member_ = true;
      const std::string_view member = args_.text();
      if (set_) return read_member(member);
    } else if (!has_member_ && args_.left() > 2 && args_.option("FROMLONLAT")) {
      has_point_ = true;
      const std::string_view longitude = args_.text();
      TRY(query_.shape.center, read_point(longitude, args_.text()));
    } else if (!has_box_ && args_.left() > 2 && args_.option("BYRADIUS")) {
      has_circle_ = true;
      const std::string_view radius = args_.text();
      return read_radius(radius, args_.text());
    } else if (!has_circle_ && args_.left() > 3 && args_.option("BYBOX")) {
      has_box_ = true;
      return read_box();
    } else {
      return errors::syntax();
    }
    return ok;
  }

  Status read_member(std::string_view member) {
    const auto score = set_->score(member);
    if (!score) return errors::geo_member_missing();
    query_.shape.center = geo_point(*score);
    return ok;
  }

  Status read_radius(std::string_view text, std::string_view unit) {
    const auto radius = parse_double(text);
    if (!radius) return errors::geo_number_needed("radius");
    if (*radius < 0) return errors::geo_radius_negative();
    TRY(query_.unit, read_unit(unit));
    query_.shape.is_box = false;
    query_.shape.radius = *radius * query_.unit;
    return ok;
  }

  Status read_box() {
    const auto width = parse_double(args_.text());
    if (!width) return errors::geo_number_needed("width");
    const auto height = parse_double(args_.text());
    if (!height) return errors::geo_number_needed("height");
    if (*width < 0 || *height < 0) return errors::geo_box_negative();
    TRY(query_.unit, read_unit(args_.text()));
    query_.shape.is_box = true;
    query_.shape.width = *width * query_.unit;
    query_.shape.height = *height * query_.unit;
    return ok;
  }

  // What can be said only when all options are known.
  Status check() const {
    const bool is_search = form_.dialect == Dialect::search;
    if (query_.target != 0 && (query_.with_distance || query_.with_hash || query_.with_point)) {
      return errors::geo_store_with_details(is_search ? "GEOSEARCHSTORE"
                                                      : "STORE option in GEORADIUS");
    }
    if (is_search && !has_member_ && !has_point_) return errors::geo_center_missing(ctx_.arg(0));
    if (is_search && !has_circle_ && !has_box_) return errors::geo_shape_missing(ctx_.arg(0));
    if (query_.any && query_.count == 0) return errors::geo_any_without_count();
    return ok;
  }

  const Context& ctx_;
  const Form& form_;
  const Found<SortedSet>& set_;
  ArgReader args_;
  Query query_;
  bool has_member_ = false;
  bool has_point_ = false;
  bool has_circle_ = false;
  bool has_box_ = false;
};

// --- The search ---

struct Match {
  GeoPoint point;
  double distance;  // metres
  double score;
  size_t member_offset;
  size_t member_size;
};

// The places inside a shape.
class Matches {
 public:
  void find(const SortedSet& set, const Query& query) {
    const size_t limit = query.any ? static_cast<size_t>(query.count) : SIZE_MAX;
    const GeoProbe probe(query.shape);
    for (const GeoScores& scores : geo_cover(query.shape)) {
      const ScoreRange range{static_cast<double>(scores.first), static_cast<double>(scores.end),
                             false, true};
      set.visit(set.ranks(range), [&](std::string_view member, double score) {
        add_if_inside(probe, member, score);
        return matches_.size() < limit;
      });
      if (matches_.size() >= limit) break;
    }
    put_in_order(query);
  }

  const std::vector<Match>& all() const { return matches_; }
  std::string_view member(const Match& match) const {
    return std::string_view(members_).substr(match.member_offset, match.member_size);
  }

 private:
  void add_if_inside(const GeoProbe& probe, std::string_view member, double score) {
    const GeoPoint point = geo_point(score);
    const auto distance = probe.distance_within(point);
    if (!distance) return;
    matches_.push_back({point, *distance, score, members_.size(), member.size()});
    members_ += member;
  }

  // Equally far ones stay as they were found: their members were kept in that order.
  void put_in_order(const Query& query) {
    const auto all = static_cast<int64_t>(matches_.size());
    const int64_t count = query.count == 0 ? all : std::min(all, query.count);
    if (query.order != Order::none) {
      const bool is_descending = query.order == Order::descending;
      const auto is_before = [is_descending](const Match& left, const Match& right) {
        if (left.distance != right.distance) {
          return (left.distance < right.distance) != is_descending;
        }
        return left.member_offset < right.member_offset;
      };
      if (count < all) {
        std::partial_sort(matches_.begin(), matches_.begin() + count, matches_.end(), is_before);
      } else {
        std::ranges::sort(matches_, is_before);
      }
    }
    matches_.resize(static_cast<size_t>(count));
  }

  std::vector<Match> matches_;
  std::string members_;
};

void reply_matches(Context& ctx, const Matches& matches, const Query& query) {
  const size_t details = size_t{query.with_distance} + query.with_hash + query.with_point;
  ctx.reply.array(matches.all().size());
  for (const Match& match : matches.all()) {
    if (ctx.reply.chain().overflowed()) return;
    if (details > 0) ctx.reply.array(details + 1);
    ctx.reply.bulk(matches.member(match));
    if (query.with_distance) reply_distance(ctx, match.distance / query.unit);
    if (query.with_hash) ctx.reply.integer(static_cast<int64_t>(match.score));
    if (query.with_point) reply_point(ctx, match.point);
  }
}

Status search(Context& ctx, const Form& form) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(form.source)));
  TRY(const Query query, QueryReader(ctx, form, set).read());
  Matches matches;
  if (set) matches.find(*set, query);
  if (query.target == 0) {
    reply_matches(ctx, matches, query);
    return ok;
  }
  SortedSetBuilder result;
  for (const Match& match : matches.all()) {
    const double score = query.stores_distance ? match.distance / query.unit : match.score;
    result.add(matches.member(match), score);
  }
  const bool is_search = form.dialect == Dialect::search;
  return store_sorted_set(ctx, ctx.key(query.target), result,
                          is_search ? "geosearchstore" : "georadiusstore");
}

// GEOSEARCH key <FROMMEMBER ... | FROMLONLAT ...> <BYRADIUS ... | BYBOX ...> [option ...]
Status geosearch(Context& ctx) {
  return search(ctx, {.dialect = Dialect::search, .can_store = false});
}
// GEOSEARCHSTORE destination source ...
Status geosearchstore(Context& ctx) {
  return search(ctx, {.dialect = Dialect::search, .can_store = true, .source = 2, .options = 3});
}
// GEORADIUS key longitude latitude radius unit [option ...]
Status georadius(Context& ctx) {
  return search(ctx, {.dialect = Dialect::radius, .can_store = true, .options = 6});
}
Status georadius_ro(Context& ctx) {
  return search(ctx, {.dialect = Dialect::radius, .can_store = false, .options = 6});
}
// GEORADIUSBYMEMBER key member radius unit [option ...]
Status georadiusbymember(Context& ctx) {
  return search(ctx, {.dialect = Dialect::radius_by_member, .can_store = true, .options = 5});
}
Status georadiusbymember_ro(Context& ctx) {
  return search(ctx, {.dialect = Dialect::radius_by_member, .can_store = false, .options = 5});
}

// --- Keys ---

constexpr KeySpecs stored_under(std::string_view keyword, int first) {
  return {{{{.flags = kPut, .begin = KeySpec::Begin::keyword, .index = first, .keyword = keyword}}},
          1};
}
constexpr KeySpecs radius_keys(int first_option) {
  return one_key(1, kGet) + stored_under("STORE", first_option) +
         stored_under("STOREDIST", first_option);
}

// The last STORE or STOREDIST counts, as for the command itself; the value of COUNT is none.
bool find_radius_keys(std::span<const std::string_view> arguments, size_t first_option,
                      std::vector<KeyPosition>& positions) {
  positions.push_back({1, kGet});
  size_t target = 0;
  for (size_t at = first_option; at + 1 < arguments.size(); at++) {
    const std::string_view word = arguments[at];
    if (equals_ignoring_case(word, "COUNT")) {
      at++;
    } else if (equals_ignoring_case(word, "STORE") || equals_ignoring_case(word, "STOREDIST")) {
      target = ++at;
    }
  }
  if (target != 0) positions.push_back({target, kPut});
  return true;
}
bool find_georadius_keys(std::span<const std::string_view> arguments,
                         std::vector<KeyPosition>& positions) {
  return find_radius_keys(arguments, 6, positions);
}
bool find_georadiusbymember_keys(std::span<const std::string_view> arguments,
                                 std::vector<KeyPosition>& positions) {
  return find_radius_keys(arguments, 5, positions);
}

constexpr std::string_view kComplexity =
    "O(N+log(M)) with N places in the cells around the shape, and M in the sorted set";

constexpr CommandSpec kCommands[] = {
    {"geosearch", geosearch, -7, kRead, one_key(1, kGet), "6.2.0", kComplexity,
     "key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> "
     "| "
     "BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] "
     "[WITHDIST] "
     "[WITHHASH]",
     "Finds the places inside a circle or a box."},
    {"geosearchstore", geosearchstore, -8, kWrite | kDenyOom, one_key(1, kPut) + one_key(2, kGet),
     "6.2.0", kComplexity,
     "destination source <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | "
     "KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] "
     "[STOREDIST]",
     "Stores the places inside a circle or a box."},
    {"georadius", georadius, -6, kWrite | kDenyOom | kMovableKeys, radius_keys(6), "3.2.0",
     kComplexity,
     "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT "
     "count [ANY]] [ASC | DESC] [STORE storekey | STOREDIST storedistkey]",
     "Finds the places inside a circle, and returns or stores them.", "6.2.0",
     "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument", find_georadius_keys},
    {"georadius_ro", georadius_ro, -6, kRead, one_key(1, kGet), "3.2.10", kComplexity,
     "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT "
     "count [ANY]] [ASC | DESC]",
     "Finds the places inside a circle.", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"},
    {"georadiusbymember", georadiusbymember, -5, kWrite | kDenyOom | kMovableKeys, radius_keys(5),
     "3.2.0", kComplexity,
     "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] "
     "[ASC "
     "| DESC] [STORE storekey | STOREDIST storedistkey]",
     "Finds the places inside a circle around a member, and returns or stores them.", "6.2.0",
     "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
     find_georadiusbymember_keys},
    {"georadiusbymember_ro", georadiusbymember_ro, -5, kRead, one_key(1, kGet), "3.2.10",
     kComplexity,
     "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] "
     "[ASC "
     "| DESC]",
     "Finds the places inside a circle around a member.", "6.2.0",
     "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"},
};

}  // namespace

CommandFamily geo_search_commands() {
  return {"geo", kCommands};
}

}  // namespace larder
