// CONFIG REWRITE with a real file, and who may set what.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("CONFIG REWRITE keeps the file's text and brings the values of today into it") {
  TestServer server(TestServer::Options{.config = "# my server\ntimeout 10\nhz 20\n"});
  auto client = server.connect();
  CHECK(client("CONFIG", "SET", "timeout", "33", "maxmemory", "100mb", "client-output-buffer-limit",
               "normal 1gb 0 0") == status("OK"));
  CHECK(client("CONFIG", "REWRITE") == status("OK"));
  const std::string text = server.folder().read("test.conf");
  INFO(text);
  CHECK(text.starts_with("# my server\ntimeout 33\nhz 20\n"));
  CHECK(text.find("\nmaxmemory 100mb\n") != std::string::npos);
  CHECK(text.find("\nclient-output-buffer-limit normal 1gb 0 0\n") != std::string::npos);
  // The second time there is nothing left to change.
  CHECK(client("CONFIG", "REWRITE") == status("OK"));
  CHECK(server.folder().read("test.conf") == text);
}

TEST_CASE("after CONFIG REWRITE a restarted server has the same options") {
  TestServer server(TestServer::Options{.config = "timeout 10\n"});
  {
    auto client = server.connect();
    client("CONFIG", "SET", "timeout", "0", "proto-max-bulk-len", "2mb", "requirepass",
           "pa ss\"word");
    client("AUTH", "pa ss\"word");
    CHECK(client("CONFIG", "REWRITE") == status("OK"));
  }
  const std::string rewritten = server.folder().read("test.conf");
  INFO(rewritten);
  CHECK(server.stop() == 0);
  server.options().config = rewritten;
  server.start();
  auto client = server.connect();
  CHECK(client("AUTH", "pa ss\"word") == status("OK"));
  CHECK(client("CONFIG", "GET", "timeout") == array("timeout", "0"));
  CHECK(client("CONFIG", "GET", "proto-max-bulk-len") == array("proto-max-bulk-len", "2097152"));
}

TEST_CASE("protected options need enable-protected-configs") {
  for (const char* allowed : {"no", "local", "yes"}) {
    TestServer server({"--enable-protected-configs", allowed});
    auto client = server.connect();
    const Reply reply = client("CONFIG", "SET", "dir", "/tmp");
    if (std::string(allowed) == "no") {
      CHECK(reply == is_error("ERR CONFIG SET failed (possibly related to argument 'dir') - can't "
                              "set protected config"));
    } else {
      CHECK(reply == status("OK"));
    }
  }
}

TEST_CASE("a CONFIG SET that cannot be applied puts all values back") {
  TestServer other;
  TestServer server;
  auto client = server.connect();
  const Reply reply = client("CONFIG", "SET", "timeout", "77", "port", other.port());
  CHECK(reply.is_error());
  CHECK(reply.text.starts_with("ERR CONFIG SET failed (possibly related to argument 'port') - "));
  CHECK(client("CONFIG", "GET", "timeout") == array("timeout", "0"));
  CHECK(client("CONFIG", "GET", "port") == array("port", std::to_string(server.port())));
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("CONFIG SET says which of port and bind cannot be had, and goes on listening") {
  TestServer other;
  TestServer server;
  auto client = server.connect();
  CHECK(client("CONFIG", "SET", "port", other.port()) ==
        is_error("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on "
                 "this port. Check server logs."));
  CHECK(client("CONFIG", "SET", "bind", "999.999.999.999") ==
        is_error("ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to "
                 "specified addresses."));
  CHECK(server.log().find("Address already in use") != std::string::npos);
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("a new port is listened on, and the process title shows it") {
  TestServer server;
  auto client = server.connect();
  const auto title = [&] {
    std::ifstream file("/proc/" + std::to_string(server.pid()) + "/cmdline");
    std::string text;
    std::getline(file, text, '\0');
    return text;
  };
  const int port = free_port();
  CHECK(client("CONFIG", "SET", "proc-title-template", "{port}:{tls-port}:{title}") ==
        status("OK"));
  CHECK(title() == std::to_string(server.port()) + ":0:" + larder_server_path());
  CHECK(client("CONFIG", "SET", "port", port) == status("OK"));
  CHECK(title().starts_with(std::to_string(port) + ":"));
  CHECK(TestClient::connect(port)("PING") == status("PONG"));
}

TEST_CASE("oom-score-adj gives the process a score, and the former one back") {
  TestServer server;
  auto client = server.connect();
  const auto score = [&] {
    std::ifstream file("/proc/" + std::to_string(server.pid()) + "/oom_score_adj");
    int value = 0;
    file >> value;
    return value;
  };
  const int before = score();
  CHECK(client("CONFIG", "SET", "oom-score-adj-values", "10 20 30", "oom-score-adj", "yes") ==
        status("OK"));
  CHECK(client("CONFIG", "GET", "oom-score-adj") == array("oom-score-adj", "yes"));
  CHECK(score() == before + 10);
  CHECK(client("CONFIG", "SET", "oom-score-adj-values", "15 20 30") == status("OK"));
  CHECK(score() == before + 15);
  CHECK(client("CONFIG", "SET", "oom-score-adj", "no") == status("OK"));
  CHECK(score() == before);
  CHECK(client("CONFIG", "SET", "oom-score-adj-values", "1 2 2001").text.find(
            "must be between -2000 and 2000") != std::string::npos);
  CHECK(client("CONFIG", "SET", "oom-score-adj-values", "1 2").text.find(
            "wrong number of arguments") != std::string::npos);
}

TEST_CASE("jemalloc-bg-thread starts and ends the allocator's thread") {
  TestServer server;
  auto client = server.connect();
  // Builds for sanitizers have another allocator.
  if (client("INFO", "memory").text.find("jemalloc") == std::string::npos) return;
  const auto threads = [&] {
    const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(server.pid()) + "/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto with_it = threads();
  CHECK(client("CONFIG", "SET", "jemalloc-bg-thread", "no") == status("OK"));
  // Its entry may outlive the thread by a moment.
  CHECK(eventually([&] { return threads() == with_it - 1; }));
  CHECK(client("CONFIG", "SET", "jemalloc-bg-thread", "yes") == status("OK"));
  CHECK(threads() == with_it);
}

}  // namespace
}  // namespace larder
