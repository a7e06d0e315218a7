#include "protocol/reply_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace larder {
namespace {

using Type = Reply::Type;

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  // The protocol allows a '+', from_chars does not.
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  return !text.empty() && failure == std::errc() && stop == end;
}

bool is_big_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void ReplyReader::feed(std::string_view bytes) {
  if (!error_.empty()) return;
  forget_read_bytes();
  buffer_.append(bytes);
  unread_bytes_ += bytes.size();
}

// Moves the rest to the front only when that rest is the smaller part, so that a long pipeline of
// replies costs linear time.
void ReplyReader::forget_read_bytes() {
  if (position_ == buffer_.size()) {
    buffer_.clear();
  } else if (position_ > buffer_.size() / 2) {
    buffer_.erase(0, position_);
  } else {
    return;
  }
  scanned_ = scanned_ > position_ ? scanned_ - position_ : 0;
  position_ = 0;
}

ReplyReader::State ReplyReader::next(Reply& reply) {
  if (!error_.empty()) return State::malformed;
  for (;;) {
    switch (step()) {
      case Step::again:
        break;
      case Step::wait:
        return State::incomplete;
      case Step::fail:
        return State::malformed;
      case Step::done:
        reply = std::exchange(ready_, Reply());
        unread_bytes_ -= reply_bytes_;
        values_ = reply_bytes_ = 0;
        return State::ready;
    }
  }
}

// Reads one line or the rest of one bulk.
ReplyReader::Step ReplyReader::step() {
  if (in_bulk_) return read_bulk();
  std::string_view line;
  if (const Step outcome = read_line(line); outcome != Step::done) return outcome;
  if (line.empty()) return fail("an empty line where a value should be");
  return take_line(line[0], line.substr(1));
}

ReplyReader::Step ReplyReader::read_line(std::string_view& line) {
  const size_t from = std::max(position_, scanned_);
  const size_t end = buffer_.find_first_of("\r\n", from);
  const size_t length = (end == std::string::npos ? buffer_.size() : end) - position_;
  if (length > limits_.line_bytes) return fail("a line is too long");
  // A CR at the very end may be the first half of a line end.
  if (end == std::string::npos || (buffer_[end] == '\r' && end + 1 == buffer_.size())) {
    scanned_ = end == std::string::npos ? buffer_.size() : end;
    return Step::wait;
  }
  if (buffer_[end] == '\n' || buffer_[end + 1] != '\n') return fail("a CR or LF stands alone");
  line = std::string_view(buffer_).substr(position_, length);
  position_ = end + 2;
  reply_bytes_ += length + 2;
  return reply_bytes_ > limits_.reply_bytes ? fail("the reply is too long") : Step::done;
}

ReplyReader::Step ReplyReader::read_bulk() {
  if (buffer_.size() - position_ < bulk_length_ + 2) return Step::wait;
  const std::string_view bytes = std::string_view(buffer_).substr(position_, bulk_length_);
  if (std::string_view(buffer_).substr(position_ + bulk_length_, 2) != "\r\n") {
    return fail("a bulk does not end where its length says");
  }
  position_ += bulk_length_ + 2;
  in_bulk_ = false;
  Reply value;
  if (bulk_mark_ == '=') {
    if (bytes.size() < 4 || bytes[3] != ':') return fail("a verbatim string without its format");
    value = {.type = Type::verbatim, .text = std::string(bytes.substr(4))};
    value.format = bytes.substr(0, 3);
  } else {
    value = {.type = bulk_mark_ == '$' ? Type::bulk : Type::bulk_error,
             .text = std::string(bytes)};
  }
  return finish(std::move(value));
}

