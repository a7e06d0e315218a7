#include "server/acl/user.h"

#include <catch2/catch.hpp>

#include "server/acl/user_file.h"
#include "server/commands/families.h"

namespace larder {
namespace {

struct Fixture {
  Fixture() {
    for (const CommandFamily& family : core_commands()) table.add(family);
  }
  User make(std::initializer_list<std::string_view> rules) {
    User user("ann", table, false);
    for (const std::string_view rule : rules) REQUIRE(user.apply(rule).is_ok());
    return user;
  }
  Denied judge(const User& user, std::vector<std::string_view> request) {
    std::vector<KeyPosition> positions;
    JudgedRequest judged(*table.resolve(request), request, positions);
    return user.judge(judged).denied;
  }

  CommandTable table;
};

TEST_CASE_METHOD(Fixture, "a new user can do nothing, and nobody can log in as it") {
  const User user = make({});
  CHECK_FALSE(user.is_enabled());
  CHECK_FALSE(user.needs_no_password());
  CHECK_FALSE(user.is_unrestricted);
  CHECK_FALSE(user.has_password(sha256("")));
  CHECK(user.rules() == "off sanitize-payload resetchannels -@all");
}

TEST_CASE_METHOD(Fixture, "passwords come and go, also by their hash") {
  User user = make({"on", ">one", ">two", ">one"});
  CHECK(user.password_hashes().size() == 2);
  CHECK(user.has_password(sha256("one")));
  CHECK(user.apply("<one").is_ok());
  CHECK_FALSE(user.has_password(sha256("one")));
  CHECK(user.apply("!" + user.password_hashes()[0]).is_ok());
  CHECK_FALSE(user.has_password(sha256("two")));
  CHECK_FALSE(user.apply("<two").is_ok());
  CHECK_FALSE(user.apply("#ABCD").is_ok());
  CHECK_FALSE(user.apply("#" + std::string(64, 'A')).is_ok());
  CHECK_FALSE(user.apply("#" + std::string(63, 'a')).is_ok());
  CHECK(user.apply("#" + std::string(64, 'a')).is_ok());
  CHECK(user.apply("nopass").is_ok());
  CHECK(user.password_hashes().empty());
  CHECK(user.needs_no_password());
  CHECK(user.apply(">three").is_ok());
  CHECK_FALSE(user.needs_no_password());
}

TEST_CASE_METHOD(Fixture, "one selector has to allow all of a request") {
  User user = make({"+get", "~a", "(+set ~b)"});
  CHECK(judge(user, {"GET", "a"}) == Denied::nothing);
  CHECK(judge(user, {"SET", "b", "v"}) == Denied::nothing);
  CHECK(judge(user, {"SET", "a", "v"}) == Denied::key);
  CHECK(judge(user, {"GET", "b"}) == Denied::key);
  CHECK(judge(user, {"DEL", "a"}) == Denied::command);
  CHECK(user.apply("clearselectors").is_ok());
  CHECK(judge(user, {"SET", "b", "v"}) == Denied::command);
  CHECK_FALSE(user.apply("(on)").is_ok());
  CHECK_FALSE(user.apply("(+get \"x)").is_ok());
  CHECK(user.selectors().size() == 1);
}

TEST_CASE_METHOD(Fixture, "a selector that allows everything makes the user unrestricted") {
  User user = make({"(+@all ~* &*)"});
  CHECK(user.is_unrestricted);
  CHECK(user.apply("reset").is_ok());
  CHECK_FALSE(user.is_unrestricted);
}

// As a line of the file of users.
void check_text(const User& user, const CommandTable& table) {
  const std::string line = "user ann " + user.rules();
  const auto users = parse_user_file(
      line, "users.acl", [&](std::string_view name) { return User(name, table, false); });
  INFO(line);
  REQUIRE(users.is_ok());
  REQUIRE(users.value().size() == 1);
  CHECK(users.value()[0].rules() == user.rules());
}

TEST_CASE_METHOD(Fixture, "the text of a user makes the same user") {
  check_text(make({"on", ">one", "#" + std::string(64, 'b'), "+@read", "-keys", "~a:*", "&c", "(+set ~d)",
                   "(%W~e +@write allchannels)"}),
             table);
}

TEST_CASE_METHOD(Fixture, "the text of a user makes the same user when patterns have quotes or parentheses") {
  check_text(make({"~a\"b", "&it's", "~(a", "~a)"}), table);
  check_text(make({"(~a) &b) +select|1) +get)"}), table);
  check_text(make({"(\"~a\\\"b\" &\\ +get)", "(+get ~a\\* \"%R~it's\")", "(~\xff +set)"}), table);
  const User user = make({"(+get ~a) ~b)"});
  CHECK(judge(user, {"GET", "a)"}) == Denied::nothing);
  CHECK(user.rules() == "off sanitize-payload resetchannels -@all (\"~a)\" ~b resetchannels -@all +get)");
}

TEST_CASE_METHOD(Fixture, "the text of a user makes the same user when all keys are one pattern of several") {
  check_text(make({"%RW~*", "~a"}), table);
  check_text(make({"%R~*", "%W~*", "%R~a", "(%RW~* ~b +get)"}), table);
  check_text(make({"~*"}), table);
}

TEST_CASE_METHOD(Fixture, "no rule brings a space into the text, or a line") {
  User user = make({});
  for (const std::string_view rule : {"+select|1 2", "+select|1\nuser", "~a b", "&a\tb", "(\"+select|1 2\")", "(\"~a b\")"}) {
    CHECK_FALSE(user.apply(rule).is_ok());
  }
  CHECK(user.rules() == make({}).rules());
}

TEST_CASE("selectors may be written over several words") {
  const std::vector<std::string_view> words{"on", "(+get", "~a)", "(+set)", "(", "~b", ")"};
  const auto merged = merge_selectors(words);
  REQUIRE(merged.is_ok());
  CHECK(merged.value() == std::vector<std::string>{"on", "(+get ~a)", "(+set)", "( ~b )"});
  const std::vector<std::string_view> open{"on", "(+get", "~a"};
  CHECK_FALSE(merge_selectors(open).is_ok());
}

TEST_CASE("what patterns match") {
  CHECK(NamePattern("a").matches("a"));
  CHECK_FALSE(NamePattern("a").matches("ab"));
  CHECK(NamePattern("a*").matches("ab"));
  CHECK(NamePattern("a*").matches("a"));
  CHECK_FALSE(NamePattern("a*").matches("ba"));
  CHECK(NamePattern("*").matches(""));
  CHECK(NamePattern("").matches(""));
  CHECK_FALSE(NamePattern("").matches("a"));
  CHECK(NamePattern("a?c*").matches("abcd"));
  CHECK(NamePattern("a\\*").matches("a*"));
  CHECK_FALSE(NamePattern("a\\*").matches("ab"));
}

}  // namespace
}  // namespace larder
