// Rules of users: lines are words as ACL SETUSER takes them. Whatever a user has become, the rules
// that ACL LIST shows and ACL SAVE writes make the same user again, read as a line of the file; and
// what only refused rules were given to has not changed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/user.h"
#include "server/acl/user_file.h"
#include "server/base/assert.h"
#include "server/base/text.h"
#include "server/commands/families.h"

namespace larder {
namespace {

const CommandTable& commands() {
  static const CommandTable& table = [] {
    auto* made = new CommandTable;
    for (const CommandFamily& family : core_commands()) made->add(family);
    return std::ref(*made);
  }();
  return table;
}

User make_user(std::string_view name) {
  return User(name, commands(), false);
}

// What it may do, of a few things that tell much.
std::vector<Denied> verdicts(const User& user) {
  using Request = std::vector<std::string_view>;
  static const std::vector<Request> kRequests = {
      {"GET", "a"},      {"SET", "user:1", "v"},      {"MGET", "a", "b"}, {"SELECT", "1"},
      {"CONFIG", "GET"}, {"SORT", "a", "STORE", "b"}, {"COPY", "a", "c"}, {"DEBUG", "JMAP"},
      {"ACL", "WHOAMI"}, {"EVAL_RO", "x", "1", "a"},  {"OBJECT", "HELP"}, {"GET", ""},
  };
  std::vector<Denied> denied;
  for (const Request& request : kRequests) {
    const Command* command = commands().resolve(request);
    if (command == nullptr) continue;
    std::vector<KeyPosition> positions;
    JudgedRequest judged(*command, request, positions);
    denied.push_back(user.judge(judged).denied);
  }
  for (const std::string_view channel : {"", "news", "news.*", "*"}) {
    denied.push_back(user.may_listen(channel, false) ? Denied::nothing : Denied::channel);
    denied.push_back(user.may_listen(channel, true) ? Denied::nothing : Denied::channel);
  }
  return denied;
}

void check_same(const User& one, const User& other) {
  LARDER_ASSERT(one.rules() == other.rules());
  LARDER_ASSERT(one.is_enabled() == other.is_enabled());
  LARDER_ASSERT(one.needs_no_password() == other.needs_no_password());
  LARDER_ASSERT(one.password_hashes() == other.password_hashes());
  LARDER_ASSERT(one.is_unrestricted == other.is_unrestricted);
  LARDER_ASSERT(verdicts(one) == verdicts(other));
}

void check_file(const User& user) {
  const std::string line = "user " + user.name + " " + user.rules() + "\n";
  const auto users = parse_user_file(line, "users.acl", make_user);
  LARDER_ASSERT(users.is_ok());
  LARDER_ASSERT(users.value().size() == 1);
  check_same(user, users.value()[0]);
}

void check_rules(std::string_view text) {
  User user = make_user("ann");
  std::vector<std::string_view> words = split(text, '\n');
  const auto rules = merge_selectors(words);
  if (!rules.is_ok()) return;
  for (const std::string& rule : rules.value()) {
    const User before = user;
    if (!user.apply(rule).is_ok()) check_same(before, user);
  }
  check_file(user);
  User taken = make_user("bob");
  taken.take(user);
  check_same(user, taken);
}

void check_lines(std::string_view text) {
  const auto users = parse_user_file(text, "users.acl", make_user);
  if (!users.is_ok()) return;
  for (const User& user : users.value()) check_file(user);
}

}  // namespace
}  // namespace larder

// Input: a byte that says whether rules or a whole file follow.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  data[0] % 2 == 0 ? larder::check_lines(text) : larder::check_rules(text);
  return 0;
}
