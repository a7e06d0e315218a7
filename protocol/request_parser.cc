#include "protocol/request_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "protocol/inline_request.h"

namespace larder {
namespace {

constexpr size_t kLineEnd = 2;  // CR LF

// What Redis takes for a number in a header line: an int64 without leading zeros, '+' or spaces.
std::optional<int64_t> parse_number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  const size_t first = digits[0] == '-' ? 1 : 0;
  if (digits.size() == first || (digits[first] == '0' && digits.size() > 1)) return std::nullopt;
  int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, number);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return number;
}

// The common form of a header line: type byte, 1 to 18 digits, CR and one more byte, which Redis
// does not look at either. Returns where the next thing begins, or null when the line is anything
// else (incomplete, negative, malformed); read_line below is the one that knows.
inline const char* read_common_line(const char* at, const char* end, char type, uint64_t& number) {
  constexpr ptrdiff_t kShortest = 4;  // $0 CR LF
  constexpr ptrdiff_t kLongest = 19;  // where the CR is at the latest
  if (end - at < kShortest || *at != type) return nullptr;
  const char* const last = end - at > kLongest + 1 ? at + kLongest : end - 2;
  const char* digit = at + 1;
  uint64_t value = 0;
  for (; digit <= last; digit++) {
    const auto next = static_cast<unsigned>(static_cast<unsigned char>(*digit)) - '0';
    if (next > 9) break;
    value = value * 10 + next;
  }
  if (digit > last || *digit != '\r' || digit == at + 1) return nullptr;
  if (at[1] == '0' && digit != at + 2) return nullptr;
  number = value;
  return digit + kLineEnd;
}

// The shortest argument with a byte in it: $1 CR LF x CR LF.
constexpr ptrdiff_t kShortestArgument = 7;

// The header line that nearly every argument has: type byte, 1 to 3 digits, CR and one more byte.
// Returns where the next thing begins, or null when the line is anything else, or so near to the
// end that no argument fits behind it.
inline const char* read_short_line(const char* at, const char* end, char type, uint64_t& number) {
  const auto digit = [at](ptrdiff_t i) {
    return static_cast<uint64_t>(static_cast<unsigned char>(at[i])) - '0';
  };
  if (end - at < kShortestArgument || at[0] != type || digit(1) > 9) return nullptr;
  number = digit(1);
  if (at[2] == '\r') return at + 4;
  if (number == 0 || digit(2) > 9) return nullptr;
  number = number * 10 + digit(2);
  if (at[3] == '\r') return at + 5;
  if (digit(3) > 9 || at[4] != '\r') return nullptr;
  number = number * 10 + digit(3);
  return at + 6;
}

// A line that the parser can neither read nor give up yet has been looked at as far as `scanned`.
enum class Line { whole, incomplete, too_long };

// Any header line, from `begin` on. `line` gets it without its end, from the type byte on.
Line read_line(std::string_view unread, size_t begin, size_t max_bytes, size_t& scanned,
               std::string_view& line) {
  const std::string_view window = unread.substr(0, begin + max_bytes + 1);
  const size_t end = window.find('\r', std::max(begin, scanned));
  if (end == std::string_view::npos) {
    scanned = window.size();
    return unread.size() - begin > max_bytes ? Line::too_long : Line::incomplete;
  }
  if (unread.size() - end < kLineEnd) {
    scanned = end;
    return Line::incomplete;
  }
  line = unread.substr(begin, end - begin);
  return Line::whole;
}

}  // namespace

// How far a request has been understood. All places are offsets into `unread`.
struct RequestParser::Progress {
  enum class Stage {
    begin,        // nothing yet
    bulk_header,  // at the "$" line of an argument
    bulk,         // at its bytes, of which there are bulk_bytes
    line_end,     // at the CR LF behind a large bulk
  };
  Stage stage = Stage::begin;
  size_t position = 0;
  size_t scanned = 0;  // the current line has no end before this
  uint64_t arguments_left = 0;
  size_t bulk_bytes = 0;

  // Reads arguments that are short and wholly there, up to the first that is not. Does nothing that
  // the general way would not do as well, but in a fifth of the time.
  void read_short_arguments(std::string_view unread, size_t max_bulk_bytes,
                            std::vector<std::string_view>& arguments) {
    const char* const end = unread.data() + unread.size();
    const char* at = unread.data() + position;
    uint64_t left = arguments_left;
    for (; left > 0; left--) {
      uint64_t bytes;
      const char* const argument = read_short_line(at, end, resp::kBulk, bytes);
      if (argument == nullptr || bytes > max_bulk_bytes) break;
      if (static_cast<size_t>(end - argument) < bytes + kLineEnd) break;
      arguments.emplace_back(argument, bytes);
      at = argument + bytes + kLineEnd;
    }
    arguments_left = left;
    position = static_cast<size_t>(at - unread.data());
  }
};

struct RequestParser::Incomplete {
  // An argument: bytes of the buffer, which may move, or a large bulk, which does not.
  struct Part {
    union {
      size_t offset;
      const char* large;
    };
    uint64_t size : 63;
    uint64_t is_large : 1;
  };
  Progress progress;
  std::vector<Part> parts;
  std::string error;
};

