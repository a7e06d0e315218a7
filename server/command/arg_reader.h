// Reads a command's arguments one after the other and keeps the first error, so that a command reads as
// a list of what it expects:
//
//   ArgReader args(ctx, 2);
//   const int64_t start = args.integer();
//   const int64_t end = args.integer();
//   TRY(args.finish());
//
// Options come in a loop:
//
//   while (args.has_more()) {
//     if (args.option("MATCH")) pattern = args.text();
//     else if (args.option("COUNT")) count = args.integer_from(1);
//     else args.fail(errors::syntax());
//   }
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/result.h"
#include "server/base/text.h"
#include "server/command/context.h"

namespace larder {

class ArgReader {
 public:
  explicit ArgReader(const Context& context, size_t first = 1) : context_(context), at_(first) {}

  // Arguments are left and nothing has failed.
  bool has_more() const { return error_.is_ok() && at_ < context_.argc(); }
  size_t left() const { return context_.argc() - at_; }
  // The index of the next argument.
  size_t position() const { return at_; }
  bool has_failed() const { return !error_.is_ok(); }

  // Takes the next argument if it is this token, in any case.
  bool option(std::string_view token) {
    if (!has_more() || !equals_ignoring_case(context_.arg(at_), token)) return false;
    at_++;
    return true;
  }
  // Whether the next argument is this token, without taking it.
  bool sees(std::string_view token) const {
    return has_more() && equals_ignoring_case(context_.arg(at_), token);
  }

  // A missing argument is a syntax error, as it can only be missing behind an option.
  std::string_view text() {
    if (!error_.is_ok()) return {};
    if (at_ >= context_.argc()) {
      fail(errors::syntax());
      return {};
    }
    return context_.arg(at_++);
  }
  // An integer in [minimum, maximum]; else "value is not an integer or out of range".
  int64_t integer(int64_t minimum = std::numeric_limits<int64_t>::min(),
                  int64_t maximum = std::numeric_limits<int64_t>::max()) {
    const auto number = parse_int64(text());
    if (number && *number >= minimum && *number <= maximum) return *number;
    fail(errors::not_an_integer());
    return 0;
  }
  double floating() {
    if (const auto number = parse_double(text())) return *number;
    fail(errors::not_a_float());
    return 0;
  }
  Key key() {
    if (has_more()) return context_.key(at_++);
    fail(errors::syntax());
    return {};
  }

  // Keeps the first error; what is read afterwards is empty.
  void fail(Error error) {
    if (error_.is_ok()) error_ = std::move(error);
  }
  // The first error, or a syntax error if arguments are left over.
  Status finish() {
    if (error_.is_ok() && at_ < context_.argc()) fail(errors::syntax());
    return status();
  }
  // The first error.
  Status status() { return std::move(error_); }

 private:
  const Context& context_;
  size_t at_;
  Status error_ = ok;
};

}  // namespace larder
