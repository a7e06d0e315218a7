#include "protocol/reply_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace larder {
namespace {

constexpr size_t kMaxNumber = 20;                // digits of 2^64, or a sign and those of 2^63
constexpr size_t kMaxLine = 1 + kMaxNumber + 2;  // type byte, number, CR LF
// Bulk strings up to here are written in one piece.
constexpr size_t kMaxOnePiece = OutputChain::kMaxReserve - kMaxLine - 2;

inline char* write_line_end(char* out) {
  std::memcpy(out, "\r\n", 2);
  return out + 2;
}

inline char* write_bytes(char* out, std::string_view bytes) {
  // An empty view may point nowhere, which memcpy must not be given.
  if (!bytes.empty()) [[likely]]
    std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

// Almost all lengths and counts have one or two digits.
template <class Integer>
inline char* write_number(char* out, Integer value) {
  if (value >= 0 && value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value >= 10 && value < 100) {
    out[0] = static_cast<char>('0' + value / 10);
    out[1] = static_cast<char>('0' + value % 10);
    return out + 2;
  }
  return std::to_chars(out, out + kMaxNumber, value).ptr;
}

template <class Integer>
inline char* write_number_line(char* out, char type, Integer value) {
  *out = type;
  return write_line_end(write_number(out + 1, value));
}

inline size_t distance(const char* begin, const char* end) {
  return static_cast<size_t>(end - begin);
}

// digits x 10^exponent without an exponent: 1200, 1.2, 0.0012.
char* write_plain(char* out, std::string_view digits, int exponent) {
  const auto count = static_cast<int>(digits.size());
  if (exponent >= 0) {
    out = write_bytes(out, digits);
    return std::fill_n(out, exponent, '0');
  }
  const int before_point = count + exponent;
  if (before_point > 0) {
    out = write_bytes(out, digits.substr(0, static_cast<size_t>(before_point)));
    *out++ = '.';
    return write_bytes(out, digits.substr(static_cast<size_t>(before_point)));
  }
  out = write_bytes(out, "0.");
  return write_bytes(std::fill_n(out, -before_point, '0'), digits);
}

// 1.2e+30, 5e-324
char* write_scientific(char* out, std::string_view digits, int power) {
  *out++ = digits[0];
  if (digits.size() > 1) {
    *out++ = '.';
    out = write_bytes(out, digits.substr(1));
  }
  *out++ = 'e';
  *out++ = power < 0 ? '-' : '+';
  return write_number(out, std::abs(power));
}

// Whether Redis writes `digits` x 10^exponent without an exponent.
bool is_plain(int count, int exponent) {
  const int power = std::abs(exponent + count - 1);
  return exponent >= 0 ? power < count + 7 : exponent > -7 || power < 4;
}

}  // namespace

size_t format_reply_double(double value, char* out) {
  char* end = out;
  if (std::isnan(value)) return distance(out, write_bytes(out, "nan"));
  if (std::signbit(value)) *end++ = '-';
  value = std::fabs(value);
  if (std::isinf(value)) return distance(out, write_bytes(end, "inf"));
  // Up to here doubles that are whole numbers are written as such, digit for digit.
  if (value <= static_cast<double>(INT64_MAX / 2) && std::trunc(value) == value) {
    return distance(out, write_number(end, static_cast<int64_t>(value)));
  }

  // "d.ddde+xx" with as few digits as tell the number from its neighbours.
  std::array<char, kMaxDoubleText> text;
  const char* const last =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const char* const mark = std::find(text.data(), const_cast<char*>(last), 'e');
  std::array<char, kMaxDoubleText> digits;
  const char* const digits_end =
      std::remove_copy(static_cast<const char*>(text.data()), mark, digits.data(), '.');
  const std::string_view all(digits.data(), distance(digits.data(), digits_end));
  int power = 0;
  std::from_chars(mark + (mark[1] == '+' ? 2 : 1), last, power);

  const auto count = static_cast<int>(all.size());
  const int exponent = power - (count - 1);
  end = is_plain(count, exponent) ? write_plain(end, all, exponent)
                                  : write_scientific(end, all, power);
  return distance(out, end);
}

void ReplyWriter::constant(std::string_view reply) {
  count_element();
  char* const out = chain_->reserve(reply.size());
  std::memcpy(out, reply.data(), reply.size());
  chain_->commit(reply.size());
}

void ReplyWriter::line(char type, std::string_view text) {
  count_element();
  const auto no_line_end = [](char c) { return c == '\r' || c == '\n' ? ' ' : c; };
  constexpr size_t kMaxPart = OutputChain::kMaxReserve;
  chain_->append(std::string_view(&type, 1));
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kMaxPart))) {
    const std::string_view part = text.substr(0, kMaxPart);
    std::transform(part.begin(), part.end(), chain_->reserve(part.size()), no_line_end);
    chain_->commit(part.size());
  }
  chain_->append("\r\n");
}

void ReplyWriter::integer(int64_t value) {
  count_element();
  char* const out = chain_->reserve(kMaxLine);
  chain_->commit(distance(out, write_number_line(out, resp::kInteger, value)));
}

void ReplyWriter::bulk_integer(int64_t value) {
  std::array<char, kMaxNumber> text;
  bulk({text.data(), distance(text.data(), write_number(text.data(), value))});
}