RequestParser::RequestParser() = default;
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

RequestParser::Incomplete& RequestParser::incomplete() {
  if (incomplete_ == nullptr) incomplete_ = std::make_unique<Incomplete>();
  return *incomplete_;
}

RequestParser::Outcome RequestParser::fail(std::string reason) {
  incomplete().error = std::move(reason);
  return Outcome::error;
}

RequestParser::Outcome RequestParser::parse(std::string_view unread, const RequestLimits& limits,
                                            std::vector<std::string_view>& arguments) {
  if (unread.empty()) return error_reason().empty() ? Outcome::need_more : Outcome::error;
  const size_t first = arguments.size();
  Progress progress;
  if (incomplete_ != nullptr) [[unlikely]] {
    if (!incomplete_->error.empty()) return Outcome::error;
    progress = incomplete_->progress;
    if (unread.size() < progress.position) return Outcome::need_more;
  }
  const bool is_inline = progress.stage == Progress::Stage::begin && unread[0] != resp::kArray;
  const Outcome outcome = is_inline ? read_inline(unread, limits, progress, arguments)
                                    : read_multibulk(unread, limits, progress, arguments);
  switch (outcome) {
    case Outcome::complete:
      consumed_ = progress.position;
      if (incomplete_ != nullptr) [[unlikely]]
        recall(unread, first, arguments);
      break;
    case Outcome::need_more:
      if (!limits.authenticated && unread.size() >= kMostUnauthenticatedUnread) {
        arguments.resize(first);
        return fail("unauthenticated request length");
      }
      [[fallthrough]];
    case Outcome::large_bulk:
      remember(progress, unread, first, arguments);
      break;
    case Outcome::error:
      arguments.resize(first);
      break;
  }
  return outcome;
}

RequestParser::Outcome RequestParser::read_multibulk(std::string_view unread,
                                                     const RequestLimits& limits,
                                                     Progress& progress,
                                                     std::vector<std::string_view>& arguments) {
  if (progress.stage == Progress::Stage::line_end) {
    if (unread.size() - progress.position < kLineEnd) return Outcome::need_more;
    progress.position += kLineEnd;
    progress.stage = Progress::Stage::bulk_header;
  }
  if (progress.stage != Progress::Stage::begin) {
    return read_bulks(unread, limits, progress, arguments);
  }

  const char* const begin = unread.data();
  uint64_t count = 0;
  const char* const end = begin + unread.size();
  const char* next = read_short_line(begin, end, resp::kArray, count);
  if (next == nullptr) next = read_common_line(begin, end, resp::kArray, count);
  if (next != nullptr) {
    progress.position = static_cast<size_t>(next - begin);
  } else {
    std::string_view line;
    switch (read_line(unread, 0, limits.line_bytes(), progress.scanned, line)) {
      case Line::incomplete:
        return Outcome::need_more;
      case Line::too_long:
        return fail("too big mbulk count string");
      case Line::whole:
        break;
    }
    const auto number = parse_number(line.substr(1));
    if (!number) return fail("invalid multibulk length");
    // A negative count is an empty request, as zero is.
    count = *number < 0 ? 0 : static_cast<uint64_t>(*number);
    progress.position = line.size() + kLineEnd;
  }
  if (count > limits.max_arguments) return fail("invalid multibulk length");
  if (!limits.authenticated && count > kMaxUnauthenticatedArguments) {
    return fail("unauthenticated multibulk length");
  }
  progress.arguments_left = count;
  progress.stage = Progress::Stage::bulk_header;
  return read_bulks(unread, limits, progress, arguments);
}

RequestParser::Outcome RequestParser::read_bulk_header(std::string_view unread,
                                                       const RequestLimits& limits,
                                                       Progress& progress) {
  const char* const begin = unread.data();
  const char* const end = begin + unread.size();
  uint64_t bytes = 0;
  if (const char* next = read_common_line(begin + progress.position, end, resp::kBulk, bytes)) {
    progress.position = static_cast<size_t>(next - begin);
  } else {
    std::string_view line;
    switch (read_line(unread, progress.position, limits.line_bytes(), progress.scanned, line)) {
      case Line::incomplete:
        return Outcome::need_more;
      case Line::too_long:
        return fail("too big bulk count string");
      case Line::whole:
        break;
    }
    // An empty line has its CR where the '$' should be; error texts show CR and LF as spaces.
    const char type = line.empty() || line[0] == '\n' ? ' ' : line[0];
    if (type != resp::kBulk) return fail(std::string("expected '$', got '") + type + "'");
    const auto number = parse_number(line.substr(1));
    if (!number || *number < 0) return fail("invalid bulk length");
    bytes = static_cast<uint64_t>(*number);
    progress.position += line.size() + kLineEnd;
  }
  if (bytes > limits.max_bulk_bytes) return fail("invalid bulk length");
  if (!limits.authenticated && (bytes > kMaxUnauthenticatedBulkBytes ||
                                progress.position + bytes > kMaxUnauthenticatedRequestBytes)) {
    return fail("unauthenticated bulk length");
  }
  progress.bulk_bytes = bytes;
  progress.stage = Progress::Stage::bulk;
  return Outcome::complete;
}

