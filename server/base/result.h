// Failures as values. A function that can fail returns a Status (nothing but success or an error) or
// a Result<T> (a value or an error); TRY hands an error on to the caller.
//
// The success path costs one pointer that is null; an error allocates its text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/assert.h"

namespace larder {

// An error as a client sees it, without the leading '-': a code in capitals, a space, a sentence.
// The functions that make them are in server/base/errors.h, and only there.
class Error {
 public:
  explicit Error(std::string text) : text_(std::make_unique<std::string>(std::move(text))) {}

  const std::string& text() const { return *text_; }
  // The first word: ERR, WRONGTYPE ...; INFO errorstats counts by it.
  std::string_view code() const { return std::string_view(*text_).substr(0, text_->find(' ')); }

 private:
  friend class Status;
  std::unique_ptr<std::string> text_;
};

struct Ok {};
// What a function that succeeded returns: `return ok;`
inline constexpr Ok ok{};

class [[nodiscard]] Status {
 public:
  Status(Ok) {}                                                  // NOLINT: implicit on purpose
  Status(Error error) : text_(std::move(error.text_)) {}         // NOLINT: implicit on purpose

  bool is_ok() const { return text_ == nullptr; }
  // Only when !is_ok(). Moves the error out.
  Error error() && {
    LARDER_ASSERT(text_ != nullptr);
    Error error{std::string()};
    error.text_ = std::move(text_);
    return error;
  }
  const std::string& text() const {
    LARDER_ASSERT(text_ != nullptr);
    return *text_;
  }

 private:
  std::unique_ptr<std::string> text_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                  // NOLINT: implicit on purpose
  Result(Error error) : status_(std::move(error)) {}             // NOLINT: implicit on purpose

  bool is_ok() const { return value_.has_value(); }
  T& value() & {
    LARDER_ASSERT(value_.has_value());
    return *value_;
  }
  const T& value() const& {
    LARDER_ASSERT(value_.has_value());
    return *value_;
  }
  T value() && {
    LARDER_ASSERT(value_.has_value());
    return std::move(*value_);
  }
  Error error() && { return std::move(status_).error(); }
  const std::string& text() const { return status_.text(); }

 private:
  std::optional<T> value_;
  Status status_ = ok;
};

}  // namespace larder

// TRY(expression)               returns the error of a Status or Result to the caller.
// TRY(declaration, expression)  the same, and else binds the value: TRY(auto n, parse_integer(text));
#define TRY(...) LARDER_TRY_PICK(__VA_ARGS__, LARDER_TRY_VALUE, LARDER_TRY_STATUS)(__VA_ARGS__)
#define LARDER_TRY_PICK(first, second, name, ...) name
#define LARDER_TRY_STATUS(...)                                              \
  do {                                                                      \
    if (auto try_status = (__VA_ARGS__); !try_status.is_ok()) [[unlikely]]  \
      return std::move(try_status).error();                                 \
  } while (false)
#define LARDER_TRY_JOIN2(left, right) left##right
#define LARDER_TRY_JOIN(left, right) LARDER_TRY_JOIN2(left, right)
#define LARDER_TRY_VALUE(declaration, expression)                            \
  auto LARDER_TRY_JOIN(try_result_, __LINE__) = (expression);                \
  if (!LARDER_TRY_JOIN(try_result_, __LINE__).is_ok()) [[unlikely]]          \
    return std::move(LARDER_TRY_JOIN(try_result_, __LINE__)).error();        \
  declaration = std::move(LARDER_TRY_JOIN(try_result_, __LINE__)).value()