void ReplyWriter::boolean(bool value) {
  if (is_resp3()) return constant(value ? "#t\r\n" : "#f\r\n");
  constant(value ? ":1\r\n" : ":0\r\n");
}

void ReplyWriter::number(double value) {
  std::array<char, kMaxDoubleText> text;
  number_text({text.data(), format_reply_double(value, text.data())});
}

void ReplyWriter::number_text(std::string_view text) {
  is_resp3() ? line(resp::kDouble, text) : bulk(text);
}

void ReplyWriter::big_number(std::string_view digits) {
  is_resp3() ? line(resp::kBigNumber, digits) : bulk(digits);
}

void ReplyWriter::bulk_header(size_t bytes) {
  char* const out = chain_->reserve(kMaxLine);
  chain_->commit(distance(out, write_number_line(out, resp::kBulk, bytes)));
}

void ReplyWriter::bulk(std::string_view bytes) {
  count_element();
  if (bytes.size() <= kMaxOnePiece) [[likely]] {
    char* const out = chain_->reserve(bytes.size() + kMaxLine + 2);
    char* const content = write_number_line(out, resp::kBulk, bytes.size());
    chain_->commit(distance(out, write_line_end(write_bytes(content, bytes))));
    return;
  }
  bulk_header(bytes.size());
  chain_->append(bytes);
  chain_->append("\r\n");
}

void ReplyWriter::bulk_external(std::string_view bytes, void* owner, void (*release)(void*)) {
  count_element();
  bulk_header(bytes.size());
  chain_->append_external(bytes, owner, release);
  chain_->append("\r\n");
}

void ReplyWriter::verbatim(std::string_view format, std::string_view text) {
  if (!is_resp3()) return bulk(text);
  count_element();
  constexpr size_t kFormat = 3;
  char* const out = chain_->reserve(kMaxLine + kFormat + 1);
  char* end = write_number_line(out, resp::kVerbatim, text.size() + kFormat + 1);
  std::memcpy(end, "   :", kFormat + 1);
  write_bytes(end, format.substr(0, kFormat));
  end += kFormat + 1;
  chain_->commit(distance(out, end));
  chain_->append(text);
  chain_->append("\r\n");
}

void ReplyWriter::aggregate(char type, size_t count, size_t elements) {
  count_element();
  open_aggregate(elements);
  char* const out = chain_->reserve(kMaxLine);
  const size_t announced = type == resp::kArray ? elements : count;
  chain_->commit(distance(out, write_number_line(out, type, announced)));
}

bool ReplyWriter::attribute(size_t count) {
  if (!is_resp3()) return false;
  // Comes before its reply and is none itself: not counted as an element.
  open_aggregate(2 * count);
  char* const out = chain_->reserve(kMaxLine);
  chain_->commit(distance(out, write_number_line(out, resp::kAttribute, count)));
  return true;
}

ReplyWriter::Deferred ReplyWriter::defer(char type) {
  count_element();
#ifndef NDEBUG
  open_.push_back(-1);
#endif
  return Deferred(this, chain_->reserve_header(), type);
}

void ReplyWriter::finish(const Deferred& deferred, size_t count) {
  const size_t elements = deferred.type_ == resp::kMap ? 2 * count : count;
  close_deferred(elements);
  std::array<char, kMaxLine> header;
  const char* const end = is_resp3() ? write_number_line(header.data(), deferred.type_, count)
                                     : write_number_line(header.data(), resp::kArray, elements);
  chain_->fill_header(deferred.header_, {header.data(), distance(header.data(), end)});
}

ReplyWriter::Mark ReplyWriter::mark() const {
  Mark mark;
  mark.chain = chain_->mark();
#ifndef NDEBUG
  mark.open = open_;
  mark.replies = replies_;
#endif
  return mark;
}

void ReplyWriter::rewind(const Mark& mark) {
  chain_->rewind(mark.chain);
#ifndef NDEBUG
  open_ = mark.open;
  replies_ = mark.replies;
#endif
}

#ifndef NDEBUG

// An element may be the last one of several aggregates around it. Full ones are closed when the
// next element comes, so that a deferred one is at the back when it is finished.
void ReplyWriter::count_element() {
  while (!open_.empty() && open_.back() == 0) open_.pop_back();
  if (open_.empty()) {
    replies_++;
  } else {
    open_.back()--;
  }
}

void ReplyWriter::open_aggregate(size_t elements) {
  open_.push_back(static_cast<int64_t>(elements));
}

void ReplyWriter::close_deferred(size_t elements) {
  while (!open_.empty() && open_.back() == 0) open_.pop_back();
  assert(!open_.empty() && "finish() of an aggregate that is not open");
  assert(open_.back() < 0 && "finish() before an inner aggregate had all its elements");
  assert(-1 - open_.back() == static_cast<int64_t>(elements) && "an aggregate has another count");
  open_.pop_back();
}

bool ReplyWriter::is_complete() const {
  return std::all_of(open_.begin(), open_.end(), [](int64_t left) { return left == 0; });
}

void ReplyWriter::assert_replies(size_t count) {
  assert(is_complete() && "an aggregate lacks elements");
  assert(replies_ == count && "another number of replies; too many elements in an aggregate?");
  open_.clear();
  replies_ = 0;
}

#else

bool ReplyWriter::is_complete() const {
  return true;
}

void ReplyWriter::assert_replies(size_t) {}

#endif

}  // namespace larder
