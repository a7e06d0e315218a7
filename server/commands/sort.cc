// SORT and SORT_RO: the elements of a list, set or sorted set, ordered by themselves or by values
// of other keys, and replaced by such values on the way out.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/acl/acl.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/types/hash.h"
#include "server/types/list.h"
#include "server/types/set.h"
#include "server/types/sorted_set.h"
#include "server/types/string.h"

namespace larder {
namespace {

// What a request asks for.
struct SortRequest {
  std::string_view by;                 // a pattern with an asterisk, or empty
  std::vector<std::string_view> gets;  // patterns; "#" is the element itself
  std::string_view destination;
  size_t destination_index = 0;  // 0: the result is the reply
  int64_t limit_start = 0;
  int64_t limit_count = -1;  // negative: all
  bool is_descending = false;
  bool is_alphabetical = false;
  bool is_unsorted = false;  // BY a pattern without an asterisk

  bool stores() const { return destination_index != 0; }
};

// One element with what decides about its place.
struct SortElement {
  explicit SortElement(std::string element) : text(std::move(element)) {}

  std::string text;
  double weight = 0;
  std::string name;       // by which it is sorted alphabetically, if that is not the text
  bool has_name = false;  // without one it comes first
};

// The part of the elements that LIMIT selects: [start, end).
struct Selection {
  size_t start;
  size_t end;
};

// A pattern can name any key.
bool may_read_all_keys(Context& ctx) {
  return ctx.services.acl.may_read_all_keys(ctx.client, ctx.command(), ctx.arguments());
}

Result<SortRequest> read_request(Context& ctx, bool may_store) {
  SortRequest request;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    const size_t values = args.left() - 1;
    if (args.option("ASC")) {
      request.is_descending = false;
    } else if (args.option("DESC")) {
      request.is_descending = true;
    } else if (args.option("ALPHA")) {
      request.is_alphabetical = true;
    } else if (values >= 2 && args.option("LIMIT")) {
      request.limit_start = args.integer();
      request.limit_count = args.integer();
    } else if (values >= 1 && may_store && args.option("STORE")) {
      request.destination_index = args.position();
      request.destination = args.text();
    } else if (values >= 1 && args.option("BY")) {
      request.by = args.text();
      request.is_unsorted = request.by.find('*') == std::string_view::npos;
      if (!request.is_unsorted && !may_read_all_keys(ctx)) args.fail(errors::sort_pattern_denied("BY"));
    } else if (values >= 1 && args.option("GET")) {
      request.gets.push_back(args.text());
      if (!may_read_all_keys(ctx)) args.fail(errors::sort_pattern_denied("GET"));
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  if (request.is_unsorted) request.by = {};
  return request;
}

// Redis's clamping, which knows no wrong numbers.
Selection select(const SortRequest& request, size_t size) {
  const auto start = std::min(static_cast<size_t>(std::max(request.limit_start, int64_t{0})), size);
  if (request.limit_count < 0) return {start, size};
  return {start, start + std::min(static_cast<size_t>(request.limit_count), size - start)};
}

// The value that a pattern means for an element: "weight_*" names a string, "user_*->age" a field
// of a hash, "#" the element itself. False where there is no such value.
bool look_up(Context& ctx, std::string_view pattern, const std::string& element,
             std::string& value) {
  if (pattern == "#") {
    value = element;
    return true;
  }
  const size_t asterisk = pattern.find('*');
  if (asterisk == std::string_view::npos) return false;
  std::string_view field;
  std::string_view name = pattern;
  const size_t arrow = pattern.find("->", asterisk + 1);
  if (arrow != std::string_view::npos && arrow + 2 < pattern.size()) {
    field = pattern.substr(arrow + 2);
    name = pattern.substr(0, arrow);
  }
  std::string key(name.substr(0, asterisk));
  key += element;
  key += name.substr(asterisk + 1);
  const Entry* entry = ctx.find_entry(make_key(key));
  if (entry == nullptr) return false;
  if (field.empty()) {
    if (entry->type() != Type::string) return false;
    String::Digits digits;
    value = String(entry->value()).bytes(digits);
    return true;
  }
  if (entry->type() != Type::hash) return false;
  const auto found = Hash(entry->value()).find(PackedText(field), ctx.now_ms());
  if (found) value = found->value().to_string();
  return found.has_value();
}

// A number as strtod reads it, all of it; an empty text counts as 0, as it does in Redis.
bool read_weight(const std::string& text, double& weight) {
  char* end = nullptr;
  errno = 0;
  weight = std::strtod(text.c_str(), &end);
  return end == text.data() + text.size() && errno != ERANGE && !std::isnan(weight);
}

Status weigh(Context& ctx, const SortRequest& request, std::vector<SortElement>& elements) {
  std::string value;
  for (SortElement& element : elements) {
    const bool has_value = !request.by.empty() && look_up(ctx, request.by, element.text, value);
    if (request.is_alphabetical) {
      element.has_name = has_value;
      if (has_value) element.name = value;
      continue;
    }
    if (!request.by.empty() && !has_value) continue;
    if (!read_weight(request.by.empty() ? element.text : value, element.weight)) {
      return errors::not_sortable_as_numbers();
    }
  }
  return ok;
}

bool comes_before(const SortRequest& request, const SortElement& left, const SortElement& right) {
  if (!request.is_alphabetical) {
    if (left.weight != right.weight) return left.weight < right.weight;
    return left.text < right.text;
  }
  if (request.by.empty()) return left.text < right.text;
  if (left.has_name != right.has_name) return right.has_name;
  return left.name < right.name;
}

// Puts the selected elements in order; the others may stay anywhere.
void sort_elements(const SortRequest& request, Selection selection,
                   std::vector<SortElement>& elements) {
  const auto end = elements.begin() + static_cast<ptrdiff_t>(selection.end);
  std::partial_sort(elements.begin(), end, elements.end(),
                    [&](const SortElement& left, const SortElement& right) {
                      return request.is_descending ? comes_before(request, right, left)
                                                   : comes_before(request, left, right);
                    });
}

void collect(const Set& set, std::vector<SortElement>& elements) {
  elements.reserve(set.size());
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](const PackedEntry& member) {
      elements.emplace_back(member.to_string());
    });
  } while (position != 0);
}

