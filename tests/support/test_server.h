// A server of its own for a test: the real binary on a free loopback port and in a directory that
// nobody else uses. Ends with the test, whatever happens.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/support/test_client.h"

namespace larder {

// The binary under test: the environment's LARDER_SERVER, or the one of this build, or "".
std::string larder_server_path();

// A port of 127.0.0.1 that nobody listens on now; somebody may take it before its user does.
int free_port();

class TestServer {
 public:
  struct Options {
    std::vector<std::string> arguments =
        {};                   // {"--maxmemory", "10mb"}; override the defaults below
    std::string config = {};  // text of a config file that is given first
    std::string program = larder_server_path();
    bool start = true;  // false: start() starts it
  };

  // Returns when the server answers; throws with the log's text when it does not.
  TestServer() : TestServer(Options{}) {}
  explicit TestServer(std::vector<std::string> arguments)
      : TestServer(Options{.arguments = std::move(arguments)}) {}
  explicit TestServer(Options options);
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  // Throws, so that the test fails, if a server that nobody asked to fail ends badly: a sanitizer
  // finds leaks only at the end.
  ~TestServer() noexcept(false);

  // Persistence is off unless the arguments switch it on; the same directory holds all starts.
  void start();
  void restart();
  // SIGTERM, and SIGKILL when that does not help within the bound. Returns the exit code, or minus
  // the signal that ended the process.
  int stop();
  void signal(int number) const;
  // Waits for an end that the test brought about. Same result as stop(); throws after the bound.
  int wait_exit(std::chrono::milliseconds bound = 10s);
  bool is_running();

  TestClient connect() const { return TestClient::connect(port_); }
  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  // What the server has as its working directory.
  const TemporaryFolder& folder() const { return folder_; }
  // All that the server has printed or logged so far, over all starts.
  std::string log() const;
  // Changes what the next start() uses.
  Options& options() { return options_; }

 private:
  std::vector<std::string> command_line() const;
  void launch();
  bool wait_until_ready();
  bool answers() const;

  Options options_;
  TemporaryFolder folder_;
  int port_ = 0;
  pid_t pid_ = -1;
  int exit_code_ = 0;
  size_t log_start_ = 0;  // where this start's part of the log begins
};

// What is sent while the process is stopped is read in one turn.
class Stopped {
 public:
  explicit Stopped(const TestServer& server) : server_(server) { server_.signal(SIGSTOP); }
  ~Stopped() { server_.signal(SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  const TestServer& server_;
};

}  // namespace larder
