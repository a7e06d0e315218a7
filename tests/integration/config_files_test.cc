// What the configuration file and the command line say, and what the server says when they are
// wrong: the place, the line, and the reason, on standard error, with exit code 1.
#include <catch2/catch.hpp>

#include <filesystem>

#include "tests/support/program.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A server that is expected to end by itself.
ProgramResult run_server(std::vector<std::string> arguments, ProgramOptions options = {}) {
  arguments.insert(arguments.begin(), std::filesystem::absolute(larder_server_path()));
  return run_program(arguments, options);
}

struct WrongLine {
  std::string line;
  std::string reason;
  std::string shown = {};  // of the line, if not all of it
};

TEST_CASE("a wrong line stops the start with file, number, line and reason") {
  const auto wrong = GENERATE(values<WrongLine>({
      {"nosuchoption 1", "Bad directive or wrong number of arguments", "nosuchoption (hidden)"},
      {"port", "wrong number of arguments"},
      {"port 6379 6380", "wrong number of arguments"},
      {"port seven", "argument couldn't be parsed into an integer"},
      {"port 65536", "argument must be between 0 and 65535 inclusive"},
      {"port -1", "argument must be between 0 and 65535 inclusive"},
      {"maxclients 0", "argument must be between 1 and"},
      {"maxmemory 10zb", "argument must be a memory value"},
      {"protected-mode perhaps", "argument must be 'yes' or 'no'"},
      {"loglevel chatty", "argument(s) must be one of the following: "},
      {"unixsocketperm 999", "argument couldn't be parsed as an octal number"},
      {"client-output-buffer-limit normal 1 2", "Wrong number of arguments in buffer limit"},
      {"client-output-buffer-limit nobody 1 2 3", "Invalid client class"},
      {"proc-title-template {nothing}", "template format is invalid"},
      {"unixsocket \"open", "Unbalanced quotes in configuration line", "unixsocket (hidden)"},
      // Ignoring these would change what the user gets.
      {"appendonly yes", "this is not supported yet, the only accepted value is 'no'"},
      {"cluster-enabled yes", "this is not supported yet"},
      {"replicaof 127.0.0.1 6379", "this is not supported yet"},
      {"min-replicas-to-write 1", "this is not supported yet"},
      {"maxmemory-policy lru", "argument(s) must be one of the following: volatile-lru, "},
      {"tls-port 65536", "argument must be between 0 and 65535 inclusive"},
      {"tls-auth-clients maybe", "argument(s) must be one of the following: no, yes, optional"},
      {"tls-auth-clients-user email", "argument(s) must be one of the following: off, CN"},
      {"rename-command FLUSHALL \"\"", "this is not supported yet"},
      {"loadmodule module.so", "this is not supported yet"},
  }));
  const bool is_check = GENERATE(false, true);
  const TemporaryFolder folder;
  const std::string file = folder.write("larder.conf", "# A comment\n\n" + wrong.line + "\n");
  const ProgramResult refused =
      is_check ? run_server({"--check-config", file}) : run_server({file});
  INFO(refused.errors);
  CHECK(refused.exit_code == 1);
  CHECK(refused.output == "");
  CHECK(contains(refused.errors, "at line 3 of '" + file + "'\n"));
  CHECK(contains(refused.errors, ">>> '" + (wrong.shown.empty() ? wrong.line : wrong.shown) + "'\n"));
  CHECK(contains(refused.errors, wrong.reason));
}

TEST_CASE("a wrong flag stops the start and is named") {
  const auto wrong = GENERATE(values<WrongLine>({
      {"--nosuchoption", "Bad directive or wrong number of arguments"},
      {"--port", "wrong number of arguments"},
      {"--appendonly yes", "this is not supported yet"},
  }));
  const size_t space = wrong.line.find(' ');
  std::vector<std::string> arguments = {"--loglevel", "verbose", wrong.line.substr(0, space)};
  if (space != std::string::npos) arguments.push_back(wrong.line.substr(space + 1));
  const ProgramResult refused = run_server(arguments);
  INFO(refused.errors);
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "Reading the command line, at option 2\n"));
  CHECK(contains(refused.errors, ">>> '" + wrong.line.substr(2, space - 2)));
  CHECK(contains(refused.errors, wrong.reason));
}

TEST_CASE("a password is not shown with the line that is wrong") {
  const TemporaryFolder folder;
  const ProgramResult refused =
      run_server({folder.write("larder.conf", "requirepass sesame and more\n")});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "at line 1 of "));
  CHECK_FALSE(contains(refused.errors, "sesame"));
}

TEST_CASE("a file that cannot be read is named") {
  const TemporaryFolder folder;
  const std::string missing = folder.path("missing.conf");
  for (const auto& arguments : {std::vector<std::string>{missing}, {"--check-config", missing}}) {
    const ProgramResult refused = run_server(arguments);
    CHECK(refused.exit_code == 1);
    CHECK(contains(refused.errors, "'" + missing + "': No such file or directory"));
  }
  const std::string including = folder.write("including.conf", "include " + missing + "\n");
  CHECK(contains(run_server({including}).errors, "'" + missing + "': No such file or directory"));
  const std::string itself = folder.path("itself.conf");
  folder.write("itself.conf", "include " + itself + "\n");
  const ProgramResult refused = run_server({itself});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "Includes are nested too deep"));
}

