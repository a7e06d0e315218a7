#include "server/commands/stream_arguments.h"

#include <algorithm>

#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

bool is_exclusive(std::string_view text) {
  return text.size() > 1 && text.front() == '(';
}

// The end of a range without what "(" means.
Result<StreamId> read_bound(std::string_view text, uint64_t missing_seq) {
  if (is_exclusive(text)) return read_stream_id(text.substr(1), missing_seq);
  if (text == "-") return StreamId{};
  if (text == "+") return StreamId::max();
  return read_stream_id(text, missing_seq);
}

Result<NewStreamId> read_new_id(std::string_view text) {
  if (text.size() > 2 && text.ends_with("-*") && text.find('-') == text.size() - 2) {
    const auto ms = parse_stream_number(text.substr(0, text.size() - 2));
    if (!ms) return errors::invalid_stream_id();
    return NewStreamId{.id = {*ms, 0}, .has_seq = false};
  }
  TRY(const StreamId id, read_stream_id(text));
  return NewStreamId{.id = id};
}

// The options of XADD and XTRIM, one after the other. They are not read by an ArgReader, because in
// Redis a name without an argument behind it is no option but an ID.
class TrimReader {
 public:
  TrimReader(const Context& ctx, bool is_xadd) : ctx_(ctx), is_xadd_(is_xadd) {}

  Result<TrimArguments> read() {
    for (at_ = 2; at_ < ctx_.argc(); at_++) {
      const std::string_view option = ctx_.arg(at_);
      const bool has_argument = at_ + 1 < ctx_.argc();
      if (is_xadd_ && option == "*") {
        arguments_.id = {.id = {}, .has_ms = false, .has_seq = false};
        break;
      }
      if (has_argument && equals_ignoring_case(option, "MAXLEN")) {
        TRY(read_max_length());
      } else if (has_argument && equals_ignoring_case(option, "MINID")) {
        TRY(read_min_id());
      } else if (has_argument && equals_ignoring_case(option, "LIMIT")) {
        TRY(read_limit());
      } else if (is_xadd_ && equals_ignoring_case(option, "NOMKSTREAM")) {
        arguments_.no_make_stream = true;
      } else if (is_xadd_) {
        TRY(arguments_.id, read_new_id(option));
        break;
      } else {
        return errors::syntax();
      }
    }
    arguments_.id_at = at_;
    return arguments_;
  }

  // What is wrong with the options as a whole.
  Status check() {
    StreamTrim& trim = arguments_.trim;
    const bool has_strategy = trim.strategy != StreamTrim::Strategy::none;
    if (trim.limit != 0 && !has_strategy) return errors::limit_without_trim();
    if (!is_xadd_ && !has_strategy) return errors::xtrim_without_strategy();
    if (has_limit_ && !trim.whole_chunks) return errors::limit_of_exact_trim();
    if (!has_limit_ && trim.whole_chunks) trim.limit = usual_limit();
    return ok;
  }
  const TrimArguments& arguments() const { return arguments_; }

 private:
  // A hundred chunks, so that one request does not take too long.
  uint64_t usual_limit() const {
    const size_t entries = ctx_.keyspace.type_limits.stream_node_max_entries;
    if (entries == 0) return 10'000;
    return std::min<uint64_t>(100 * std::min<uint64_t>(entries, 10'000), 1'000'000);
  }

  Status begin_strategy(StreamTrim::Strategy strategy) {
    if (arguments_.trim.strategy != StreamTrim::Strategy::none) {
      return errors::two_trim_strategies();
    }
    arguments_.trim.strategy = strategy;
    at_++;
    const bool has_more = at_ + 1 < ctx_.argc();
    arguments_.trim.whole_chunks = has_more && ctx_.arg(at_) == "~";
    if (has_more && (ctx_.arg(at_) == "~" || ctx_.arg(at_) == "=")) at_++;
    return ok;
  }

  Status read_max_length() {
    TRY(begin_strategy(StreamTrim::Strategy::max_length));
    const auto length = parse_int64(ctx_.arg(at_));
    if (!length) return errors::not_an_integer();
    if (*length < 0) return errors::negative_trim_argument("MAXLEN");
    arguments_.trim.max_length = static_cast<uint64_t>(*length);
    return ok;
  }

  Status read_min_id() {
    TRY(begin_strategy(StreamTrim::Strategy::min_id));
    TRY(arguments_.trim.min_id, read_stream_id(ctx_.arg(at_)));
    return ok;
  }

  Status read_limit() {
    const auto limit = parse_int64(ctx_.arg(++at_));
    if (!limit) return errors::not_an_integer();
    if (*limit < 0) return errors::negative_trim_argument("LIMIT");
    arguments_.trim.limit = static_cast<uint64_t>(*limit);
    has_limit_ = true;
    return ok;
  }

  const Context& ctx_;
  bool is_xadd_;
  size_t at_ = 2;
  bool has_limit_ = false;
  TrimArguments arguments_;
};

}  // namespace

Result<StreamId> read_stream_id(std::string_view text, uint64_t missing_seq) {
  if (const auto id = parse_stream_id(text, missing_seq)) return *id;
  return errors::invalid_stream_id();
}

Result<std::vector<StreamId>> read_stream_ids(const Context& ctx, size_t first, size_t end) {
  std::vector<StreamId> ids;
  ids.reserve(end - first);
  for (size_t i = first; i < end; i++) {
    TRY(const StreamId id, read_stream_id(ctx.arg(i)));
    ids.push_back(id);
  }
  return ids;
}

Result<StreamId> read_interval_start(std::string_view text) {
  TRY(const StreamId id, read_bound(text, 0));
  if (!is_exclusive(text)) return id;
  if (const auto next = id.next()) return *next;
  return errors::invalid_interval_start();
}

Result<StreamId> read_interval_end(std::string_view text) {
  TRY(const StreamId id, read_bound(text, UINT64_MAX));
  if (!is_exclusive(text)) return id;
  if (const auto previous = id.previous()) return *previous;
  return errors::invalid_interval_end();
}

Result<TrimArguments> read_trim_arguments(const Context& ctx, bool is_xadd) {
  TrimReader reader(ctx, is_xadd);
  TRY(reader.read());
  TRY(reader.check());
  return reader.arguments();
}

}  // namespace larder
