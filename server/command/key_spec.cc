#include "server/command/key_spec.h"

#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

using Arguments = std::span<const std::string_view>;

// Where the keys of a specification begin; 0 if they are not there.
int64_t find_beginning(const KeySpec& spec, Arguments arguments) {
  const auto count = static_cast<int64_t>(arguments.size());
  if (spec.begin == KeySpec::Begin::index) return spec.index < count ? spec.index : 0;
  if (spec.begin != KeySpec::Begin::keyword) return 0;
  const bool backwards = spec.index < 0;
  for (int64_t at = backwards ? count + spec.index : spec.index; at > 0 && at < count;
       at += backwards ? -1 : 1) {
    if (equals_ignoring_case(arguments[static_cast<size_t>(at)], spec.keyword)) return at + 1;
  }
  return 0;
}

bool add_keys(const KeySpec& spec, Arguments arguments, std::vector<KeyPosition>& positions) {
  const auto count = static_cast<int64_t>(arguments.size());
  const int64_t begin = find_beginning(spec, arguments);
  if (begin == 0 || begin >= count) return true;
  int64_t first = begin;
  int64_t last = begin;
  if (spec.find == KeySpec::Find::counted) {
    const int64_t count_at = begin + spec.count_index;
    if (count_at >= count) return false;
    const auto keys = parse_int64(arguments[static_cast<size_t>(count_at)]);
    if (!keys || *keys < 0 || *keys > count) return false;
    first = begin + spec.first;
    last = first + (*keys - 1) * spec.step;
  } else if (spec.last >= 0) {
    last = begin + spec.last;
  } else {
    last = count + spec.last;
    if (spec.limit > 1) last = begin + (count - begin) / spec.limit + spec.last;
  }
  if (last >= count) return false;
  for (int64_t at = first; at <= last; at += spec.step) {
    positions.push_back({static_cast<size_t>(at), spec.flags});
  }
  return true;
}

// Whether the last key of `left` is behind that of `right`; negative ones count from the end.
bool is_behind(int left, int right) {
  return (left < 0) == (right < 0) ? left > right : left < 0;
}

}  // namespace

KeyRange plain_range(const KeySpecs& specs) {
  KeyRange range;
  for (const KeySpec& spec : specs.all()) {
    if ((spec.flags & kIncomplete) != 0) range.is_complete = false;
    const bool is_plain = spec.begin == KeySpec::Begin::index && spec.find == KeySpec::Find::range;
    const bool extends =
        range.first == 0 || (range.step == 1 && spec.step == 1 && range.last == spec.index - 1);
    if (!is_plain || !extends || (specs.count > 1 && spec.step != 1)) {
      range.is_complete = false;
      continue;
    }
    const int last = spec.last < 0 ? spec.last : spec.index + spec.last;
    if (range.first == 0) {
      range = {spec.index, last, spec.step, range.is_complete};
    } else if (is_behind(last, range.last)) {
      range.last = last;
    }
  }
  return range;
}

bool find_keys(const KeySpecs& specs, Arguments arguments, std::vector<KeyPosition>& positions) {
  for (const KeySpec& spec : specs.all()) {
    if (spec.find == KeySpec::Find::unknown || spec.begin == KeySpec::Begin::unknown) continue;
    if (!add_keys(spec, arguments, positions)) {
      positions.clear();
      return false;
    }
  }
  return true;
}

}  // namespace larder
