// The tools that users have already: redis-cli and redis-benchmark of Debian's redis-tools.
#include <catch2/catch.hpp>

#include "tests/support/program.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

ProgramResult redis_cli(const TestServer& server, std::vector<std::string> arguments,
                        const std::string& input = "") {
  std::vector<std::string> line = {"redis-cli", "-p", std::to_string(server.port())};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return run_program(line, {.input = input});
}

size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) found++;
  return found;
}

TEST_CASE("redis-cli runs single commands") {
  TestServer server;
  CHECK(redis_cli(server, {"SET", "greeting", "hello world"}).output == "OK\n");
  CHECK(redis_cli(server, {"GET", "greeting"}).output == "hello world\n");
  CHECK(redis_cli(server, {"--no-raw", "GET", "none"}).output == "(nil)\n");
  CHECK(redis_cli(server, {"-r", "3", "INCR", "n"}).output == "1\n2\n3\n");
  CHECK(redis_cli(server, {"-n", "3", "SET", "elsewhere", "1"}).output == "OK\n");
  CHECK(server.connect()("EXISTS", "elsewhere") == 0);
  CHECK(redis_cli(server, {"-x", "SET", "binary"}, std::string("a\0b\r\n", 5)).output == "OK\n");
  CHECK(server.connect()("GET", "binary") == std::string("a\0b\r\n", 5));

  const ProgramResult failed = redis_cli(server, {"-e", "INCR", "greeting"});
  CHECK(failed.exit_code == 1);
  CHECK(failed.errors.find("value is not an integer or out of range") != std::string::npos);
}

TEST_CASE("redis-cli runs the lines of its standard input") {
  TestServer server;
  const ProgramResult done = redis_cli(server, {}, "SET a 1\nAPPEND a \"\\x00\\n\"\nSTRLEN a\n");
  CHECK(done.exit_code == 0);
  CHECK(done.output == "OK\n3\n3\n");
}

TEST_CASE("redis-cli speaks RESP3") {
  TestServer server;
  const ProgramResult hello = redis_cli(server, {"-3", "--no-raw", "HELLO"});
  CHECK(hello.exit_code == 0);
  CHECK(hello.output.find("\"proto\" => (integer) 3") != std::string::npos);
  CHECK(redis_cli(server, {"-3", "--no-raw", "GET", "none"}).output == "(nil)\n");
}

TEST_CASE("redis-cli --pipe inserts in bulk") {
  constexpr int kKeys = 20'000;
  TestServer server;
  std::string requests;
  for (int i = 0; i < kKeys; i++) {
    const std::string key = "bulk:" + std::to_string(i);
    requests +=
        "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$5\r\nvalue\r\n";
  }
  const ProgramResult piped = redis_cli(server, {"--pipe"}, requests);
  CHECK(piped.exit_code == 0);
  CHECK(piped.output.find("errors: 0, replies: 20000") != std::string::npos);
  CHECK(server.connect()("DBSIZE") == kKeys);

  // Inline commands and their errors take the same way.
  const ProgramResult mixed = redis_cli(server, {"--pipe"}, "SET a b\r\nINCR a\r\n");
  CHECK(mixed.exit_code == 1);
  CHECK(mixed.output.find("errors: 1, replies: 2") != std::string::npos);
}

TEST_CASE("redis-cli --scan finds every key once") {
  TestServer server;
  auto client = server.connect();
  for (int i = 0; i < 1000; i++) client.send({"SET", "scan:" + std::to_string(i), "v"});
  for (int i = 0; i < 1000; i++) client.receive();
  client("SET", "other", "v");
  CHECK(count(redis_cli(server, {"--scan"}).output, "\n") == 1001);
  CHECK(count(redis_cli(server, {"--scan", "--pattern", "scan:*"}).output, "scan:") == 1000);
}

TEST_CASE("redis-cli --latency measures") {
  TestServer server;
  const ProgramResult measured = redis_cli(server, {"--raw", "--latency", "-i", "0.2"});
  CHECK(measured.exit_code == 0);
  // min, max, average in ms, samples
  double minimum = -1, maximum = -1, average = -1;
  int samples = 0;
  CHECK(std::sscanf(measured.output.c_str(), "%lf %lf %lf %d", &minimum, &maximum, &average,
                    &samples) == 4);
  CHECK(samples > 0);
  CHECK(minimum <= average);
  CHECK(average <= maximum);
}

TEST_CASE("redis-cli logs in") {
  TestServer server({"--requirepass", "open sesame"});
  CHECK(redis_cli(server, {"GET", "k"}).output == "NOAUTH Authentication required.\n\n");
  CHECK(redis_cli(server, {"--no-auth-warning", "-a", "open sesame", "PING"}).output == "PONG\n");
}

TEST_CASE("redis-benchmark runs without errors") {
  TestServer server;
  const std::string port = std::to_string(server.port());
  const auto benchmark = [&port](std::vector<std::string> more) {
    std::vector<std::string> line = {"redis-benchmark", "-p", port, "-q", "-n", "2000"};
    line.insert(line.end(), more.begin(), more.end());
    const ProgramResult done = run_program(line);
    INFO(done.output << done.errors);
    CHECK(done.exit_code == 0);
    // It reads `save` and `appendonly` first, to show them.
    CHECK(done.errors.find("Could not fetch server CONFIG") == std::string::npos);
    CHECK((done.output + done.errors).find("rror") == std::string::npos);
    return count(done.output, "requests per second");
  };
  CHECK(benchmark({}) == 20);  // everything that it does by default
  CHECK(benchmark({"-t", "set,get", "-P", "32", "-r", "1000", "-d", "1000"}) == 2);
  CHECK(benchmark({"-t", "get", "-k", "0", "-c", "10"}) == 1);
  CHECK(benchmark({"--threads", "2", "-t", "set"}) == 1);
  CHECK(benchmark({"-c", "5", "SET", "key:__rand_int__", "x"}) == 1);
}

}  // namespace
}  // namespace larder
