// Other programs as peers of the TLS port: redis-cli, redis-benchmark, redis-py, openssl and
// stunnel.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "tests/support/program.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

std::vector<std::string> with_certificate(const TlsServer& server, const std::string& program,
                                          const std::vector<std::string>& arguments) {
  const auto own = server.certificates().client("tool");
  std::vector<std::string> line = {program,
                                   "-p",
                                   std::to_string(server.tls_port()),
                                   "--tls",
                                   "--cacert",
                                   server.certificates().authority(),
                                   "--cert",
                                   own.certificate,
                                   "--key",
                                   own.key};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

TEST_CASE("TLS peers: redis-cli") {
  TlsServer server;
  const auto run = [&](const std::vector<std::string>& arguments) {
    return run_program(with_certificate(server, "redis-cli", arguments)).output;
  };
  CHECK(run({"SET", "greeting", "hello"}) == "OK\n");
  CHECK(run({"GET", "greeting"}) == "hello\n");
  CHECK(run({"-3", "PING"}) == "PONG\n");
  const ProgramResult nobody =
      run_program({"redis-cli", "-p", std::to_string(server.tls_port()), "--tls", "--cacert",
                   server.certificates().authority(), "PING"});
  CHECK(nobody.output.find("PONG") == std::string::npos);
  const TestCertificates strangers;
  const ProgramResult suspicious =
      run_program({"redis-cli", "-p", std::to_string(server.tls_port()), "--tls", "--cacert",
                   strangers.authority(), "PING"});
  CHECK(suspicious.errors.find("certificate verify failed") != std::string::npos);
}

TEST_CASE("TLS peers: redis-cli --pipe inserts in bulk") {
  TlsServer server;
  std::string requests;
  for (int i = 0; i < 20'000; i++) requests += "SET bulk:" + std::to_string(i) + " value\r\n";
  const ProgramResult done =
      run_program(with_certificate(server, "redis-cli", {"--pipe"}), {.input = requests});
  INFO(done.output << done.errors);
  CHECK(done.output.find("errors: 0, replies: 20000") != std::string::npos);
  CHECK(server.connect()("DBSIZE") == 20'000);
}

TEST_CASE("TLS peers: redis-benchmark") {
  TlsServer server;
  const ProgramResult done = run_program(
      with_certificate(server, "redis-benchmark",
                       {"-n", "2000", "-c", "20", "-P", "4", "-t", "set,get,lrange_100", "-q"}));
  INFO(done.output << done.errors);
  CHECK(done.exit_code == 0);
  CHECK(done.output.find("requests per second") != std::string::npos);
}

TEST_CASE("TLS peers: redis-py, with a client's certificate") {
  TlsServer server({"--tls-auth-clients-user", "CN", "--user", "anna", "on", "+@all", "~*", "&*"});
  const auto own = server.certificates().client("anna");
  const ProgramResult done =
      run_program({"/usr/bin/python3", "-B",
                   LARDER_SOURCE_TREE "/tests/integration/python/redis_py_tls_test.py"},
                  {.environment = {{"LARDER_TLS_PORT", std::to_string(server.tls_port())},
                                   {"LARDER_CA", server.certificates().authority()},
                                   {"LARDER_CERTIFICATE", own.certificate},
                                   {"LARDER_KEY", own.key}},
                   .bound = 60s});
  INFO(done.output << done.errors);
  CHECK(done.exit_code == 0);
}

// A program that runs beside the test and ends with it.
class Companion {
 public:
  explicit Companion(const std::vector<std::string>& line) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<char*> arguments;
    for (const std::string& word : line) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  ~Companion() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

TEST_CASE("TLS peers: stunnel wraps a client that does not know TLS") {
  TlsServer server;
  const auto own = server.certificates().client("stunnel");
  const TemporaryFolder folder;
  const int port = free_port();
  const std::string log = folder.path("stunnel.log");
  const std::string config = folder.write(
      "stunnel.conf", "foreground = yes\npid =\nsyslog = no\noutput = " + log +
                          "\n[larder]\nclient = yes\naccept = 127.0.0.1:" + std::to_string(port) +
                          "\nconnect = 127.0.0.1:" + std::to_string(server.tls_port()) +
                          "\nCAfile = " + server.certificates().authority() +
                          "\nverifyChain = yes\ncheckIP = 127.0.0.1\ncert = " + own.certificate +
                          "\nkey = " + own.key + "\n");
  const Companion stunnel({"stunnel4", config});
  REQUIRE(eventually(
      [&] {
        try {
          return TestClient::connect(port)("PING") == status("PONG");
        } catch (const std::runtime_error&) {
          return false;
        }
      },
      30s));
  auto client = TestClient::connect(port);
  const std::string value(3'000'000, 'x');
  CHECK(client("SET", "k", value) == status("OK"));
  CHECK((client("GET", "k").text == value));
  std::string requests;
  for (int i = 0; i < 1000; i++) requests += "INCR n\r\n";
  client.send_raw(requests);
  for (int i = 1; i <= 1000; i++) {
    if (!(client.receive() == i)) FAIL("reply " << i);
  }
  CHECK(client("QUIT") == status("OK"));
  CHECK(client.receive_eof());
}

}  // namespace
}  // namespace larder
