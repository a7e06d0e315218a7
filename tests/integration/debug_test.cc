// DEBUG: who may use it, and how the server crashes.
#include <catch2/catch.hpp>
#include <csignal>
#include <string>

#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("DEBUG is refused unless the administrator allows it") {
  TestServer server({"--enable-debug-command", "no"});
  auto client = server.connect();
  CHECK(client("DEBUG", "SLEEP", "0") ==
        is_error("ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                 "\"local\", you can run it from a local connection, otherwise you need to set "
                 "this option in the configuration file, and then restart the server."));
  CHECK(client("CONFIG", "SET", "enable-debug-command", "yes").is_error());
  for (const char* allowed : {"yes", "local"}) {
    TestServer open({"--enable-debug-command", allowed});
    CHECK(open.connect()("DEBUG", "SLEEP", "0") == status("OK"));
  }
}

TEST_CASE("a crash leaves a report in the log, and ends the process by its signal") {
  struct Crash {
    const char* subcommand;
    int signal;
    const char* reason;
  };
  for (const Crash& crash :
       {Crash{"SEGFAULT", SIGSEGV, "SIGSEGV"}, Crash{"PANIC", SIGABRT, "DEBUG PANIC called"},
        Crash{"ASSERT", SIGABRT, "ctx.argc() == 0"}, Crash{"OOM", SIGABRT, "Out of memory"}}) {
    TestServer server({"--enable-debug-command", "yes"});
    auto client = server.connect();
    // A sanitizer's malloc ends the process in its own way.
    const bool has_jemalloc = client("INFO", "memory").text.find("jemalloc") != std::string::npos;
    if (!has_jemalloc && std::string(crash.subcommand) == "OOM") continue;
    client("SET", "secret-key", "secret-value");
    client.send({"DEBUG", crash.subcommand});
    CHECK(client.receive_eof());
    const int exit_code = server.wait_exit();
    const std::string log = server.log();
    INFO(crash.subcommand << "\n" << log);
    CHECK(exit_code == -crash.signal);
    CHECK(log.find(crash.reason) != std::string::npos);
    CHECK(log.find("debug") != std::string::npos);  // the last command
    CHECK(log.find("secret") == std::string::npos);
  }
}

TEST_CASE("DEBUG SLEEP stops the whole server") {
  TestServer server({"--enable-debug-command", "yes"});
  auto sleeper = server.connect();
  auto other = server.connect();
  other("PING");
  sleeper.send({"DEBUG", "SLEEP", "0.3"});
  CHECK_FALSE(sleeper.receive_within(50ms).has_value());
  other.send({"PING"});
  CHECK_FALSE(other.receive_within(50ms).has_value());
  CHECK(sleeper.receive() == status("OK"));
  CHECK(other.receive() == status("PONG"));
}

TEST_CASE("two servers with the same data have the same DEBUG DIGEST") {
  TestServer first({"--enable-debug-command", "yes"});
  TestServer second({"--enable-debug-command", "yes"});
  auto left = first.connect();
  auto right = second.connect();
  for (int i = 0; i < 100; i++) {
    left("SET", "key" + std::to_string(i), i);
    right("SET", "key" + std::to_string(99 - i), 99 - i);
  }
  const std::string digest = left("DEBUG", "DIGEST").text;
  CHECK(digest.size() == 40);
  CHECK(right("DEBUG", "DIGEST") == digest);
  right("PEXPIRE", "key1", "100000");
  CHECK_FALSE(right("DEBUG", "DIGEST").text == digest);
  right("PERSIST", "key1");
  CHECK(right("DEBUG", "DIGEST") == digest);
  right("SELECT", "1");
  right("SET", "elsewhere", "1");
  CHECK_FALSE(right("DEBUG", "DIGEST").text == digest);
}

}  // namespace
}  // namespace larder
