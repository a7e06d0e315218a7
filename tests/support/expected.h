// What a test expects of a reply, in words:
//
//   CHECK(client("INCR", "n") == 1);
//   CHECK(client("GET", "k") == "text");          // a bulk string
//   CHECK(client("SET", "k", "v") == status("OK"));
//   CHECK(client("GET", "none") == nil);
//   CHECK(client("LRANGE", "q", 0, -1) == array("a", array(1, nil)));
//   CHECK(client("INCR", "q") == is_error("WRONGTYPE Operation against a key ..."));
#pragma once

#include <concepts>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_reader.h"

namespace larder {

// Compares as the reply's type wants it. Two things are forgiven, because tests rarely mean them:
// either nil is nil, and a plain text also equals a status or a verbatim string.
class Expected {
 public:
  Expected(const char* text) : Expected(std::string(text)) {}       // NOLINT: implicit on purpose
  Expected(std::string_view text) : Expected(std::string(text)) {}  // NOLINT: implicit on purpose
  Expected(std::string text)                                        // NOLINT: implicit on purpose
      : kind_(Kind::text), reply_{.type = Reply::Type::bulk, .text = std::move(text)} {}
  template <std::integral Number>
  Expected(Number number)  // NOLINT: implicit on purpose
      : reply_{.type = std::same_as<Number, bool> ? Reply::Type::boolean : Reply::Type::integer,
               .integer = static_cast<int64_t>(number)} {}
  Expected(double number) : reply_{.type = Reply::Type::real, .real = number} {}  // NOLINT

  static Expected exactly(Reply::Type type, std::string text = "");
  static Expected error_starting(std::string_view beginning);
  static Expected aggregate(Reply::Type type, std::vector<Expected> children);

  bool matches(const Reply& reply) const;
  std::string to_text() const;

 private:
  enum class Kind { same, text, error_start };
  Kind kind_ = Kind::same;
  Reply reply_;
  std::vector<Expected> children_;
};

// No friend of the class, so that the right side may be anything that an Expected is made from.
inline bool operator==(const Reply& reply, const Expected& expected) {
  return expected.matches(reply);
}

inline const Expected nil = Expected::exactly(Reply::Type::nil);

inline Expected status(std::string text) {
  return Expected::exactly(Reply::Type::status, std::move(text));
}
inline Expected bulk(std::string text) {
  return Expected::exactly(Reply::Type::bulk, std::move(text));
}
// The whole text of the error, or with error_starting only its beginning.
inline Expected is_error(std::string text) {
  return Expected::exactly(Reply::Type::error, std::move(text));
}
inline Expected error_starting(std::string_view beginning) {
  return Expected::error_starting(beginning);
}
template <class... Values>
Expected array(Values... values) {
  return Expected::aggregate(Reply::Type::array, {Expected(std::move(values))...});
}
// map(key, value, key, value ...)
template <class... Values>
Expected map(Values... values) {
  return Expected::aggregate(Reply::Type::map, {Expected(std::move(values))...});
}
template <class... Values>
Expected set(Values... values) {
  return Expected::aggregate(Reply::Type::set, {Expected(std::move(values))...});
}
template <class... Values>
Expected push(Values... values) {
  return Expected::aggregate(Reply::Type::push, {Expected(std::move(values))...});
}

// How a failed CHECK shows both sides.
std::ostream& operator<<(std::ostream& out, const Reply& reply);
std::ostream& operator<<(std::ostream& out, const Expected& expected);

}  // namespace larder
