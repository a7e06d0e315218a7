// What SCAN, SSCAN, HSCAN and ZSCAN have in common: the cursor, and the options MATCH and COUNT.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/base/result.h"
#include "server/command/arg_reader.h"

namespace larder {

// A position in a table (see HashTable::scan) as clients see it. Cursors have 48 bits, the upper
// ones of the position: clients read them as signed numbers or as doubles, and both hold 48 bits.
class ScanCursor {
 public:
  static constexpr unsigned kShift = 16;

  // What strtoul reads, as in Redis: digits behind an optional sign, below 2^64; "-1" is 2^64-1.
  // Returns the position.
  static Result<uint64_t> parse(std::string_view text);
  // Positions with the same cursor are one to the client.
  static int64_t of(uint64_t position) { return static_cast<int64_t>(position >> kShift); }
};

struct ScanOptions {
  std::string_view pattern = "*";
  int64_t count = 10;

  // Reads the next argument and its value if it is one of the options above; else leaves it.
  bool read(ArgReader& args);
  // Whether the pattern lets a text through. Cheap without MATCH.
  bool admits(std::string_view text) const;
  // How many steps of a walk one call may take to find `count` elements where most are gone.
  int64_t max_steps() const;
};

// A call's part of a walk over a collection: takes steps from `position` on until COUNT elements
// were seen. `scan(position, visit)` is the collection's step. Returns where to go on; 0: done.
template <class Scan, class Visit>
uint64_t walk_collection(uint64_t position, const ScanOptions& options, Scan&& scan,
                         Visit&& visit) {
  int64_t seen = 0;
  int64_t steps = options.max_steps();
  do {
    position = scan(position, [&](const auto& element) {
      seen++;
      visit(element);
    });
    steps--;
  } while (position != 0 && seen < options.count && steps > 0);
  return position;
}

}  // namespace larder
