// Users over restarts, files and several clients.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/eventually.h"
#include "tests/support/expected.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("users of the configuration file, and CONFIG REWRITE") {
  TestServer server(TestServer::Options{.config = "user ann on >secret ~cache:* +@read +config\n"
                                                  "user default on nopass ~* &* +@all\n"});
  auto client = server.connect(), ann = server.connect();
  CHECK(ann("AUTH", "ann", "secret") == status("OK"));
  CHECK(ann("GET", "cache:1") == nil);
  CHECK(ann("GET", "other").text.starts_with("NOPERM"));
  CHECK(ann("SET", "cache:1", "v").text.starts_with("NOPERM"));
  CHECK(client("ACL", "SETUSER", "bob", "on", "nopass", "+ping") == status("OK"));
  CHECK(client("ACL", "DELUSER", "ann") == 1);
  CHECK(client("CONFIG", "REWRITE") == status("OK"));
  server.options().config = server.folder().read("test.conf");
  server.restart();
  auto again = server.connect(), bob = server.connect();
  CHECK(again("ACL", "USERS") == array("bob", "default"));
  CHECK(bob("AUTH", "bob", "x") == status("OK"));
  CHECK(bob("PING") == status("PONG"));
  CHECK(bob("ECHO", "x").text.starts_with("NOPERM"));
}

TEST_CASE("requirepass is the password of the default user") {
  TestServer server({"--requirepass", "secret"});
  auto client = server.connect();
  CHECK(client("PING").text.starts_with("NOAUTH"));
  CHECK(client("AUTH", "secret") == status("OK"));
  CHECK(client("CONFIG", "SET", "requirepass", "other") == status("OK"));
  auto second = server.connect();
  CHECK(second("AUTH", "secret").text.starts_with("WRONGPASS"));
  CHECK(second("AUTH", "default", "other") == status("OK"));
  // Another option does not bring back what ACL SETUSER has changed.
  CHECK(client("ACL", "SETUSER", "default", "nopass") == status("OK"));
  CHECK(client("CONFIG", "SET", "maxmemory", "100mb") == status("OK"));
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("requirepass outlives CONFIG REWRITE beside users") {
  TestServer server(TestServer::Options{.config = "maxclients 100\n"});
  auto client = server.connect();
  CHECK(client("ACL", "SETUSER", "bob", "on", "nopass", "+@all") == status("OK"));
  CHECK(client("CONFIG", "SET", "requirepass", "secret") == status("OK"));
  CHECK(client("CONFIG", "REWRITE") == status("OK"));
  server.options().config = server.folder().read("test.conf");
  server.restart();
  auto again = server.connect();
  CHECK(again("PING") == error_starting("NOAUTH"));
  CHECK(again("AUTH", "secret") == status("OK"));
}

TEST_CASE("ACL LOAD takes the whole file or nothing of it") {
  TestServer server(TestServer::Options{.start = false});
  const std::string file = server.folder().path("users.acl");
  server.folder().write("users.acl", "user ann on >secret ~* +@all\nuser bob on nopass ~* &* +@all\n");
  server.options().arguments = {"--aclfile", file};
  server.start();
  auto admin = server.connect(), ann = server.connect(), bob = server.connect();
  CHECK(ann("AUTH", "ann", "secret") == status("OK"));
  CHECK(bob("AUTH", "bob", "x") == status("OK"));

  server.folder().write("users.acl", "user ann on >secret ~* +@all\nuser carl on +nonsense\nuser\n# a comment\n");
  const Reply refused = admin("ACL", "LOAD");
  CHECK(refused.text.find(file + ":2") != std::string::npos);
  CHECK(refused.text.find(file + ":3") != std::string::npos);
  CHECK(refused.text.find("secret") == std::string::npos);
  CHECK(admin("ACL", "USERS") == array("ann", "bob", "default"));
  CHECK(bob("PING") == status("PONG"));

  // Who has the same rules as before stays; who is gone or has other ones has to log in again.
  server.folder().write("users.acl", "\nuser ann on >secret ~* +@all\n\nuser carl on nopass +ping\n");
  CHECK(admin("ACL", "LOAD") == status("OK"));
  CHECK(admin("ACL", "USERS") == array("ann", "carl", "default"));
  CHECK(ann("PING") == status("PONG"));
  CHECK(bob.receive_eof());

  CHECK(admin("ACL", "SETUSER", "dora", "on", ">hidden", "(+get ~x)") == status("OK"));
  CHECK(admin("ACL", "SAVE") == status("OK"));
  const std::string saved = server.folder().read("users.acl");
  CHECK(saved.find("user dora on sanitize-payload #") != std::string::npos);
  CHECK(saved.find("hidden") == std::string::npos);
  server.restart();
  CHECK(server.connect()("ACL", "USERS") == array("ann", "carl", "default", "dora"));
}

TEST_CASE("a file of users that is wrong keeps the server from starting") {
  TestServer server(TestServer::Options{.start = false});
  const std::string file = server.folder().path("users.acl");
  server.folder().write("users.acl", "user ann on +nonsense\n");
  server.options().arguments = {"--aclfile", file};
  CHECK_THROWS(server.start());
  CHECK(server.log().find("+nonsense") != std::string::npos);
}

TEST_CASE("a blocked request is asked again when it goes on") {
  TestServer server;
  auto admin = server.connect(), ann = server.connect();
  CHECK(admin("ACL", "SETUSER", "ann", "on", "nopass", "+@all", "~queue") == status("OK"));
  CHECK(ann("AUTH", "ann", "x") == status("OK"));
  ann.send({"BLPOP", "queue", "0"});
  CHECK(eventually([&] {
    return admin("CLIENT", "LIST").text.find(" flags=b ") != std::string::npos;
  }));
  CHECK(admin("ACL", "SETUSER", "ann", "resetkeys") == status("OK"));
  CHECK(admin("RPUSH", "queue", "x") == 1);
  CHECK(ann.receive().text.starts_with("NOPERM"));
  CHECK(admin("LLEN", "queue") == 1);
}

}  // namespace
}  // namespace larder
