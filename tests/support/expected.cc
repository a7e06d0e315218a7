#include "tests/support/expected.h"

#include <algorithm>

#include "tests/support/reply_text.h"

namespace larder {

using Type = Reply::Type;

Expected Expected::exactly(Type type, std::string text) {
  Expected expected(0);
  expected.reply_ = {.type = type, .text = std::move(text)};
  return expected;
}

Expected Expected::error_starting(std::string_view beginning) {
  Expected expected = exactly(Type::error, std::string(beginning));
  expected.kind_ = Kind::error_start;
  return expected;
}

Expected Expected::aggregate(Type type, std::vector<Expected> children) {
  Expected expected = exactly(type);
  expected.children_ = std::move(children);
  return expected;
}

bool Expected::matches(const Reply& reply) const {
  if (kind_ == Kind::text) {
    return (reply.type == Type::bulk || reply.type == Type::status ||
            reply.type == Type::verbatim) &&
           reply.text == reply_.text;
  }
  if (reply_.type == Type::error) {
    return reply.is_error() && (kind_ == Kind::error_start ? reply.text.starts_with(reply_.text)
                                                           : reply.text == reply_.text);
  }
  if (reply_.type == Type::nil) return reply.is_nil();
  if (reply_.type == Type::real) return reply.type == Type::real && reply.real == reply_.real;
  return reply.type == reply_.type && reply.text == reply_.text &&
         reply.integer == reply_.integer &&
         std::equal(reply.children.begin(), reply.children.end(), children_.begin(),
                    children_.end());
}

std::string Expected::to_text() const {
  Reply shown = reply_;
  if (shown.type == Type::real) shown.text = std::to_string(shown.real);
  if (kind_ == Kind::error_start) shown.text += "...";
  std::string text = larder::to_text(shown);
  if (children_.empty()) return text;
  text = "[";
  for (const Expected& child : children_) text += (text.size() > 1 ? ", " : "") + child.to_text();
  return text + ']';
}

std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  return out << to_text(reply);
}
std::ostream& operator<<(std::ostream& out, const Expected& expected) {
  return out << expected.to_text();
}

}  // namespace larder