// The elements of a list or a sorted set from `first` to before `end`, in their order.
void collect(ValueView value, size_t first, size_t end, std::vector<SortElement>& elements) {
  elements.reserve(end - first);
  if (value.type == Type::list) {
    List(value).visit(first, end - first, [&](const PackedEntry& element) {
      elements.emplace_back(element.to_string());
      return true;
    });
  } else {
    SortedSet(value).visit({first, end - first}, [&](std::string_view member, double) {
      elements.emplace_back(std::string(member));
      return true;
    });
  }
}

// Reads what is needed: everything, or the selected part of a list or sorted set that stays in its
// own order. `selection` then says where in `elements` that is.
void collect(const Entry& entry, const SortRequest& request, size_t size, Selection& selection,
             std::vector<SortElement>& elements) {
  const ValueView value = entry.value();
  if (value.type == Type::set) return collect(Set(value), elements);
  if (!request.is_unsorted) return collect(value, 0, size, elements);
  if (request.is_descending) {
    collect(value, size - selection.end, size - selection.start, elements);
    std::reverse(elements.begin(), elements.end());
  } else {
    collect(value, selection.start, selection.end, elements);
  }
  selection = {0, elements.size()};
}

size_t size_of(const Entry& entry) {
  switch (entry.type()) {
    case Type::list:
      return List(entry.value()).size();
    case Type::set:
      return Set(entry.value()).size();
    default:
      return SortedSet(entry.value()).size();
  }
}

void reply_result(Context& ctx, const SortRequest& request, std::span<const SortElement> elements) {
  const size_t columns = std::max(request.gets.size(), size_t{1});
  ctx.reply.array(elements.size() * columns);
  std::string value;
  for (const SortElement& element : elements) {
    if (ctx.reply.chain().overflowed()) return;
    if (request.gets.empty()) ctx.reply.bulk(element.text);
    for (const std::string_view pattern : request.gets) {
      look_up(ctx, pattern, element.text, value) ? ctx.reply.bulk(value) : ctx.reply.null();
    }
  }
}

