// Passwords that clients send, in every form there is, wrong ones too: nobody else gets to see
// them.
#include <catch2/catch.hpp>

#include "tests/support/program.h"
#include "tests/support/reply_text.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

// Every secret below has this in it, so that one search finds any of them.
constexpr std::string_view kMark = "S3CR3T";

bool is_kept(std::string_view text) {
  return text.find(kMark) == std::string_view::npos;
}

std::string http_body(int port, const std::string& path) {
  auto client = TestClient::connect(port);
  client.send_raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::string text;
  for (std::string part = client.receive_raw(); !part.empty(); part = client.receive_raw())
    text += part;
  return text;
}

// Requests with secrets, as lines; most are refused.
std::vector<std::string> requests_with_secrets() {
  return {
      "AUTH S3CR3T-1",
      "auth \"S3CR3T-2\"",
      "AUTH default S3CR3T-3",
      "AUTH nobody S3CR3T-4",
      "AUTH default S3CR3T-5 more",
      "AUTH default more S3CR3T-5",
      "HELLO 3 AUTH default S3CR3T-6",
      "HELLO 3 AUTH nobody S3CR3T-7 SETNAME name",
      "HELLO 3 SETNAME name AUTH nobody S3CR3T-8",
      "HELLO 2 AUTH S3CR3T-9",
      "HELLO AUTH default S3CR3T-10",
      "HELLO 9 AUTH default S3CR3T-11",
      "HELLO x AUTH default 'S3CR3T-12'",
      "ACL SETUSER bob on >S3CR3T-13 +get ~*",
      "ACL SETUSER bob <S3CR3T-14",
      "ACL SETUSER bob >S3CR3T-15 +nonsense",
      "ACL SETUSER bob (+get >S3CR3T-16)",
      "ACL DRYRUN default AUTH S3CR3T-18",
      "ACL DRYRUN default ACL SETUSER bob >S3CR3T-19",
      "CONFIG SET requirepass S3CR3T-20",
      "CONFIG SET REQUIREPASS S3CR3T-20",
      "CONFIG SET masterauth S3CR3T-21",
      "CONFIG SET tls-key-file-pass S3CR3T-22",
      "CONFIG SET tls-client-key-file-pass S3CR3T-23 hz 10",
      "CONFIG SET hz 10 requirepass S3CR3T-24 nonsense 1",
      "CONFIG SET requirepass S3CR3T-25 requirepass S3CR3T-26",
      "CONFIG SET requirepass S3CR3T-27 masterauth",
      "CONFIG SET hz x requirepass S3CR3T-28",
      "CONFIG SET requirepas S3CR3T-29",
      "CONFIG SET hz requirepass S3CR3T-30",
      "COMMAND GETKEYS AUTH S3CR3T-31",
      "COMMAND GETKEYS ACL SETUSER bob >S3CR3T-32",
      "COMMAND GETKEYSANDFLAGS HELLO 3 AUTH default S3CR3T-33",
      "AUTH S3CR3T-20",
  };
}