TEST_CASE("a right file is checked without a start") {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("larder.conf", "daemonize yes\npidfile larder.pid\nmaxmemory 1gb\n");
  const ProgramResult checked =
      run_server({"--check-config", file}, {.directory = folder.path("")});
  CHECK(checked.exit_code == 0);
  CHECK(checked.output == file + ": OK\n");
  CHECK(checked.errors == "");
  CHECK(folder.file_count() == 1);
}

TEST_CASE("the example that is printed is a right file") {
  const ProgramResult example = run_server({"--print-example-config"});
  CHECK(example.exit_code == 0);
  CHECK(contains(example.output, "maxmemory"));
  const TemporaryFolder folder;
  const std::string file = folder.write("example.conf", example.output);
  CHECK(run_server({"--check-config", file}).output == file + ": OK\n");
}

TEST_CASE("files include others, later lines and flags win, quoting and units work") {
  const TemporaryFolder folder;
  folder.write("one.conf", "maxmemory 100mb\ntimeout 10\n");
  folder.write("part-1.inc", "timeout 11\nhz 20\n");
  folder.write("part-2.inc", "HZ 30\n");
  TestServer server(TestServer::Options{
      .arguments = {"--tcp-keepalive", "60"},
      .config = "maxmemory 1gb\ntcp-keepalive 50\ninclude " + folder.path("one.conf") +
                "\ninclude " + folder.path("part-*.inc") + "\ninclude " + folder.path("no-*.inc") +
                "\nrequirepass \"with \\x73paces\"\n"
                "client-output-buffer-limit normal 64mb 32mb 10\n"
                "client-output-buffer-limit pubsub 1mb 0 0\n"});
  auto client = server.connect();
  REQUIRE(client("AUTH", "with spaces") == status("OK"));
  const auto value = [&client](const std::string& name) {
    return client("CONFIG", "GET", name).children.at(1).text;
  };
  CHECK(value("maxmemory") == "104857600");
  CHECK(value("timeout") == "11");
  CHECK(value("hz") == "30");
  CHECK(value("tcp-keepalive") == "60");
  CHECK(value("client-output-buffer-limit") ==
        "normal 67108864 33554432 10 slave 268435456 67108864 60 pubsub 1048576 0 0");
}

TEST_CASE("options without an effect are named in the log") {
  TestServer server({"--io-threads", "4", "--active-expire-effort", "5"});
  CHECK(contains(server.log(), "have no effect in Larder: "));
  CHECK(contains(server.log(), "io-threads"));
  CHECK(contains(server.log(), "active-expire-effort"));
  CHECK_FALSE(contains(TestServer().log(), "have no effect"));
}

TEST_CASE("a configuration comes from standard input") {
  const ProgramResult refused = run_server({"-"}, {.input = "timeout 5\nport seven\n"});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "from standard input, at line 2\n>>> 'port seven'\n"));
}

TEST_CASE("version and help are printed") {
  CHECK(run_server({"--version"}).output.starts_with("Larder server v="));
  CHECK(run_server({"--help"}).output.starts_with("Usage: larder-server"));
  CHECK(run_server({"-v"}).exit_code == 0);
  CHECK(run_server({"-h"}).exit_code == 0);
}

// --- While it runs ---

TEST_CASE("the port changes while the server runs") {
  TestServer server, other;
  auto client = server.connect();
  const int port = free_port();
  CHECK(client("CONFIG", "SET", "port", port) == status("OK"));
  CHECK(client("PING") == status("PONG"));
  CHECK(TestClient::connect(port)("PING") == status("PONG"));
  CHECK_THROWS(server.connect());
  // A port that is taken changes nothing.
  CHECK(client("CONFIG", "SET", "port", other.port()) == error_starting("ERR CONFIG SET failed"));
  CHECK(client("CONFIG", "GET", "port") == array("port", std::to_string(port)));
  CHECK(TestClient::connect(port)("PING") == status("PONG"));
}

TEST_CASE("the addresses change while the server runs") {
  TestServer server;
  auto client = server.connect();
  CHECK_THROWS(TestClient::connect(server.port(), "127.0.0.2"));
  CHECK(client("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2 -::1") == status("OK"));
  CHECK(TestClient::connect(server.port(), "127.0.0.2")("PING") == status("PONG"));
  CHECK(server.connect()("PING") == status("PONG"));
  CHECK(client("CONFIG", "SET", "bind", "127.0.0.2") == status("OK"));
  CHECK_THROWS(server.connect());
  CHECK(client("PING") == status("PONG"));
  // Nothing of an address that this machine does not have (TEST-NET-3), unless it is optional.
  CHECK(client("CONFIG", "SET", "bind", "127.0.0.1 203.0.113.1") ==
        error_starting("ERR CONFIG SET failed"));
  CHECK(client("CONFIG", "GET", "bind") == array("bind", "127.0.0.2"));
  CHECK(TestClient::connect(server.port(), "127.0.0.2")("PING") == status("PONG"));
  CHECK(client("CONFIG", "SET", "bind", "127.0.0.1 -203.0.113.1") == status("OK"));
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("a password that is set while the server runs") {
  TestServer server;
  auto client = server.connect();
  CHECK(client("CONFIG", "SET", "requirepass", "secret") == status("OK"));
  CHECK(client("PING") == status("PONG"));
  auto later = server.connect();
  CHECK(later("PING") == error_starting("NOAUTH"));
  CHECK(later("AUTH", "secret") == status("OK"));
  CHECK(later("CONFIG", "SET", "requirepass", "") == status("OK"));
  CHECK(server.connect()("PING") == status("PONG"));
}

}  // namespace
}  // namespace larder