ReplyReader::Step ReplyReader::take_line(char mark, std::string_view text) {
  if (++values_ > limits_.values) return fail("too many values");
  switch (mark) {
    case '+':
      return finish({.type = Type::status, .text = std::string(text)});
    case '-':
      return finish({.type = Type::error, .text = std::string(text)});
    case '_':
      return text.empty() ? finish({.type = Type::nil}) : fail("a null with something behind it");
    case '#':
      if (text != "t" && text != "f") return fail("neither true nor false");
      return finish({.type = Type::boolean, .integer = text == "t"});
    case ':':
    case ',':
    case '(':
      return take_number(mark, text);
    case '$':
    case '=':
    case '!':
      return start_bulk(mark, text);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return start_aggregate(mark, text);
    default:
      return fail("an unknown type");
  }
}

ReplyReader::Step ReplyReader::take_number(char mark, std::string_view text) {
  Reply value{.type = Type::integer};
  bool is_number = false;
  if (mark == ':') {
    is_number = parse_whole(text, value.integer);
  } else {
    value.type = mark == ',' ? Type::real : Type::big_number;
    value.text = text;
    is_number = mark == ',' ? parse_whole(text, value.real) : is_big_number(text);
  }
  return is_number ? finish(std::move(value)) : fail("not a number");
}

ReplyReader::Step ReplyReader::start_bulk(char mark, std::string_view text) {
  int64_t length = 0;
  if (!parse_whole(text, length)) return fail("a length that is no number");
  if (length == -1 && mark == '$') return finish({.type = Type::nil});
  if (length < 0) return fail("a negative length");
  if (static_cast<uint64_t>(length) > limits_.bulk_bytes) return fail("a bulk is too long");
  in_bulk_ = true;
  bulk_mark_ = mark;
  bulk_length_ = static_cast<size_t>(length);
  reply_bytes_ += bulk_length_ + 2;
  return reply_bytes_ > limits_.reply_bytes ? fail("the reply is too long") : Step::again;
}

ReplyReader::Step ReplyReader::start_aggregate(char mark, std::string_view text) {
  int64_t announced = 0;
  if (!parse_whole(text, announced)) return fail("a length that is no number");
  if (announced == -1 && mark == '*') return finish({.type = Type::nil_array});
  if (announced < 0) return fail("a negative length");
  const size_t room = limits_.values - values_;
  size_t count = static_cast<size_t>(announced);
  if (count > room) return fail("too many values");
  const bool is_attribute = mark == '|';
  if (mark == '%' || is_attribute) count *= 2;
  if (count > room) return fail("too many values");

  Reply value{.type = mark == '*'   ? Type::array
                      : mark == '~' ? Type::set
                      : mark == '>' ? Type::push
                                    : Type::map};
  if (count == 0) return is_attribute ? Step::again : finish(std::move(value));
  if (frames_.size() >= limits_.depth) return fail("aggregates are nested too deep");
  if (!is_attribute) value.attributes = std::exchange(attributes_here(), {});
  frames_.push_back({.value = std::move(value), .missing = count, .is_attribute = is_attribute});
  return Step::again;
}

std::vector<Reply>& ReplyReader::attributes_here() {
  return frames_.empty() ? attributes_ : frames_.back().next_attributes;
}

// Puts a whole value where it belongs, which may complete the aggregates around it.
ReplyReader::Step ReplyReader::finish(Reply value) {
  if (auto& attributes = attributes_here(); !attributes.empty()) {
    value.attributes = std::exchange(attributes, {});
  }
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    frame.value.children.push_back(std::move(value));
    if (--frame.missing > 0) return Step::again;
    value = std::move(frame.value);
    const bool is_attribute = frame.is_attribute;
    frames_.pop_back();
    if (is_attribute) {
      auto& attributes = attributes_here();
      for (Reply& part : value.children) attributes.push_back(std::move(part));
      return Step::again;
    }
  }
  ready_ = std::move(value);
  return Step::done;
}

ReplyReader::Step ReplyReader::fail(std::string_view reason) {
  error_ = reason;
  // Nothing will be read any more, so nothing is worth keeping.
  buffer_ = std::string();
  frames_ = {};
  attributes_ = {};
  return Step::fail;
}

}  // namespace larder
