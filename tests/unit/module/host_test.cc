#include "server/module/host.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/test_services.h"

namespace larder {
namespace {

Status report(Context& ctx) {
  ctx.reply.map(2);
  ctx.reply.bulk("arguments");
  ctx.reply.integer(static_cast<int64_t>(ctx.argc()));
  ctx.reply.bulk("text");
  ctx.reply.bulk(std::string(100'000, 'x'));
  return ok;
}
Status fails(Context&) {
  return errors::no_such_key();
}
Status empties(Context& ctx) {
  ctx.reply.ok();
  return ok;
}
Status changes(Context& ctx) {
  ctx.reply.ok();
  return ok;
}

constexpr std::string_view kReports[] = {"report", "fails", "changes", "listens", "box|report"};

constexpr CommandSpec kCommands[] = {
    {"report", report, -1, kRead, no_keys(), "1.0.0", "O(1)", "[x ...]", "Reports."},
    {"fails", fails, 1, kRead, no_keys(), "1.0.0", "O(1)", "", "Fails."},
    {"changes", changes, 1, kWrite, no_keys(), "1.0.0", "O(1)", "", "Changes."},
    {"listens", changes, 1, kPubsub, no_keys(), "1.0.0", "O(1)", "", "Listens."},
    {"other", report, 1, kRead, no_keys(), "1.0.0", "O(1)", "", "Reports."},
    {"box", nullptr, -2, 0, no_keys(), "1.0.0", "O(1)", "", "Holds."},
    {"box|report", report, 2, kAdmin, no_keys(), "1.0.0", "O(1)", "", "Reports."},
    {"box|empty", empties, 2, kAdmin, no_keys(), "1.0.0", "O(1)", "", "Empties."},
};

struct Scene : TestServices {
  Scene() { commands.add({.group = "test", .commands = kCommands}); }

  Result<Reply> ask(std::vector<std::string_view> request) { return host.ask(request, kReports); }

  Host host{services};
};

TEST_CASE("host: a module asks commands that report, and nobody counts it") {
  Scene scene;
  const auto reply = scene.ask({"REPORT", "a", "b"});
  REQUIRE(reply.is_ok());
  CHECK(reply.value().type == Reply::Type::map);
  REQUIRE(reply.value().children.size() == 4);
  CHECK(reply.value().children[1].integer == 3);
  CHECK(reply.value().children[3].text == std::string(100'000, 'x'));
  CHECK(scene.ask({"box", "report"}).is_ok());
  CHECK(scene.commands.find("report")->stats.calls == 0);
  CHECK(scene.clients.size() == 0);
}

TEST_CASE("host: a module that asks for what is not there is told so") {
  Scene scene;
  CHECK(scene.ask({"FAILS"}).text() == errors::no_such_key().text());
  CHECK(!scene.ask({"NONE"}).is_ok());
  CHECK(!scene.ask({"BOX"}).is_ok());
  CHECK(!scene.ask({"BOX", "none"}).is_ok());
  CHECK(!scene.ask({"FAILS", "too", "many"}).is_ok());
}

TEST_CASE("host: a module that asks for more than a report is refused") {
  Scene scene;
  // Whatever the caller says about them.
  CHECK(!scene.ask({"CHANGES"}).is_ok());
  CHECK(!scene.ask({"LISTENS"}).is_ok());
  // Of these it has said nothing.
  CHECK(!scene.ask({"OTHER"}).is_ok());
  CHECK(!scene.ask({"BOX", "EMPTY"}).is_ok());
}

}  // namespace
}  // namespace larder
