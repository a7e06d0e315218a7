// What several commands of streams read from their arguments.
#pragma once

#include <string_view>
#include <vector>

#include "server/command/context.h"
#include "server/types/stream.h"

namespace larder {

// An ID as given: "ms-seq" or "ms". Error: it is none.
Result<StreamId> read_stream_id(std::string_view text, uint64_t missing_seq = 0);
// The IDs of the arguments from `first` to before `end`; all of them are good, or the error is
// told.
Result<std::vector<StreamId>> read_stream_ids(const Context& ctx, size_t first, size_t end);

// The ends of a range: an ID, "-", "+", or "(" and an ID that is not part of it.
Result<StreamId> read_interval_start(std::string_view text);
Result<StreamId> read_interval_end(std::string_view text);

// The ID of a new entry: in full, with "*" for its second part, or "*".
struct NewStreamId {
  StreamId id;
  bool has_ms = true;
  bool has_seq = true;
};

// What XADD and XTRIM read before the fields.
struct TrimArguments {
  StreamTrim trim;
  // Only of XADD:
  bool no_make_stream = false;
  NewStreamId id;
  size_t id_at = 0;  // where the ID is; behind the last argument if there is none
};
Result<TrimArguments> read_trim_arguments(const Context& ctx, bool is_xadd);

}  // namespace larder