TEST_CASE("secrets: nobody is shown what others log in with or set") {
  const int metrics_port = free_port();
  TestServer server({"--loglevel", "debug", "--slowlog-log-slower-than", "0", "--slowlog-max-len",
                     "10000", "--commandlog-request-larger-than", "0",
                     "--commandlog-reply-larger-than", "0", "--latency-monitor-threshold", "1",
                     "--metrics-port", std::to_string(metrics_port), "--hotspots", "yes",
                     "--acllog-max-len", "1000"});
  auto watcher = server.connect(), admin = server.connect(), client = server.connect();
  CHECK(watcher("MONITOR") == status("OK"));
  CHECK(admin("ACL", "SETUSER", "limited", "on", "nopass", "~*", "&*", "+@all", "-@dangerous",
              "-@admin") == status("OK"));
  auto limited = server.connect();
  CHECK(limited("AUTH", "limited", "any") == status("OK"));
  for (const std::string& line : requests_with_secrets()) {
    const auto arguments = split_arguments(line);
    REQUIRE(arguments);
    // The error is for the one who has sent it.
    client.send_raw(line + "\r\n");
    client.receive();
    client.call(*arguments);
    // In a transaction as well.
    client("MULTI");
    client.call(*arguments);
    client("EXEC");
    client("DISCARD");
    // Not whole, and not right.
    auto other = server.connect();
    other.send_raw("*9\r\n$4\r\nAUTH\r\n$8\r\nS3CR3T-30\r\n$x\r\n");
  }
  client("SET", "the-last", "request");

  std::string seen;
  while (seen.find("the-last") == std::string::npos) seen += watcher.receive().text + "\n";
  CHECK(is_kept(seen));
  // The monitor shows logins, without what matters.
  CHECK(seen.find("(redacted)") != std::string::npos);
  for (const std::vector<std::string>& request :
       std::vector<std::vector<std::string>>{{"SLOWLOG", "GET", "-1"},
                                             {"COMMANDLOG", "GET", "-1", "slow"},
                                             {"COMMANDLOG", "GET", "-1", "large-request"},
                                             {"COMMANDLOG", "GET", "-1", "large-reply"},
                                             {"ACL", "LOG", "1000"},
                                             {"ACL", "LIST"},
                                             {"ACL", "GETUSER", "bob"},
                                             {"ACL", "GETUSER", "default"},
                                             {"ACL", "USERS"},
                                             {"CLIENT", "LIST"},
                                             {"INFO", "everything"},
                                             {"HOTKEYS", "GET"},
                                             {"HOTSPOTS"},
                                             {"LATENCY", "DOCTOR"},
                                             {"MEMORY", "DOCTOR"}}) {
    const std::string text = to_text(admin.call(request));
    INFO(request[0] << ":\n" << text);
    CHECK(is_kept(text));
  }
  CHECK(is_kept(server.log()));
  for (const std::string path : {"/", "/metrics", "/api/now", "/api/history"})
    CHECK(is_kept(http_body(metrics_port, path)));

  // Who may ask is told, and nobody else: there is something to tell.
  CHECK(to_text(admin("CONFIG", "GET", "*")).find("S3CR3T-20") != std::string::npos);
  CHECK(limited("CONFIG", "GET", "*") == error_starting("NOPERM"));
  CHECK(limited("CONFIG", "GET", "requirepass") == error_starting("NOPERM"));
  CHECK(limited("ACL", "LIST") == error_starting("NOPERM"));
  CHECK(limited("SLOWLOG", "GET") == error_starting("NOPERM"));
  CHECK(limited("MONITOR") == error_starting("NOPERM"));
}

TEST_CASE("secrets: not those of the command line and the file either") {
  TestServer server(TestServer::Options{
      .arguments = {"--requirepass", "S3CR3T-1", "--loglevel", "debug"},
      .config =
          "user bob on >S3CR3T-2 ~* +@all\nmasterauth S3CR3T-3\ntls-key-file-pass S3CR3T-4\n"});
  auto client = server.connect();
  CHECK(client("AUTH", "S3CR3T-1") == status("OK"));
  CHECK(is_kept(to_text(client("INFO", "everything"))));
  CHECK(is_kept(server.log()));
  CHECK(server.stop() == 0);
  CHECK(is_kept(server.log()));
}

TEST_CASE("secrets: not where the configuration is wrong") {
  for (const std::string_view line :
       {"masterauth \"S3CR3T-1", "\"requirepass S3CR3T-2", "requirepass'S3CR3T-3",
        "requirepas S3CR3T-4", "requirepass S3CR3T-5 S3CR3T-6", "user bob \">S3CR3T-8"}) {
    INFO(line);
    const TemporaryFolder folder;
    const std::string file = folder.write("wrong.conf", line);
    const ProgramResult result = run_program({larder_server_path(), file});
    CHECK(result.exit_code == 1);
    CHECK(result.errors.find("(hidden)'") != std::string::npos);
    CHECK(is_kept(result.errors + result.output));
  }
}

// Members of a set, as the table has them: their order is that of their hashes.
std::string order_of_keys(const TestServer& server) {
  auto client = server.connect();
  for (int i = 0; i < 200; i++) client("SET", i, "v");
  return to_text(client("KEYS", "*"));
}

TEST_CASE("secrets: each process hashes with a secret of its own") {
  TestServer first, second;
  CHECK(order_of_keys(first) != order_of_keys(second));
}

}  // namespace
}  // namespace larder