RequestParser::Outcome RequestParser::read_bulks(std::string_view unread,
                                                 const RequestLimits& limits, Progress& progress,
                                                 std::vector<std::string_view>& arguments) {
  static_assert(kMaxUnauthenticatedBulkBytes > 999);
  if (progress.stage == Progress::Stage::bulk_header) {
    progress.read_short_arguments(unread, limits.max_bulk_bytes, arguments);
  }
  for (; progress.arguments_left > 0; progress.arguments_left--) {
    if (progress.stage == Progress::Stage::bulk_header) {
      const Outcome header = read_bulk_header(unread, limits, progress);
      if (header != Outcome::complete) return header;
    }
    const size_t available = unread.size() - progress.position;
    if (available < kLineEnd || available - kLineEnd < progress.bulk_bytes) {
      const bool is_large = progress.bulk_bytes > kLargeBulk && available < progress.bulk_bytes;
      return is_large ? Outcome::large_bulk : Outcome::need_more;
    }
    arguments.emplace_back(unread.data() + progress.position, progress.bulk_bytes);
    // Redis does not look at the two bytes behind a bulk, and neither does anybody else on the way.
    progress.position += progress.bulk_bytes + kLineEnd;
    progress.stage = Progress::Stage::bulk_header;
  }
  return Outcome::complete;
}

RequestParser::Outcome RequestParser::read_inline(std::string_view unread,
                                                  const RequestLimits& limits, Progress& progress,
                                                  std::vector<std::string_view>& arguments) {
  const size_t max_bytes = limits.line_bytes();
  const std::string_view window = unread.substr(0, max_bytes + 1);
  const size_t end = window.find('\n', progress.scanned);
  if (end == std::string_view::npos) {
    progress.scanned = window.size();
    if (unread.size() > max_bytes) return fail("too big inline request");
    return Outcome::need_more;
  }
  progress.position = end + 1;
  std::string_view line = unread.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);

  InlineSplitter splitter(line);
  for (;;) {
    switch (splitter.next()) {
      case InlineSplitter::Step::argument:
        if (splitter.is_quoted()) {
          arguments.push_back(quoted_.emplace_front(splitter.take_quoted()));
        } else {
          arguments.push_back(splitter.argument());
        }
        break;
      case InlineSplitter::Step::end:
        return Outcome::complete;
      case InlineSplitter::Step::unbalanced_quotes:
        return fail("unbalanced quotes in request");
    }
  }
}

// Keeps what was found in this call for the next one.
void RequestParser::remember(const Progress& progress, std::string_view unread, size_t first,
                             std::vector<std::string_view>& arguments) {
  Incomplete& state = incomplete();
  state.progress = progress;
  for (size_t i = first; i < arguments.size(); i++) {
    Incomplete::Part& part = state.parts.emplace_back();
    part.offset = static_cast<size_t>(arguments[i].data() - unread.data());
    part.size = arguments[i].size() & ~(uint64_t{1} << 63);
    part.is_large = 0;
  }
  arguments.resize(first);
}

// Puts what earlier calls found before what this one found.
void RequestParser::recall(std::string_view unread, size_t first,
                           std::vector<std::string_view>& arguments) {
  const std::vector<Incomplete::Part>& parts = incomplete_->parts;
  const auto place = arguments.begin() + static_cast<ptrdiff_t>(first);
  auto argument = arguments.insert(place, parts.size(), std::string_view());
  for (const Incomplete::Part& part : parts) {
    const char* const bytes = part.is_large ? part.large : unread.data() + part.offset;
    *argument++ = std::string_view(bytes, part.size);
  }
  incomplete_.reset();
}

size_t RequestParser::large_bulk_bytes() const {
  return incomplete_ == nullptr ? 0 : incomplete_->progress.bulk_bytes;
}

size_t RequestParser::large_bulk_offset() const {
  return incomplete_ == nullptr ? 0 : incomplete_->progress.position;
}

void RequestParser::set_large_bulk(std::string_view payload) {
  Incomplete& state = incomplete();
  if (state.progress.stage != Progress::Stage::bulk) return;
  Incomplete::Part& part = state.parts.emplace_back();
  part.large = payload.data();
  part.size = payload.size() & ~(uint64_t{1} << 63);
  part.is_large = 1;
  state.progress.arguments_left--;
  state.progress.stage = Progress::Stage::line_end;
}

std::string_view RequestParser::error_reason() const {
  return incomplete_ == nullptr ? std::string_view() : std::string_view(incomplete_->error);
}

size_t RequestParser::memory() const {
  if (incomplete_ == nullptr) return 0;
  return sizeof(Incomplete) + incomplete_->parts.capacity() * sizeof(Incomplete::Part);
}

void RequestParser::reset() {
  incomplete_.reset();
  quoted_.clear();
  consumed_ = 0;
}

}  // namespace larder