// Values that are missing are stored as empty texts.
void store_result(Context& ctx, const SortRequest& request, std::span<const SortElement> elements) {
  std::vector<std::string> values;
  for (const SortElement& element : elements) {
    if (request.gets.empty()) values.push_back(element.text);
    for (const std::string_view pattern : request.gets) {
      std::string value;
      look_up(ctx, pattern, element.text, value);
      values.push_back(std::move(value));
    }
  }
  const Key destination = ctx.key(request.destination_index);
  if (values.empty()) {
    ctx.remove(destination);
  } else {
    const std::vector<std::string_view> texts(values.begin(), values.end());
    Edit<List> list = ctx.replace<List>(destination);
    list->push(texts, End::back);
    list.commit("sortstore");
  }
  ctx.reply.integer(static_cast<int64_t>(values.size()));
}

Status sort_key(Context& ctx, bool may_store) {
  TRY(SortRequest request, read_request(ctx, may_store));
  const Entry* entry = ctx.find_entry(ctx.key(1));
  if (entry != nullptr && entry->type() != Type::list && entry->type() != Type::set &&
      entry->type() != Type::sorted_set) {
    return errors::wrong_type();
  }
  if (entry != nullptr && request.is_unsorted && entry->type() == Type::set && request.stores()) {
    // A set has no order of its own, and what is stored must not depend on chance.
    request.is_unsorted = false;
    request.is_alphabetical = true;
  }
  const size_t size = entry == nullptr ? 0 : size_of(*entry);
  Selection selection = select(request, size);
  std::vector<SortElement> elements;
  if (entry != nullptr) collect(*entry, request, size, selection, elements);
  if (!request.is_unsorted) {
    TRY(weigh(ctx, request, elements));
    sort_elements(request, selection, elements);
  }
  const auto selected =
      std::span(elements).subspan(selection.start, selection.end - selection.start);
  request.stores() ? store_result(ctx, request, selected) : reply_result(ctx, request, selected);
  return ok;
}

// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE
// destination]
Status sort(Context& ctx) {
  return sort_key(ctx, true);
}

// SORT_RO: the same without STORE.
Status sort_ro(Context& ctx) {
  return sort_key(ctx, false);
}

// Keys that patterns name are in no specification.
constexpr KeySpecs patterns(uint16_t flags) {
  return {{{{.flags = flags, .begin = KeySpec::Begin::unknown, .find = KeySpec::Find::unknown}}},
          1};
}

// The last STORE counts, as for the command itself; words that are values of other options do not.
bool find_sort_keys(std::span<const std::string_view> arguments,
                    std::vector<KeyPosition>& positions) {
  positions.push_back({1, kGet});
  size_t destination = 0;
  for (size_t at = 2; at < arguments.size(); at++) {
    const std::string_view word = arguments[at];
    if (equals_ignoring_case(word, "LIMIT")) {
      at += 2;
    } else if (equals_ignoring_case(word, "BY") || equals_ignoring_case(word, "GET")) {
      at++;
    } else if (equals_ignoring_case(word, "STORE") && at + 1 < arguments.size()) {
      destination = ++at;
    }
  }
  if (destination != 0) positions.push_back({destination, kPut});
  return true;
}

constexpr CommandSpec kCommands[] = {
    {"sort",
     sort,
     -2,
     kWrite | kDenyOom | kMovableKeys | kListCategory | kSetCategory | kSortedSetCategory |
         kDangerous,
     one_key(1, kGet) + patterns(kGet) + patterns(kPut),
     "1.0.0",
     "O(N+M*log(M)) where N is the number of elements to sort and M of those returned; O(N) "
     "unsorted",
     "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] "
     "[STORE destination]",
     "Sorts the elements of a list, a set or a sorted set, and returns or stores them.",
     {},
     {},
     find_sort_keys},
    {"sort_ro", sort_ro, -2,
     kRead | kMovableKeys | kListCategory | kSetCategory | kSortedSetCategory | kDangerous,
     one_key(1, kGet) + patterns(kGet), "7.0.0",
     "O(N+M*log(M)) where N is the number of elements to sort and M of those returned; O(N) "
     "unsorted",
     "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
     "Returns the sorted elements of a list, a set or a sorted set."},
};

}  // namespace

CommandFamily sort_commands() {
  return {"generic", kCommands};
}

}  // namespace larder
