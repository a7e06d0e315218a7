#include "server/base/result.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "server/base/errors.h"

namespace larder {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return errors::error("odd");
  return number / 2;
}

Status check(bool fine) {
  if (!fine) return errors::wrong_type();
  return ok;
}

Result<int> quarter(int number) {
  TRY(const int once, half(number));
  TRY(const int twice, half(once));
  return twice;
}

Status both(bool first, bool second) {
  TRY(check(first));
  TRY(check(second));
  return ok;
}

Result<std::unique_ptr<int>> boxed(int number) {
  TRY(auto value, half(number));
  return std::make_unique<int>(value);
}

TEST_CASE("a result is a value or an error") {
  CHECK(half(4).is_ok());
  CHECK(half(4).value() == 2);
  CHECK_FALSE(half(3).is_ok());
  CHECK(half(3).text() == "ERR odd");
}

TEST_CASE("TRY binds the value and hands errors on") {
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(6).text() == "ERR odd");
  CHECK(quarter(3).text() == "ERR odd");
  CHECK(both(true, true).is_ok());
  CHECK_FALSE(both(false, true).is_ok());
  CHECK_FALSE(both(true, false).is_ok());
}

TEST_CASE("values that can only be moved pass through") {
  auto result = boxed(10);
  REQUIRE(result.is_ok());
  const std::unique_ptr<int> value = std::move(result).value();
  CHECK(*value == 5);
  CHECK_FALSE(boxed(9).is_ok());
}

TEST_CASE("an error's code is its first word") {
  CHECK(errors::wrong_type().code() == "WRONGTYPE");
  CHECK(errors::syntax().code() == "ERR");
  const std::string word = GENERATE(as<std::string>(), "LONELY", "");
  CHECK(Error(word).code() == word);
  Status status = check(false);
  CHECK(status.text().starts_with("WRONGTYPE "));
  CHECK(std::move(status).error().code() == "WRONGTYPE");
}

TEST_CASE("an error that carries a client's data stays on one line") {
  CHECK(errors::error("a\r\n+OK").text() == "ERR a  +OK");
  CHECK(errors::unknown_command("x\ny", "'z\r'").text().find_first_of("\r\n") == std::string::npos);
}

}  // namespace
}  // namespace larder
