#include "tests/support/test_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>

namespace larder {
namespace {

constexpr const char* kOutput = "output.log";

}  // namespace

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const bool is_bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  ::close(socket);
  if (!is_bound) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

std::string larder_server_path() {
  if (const char* path = std::getenv("LARDER_SERVER"); path != nullptr) return path;
#ifdef LARDER_SERVER
  return LARDER_SERVER;
#else
  return "";
#endif
}

TestServer::TestServer(Options options) : options_(std::move(options)) {
  if (!options_.start) return;
  try {
    start();
  } catch (...) {
    // The destructor does not run for an object that was never whole.
    stop();
    throw;
  }
}

TestServer::~TestServer() noexcept(false) {
  // A test that knows of the end has asked for it, and the process is no longer known here.
  const bool is_news = pid_ > 0;
  const int code = stop();
  if (is_news && code != 0 && std::uncaught_exceptions() == 0) {
    throw std::runtime_error("the server ended with " + std::to_string(code) + ":\n" + log());
  }
}

std::vector<std::string> TestServer::command_line() const {
  // The server starts in another directory, where a relative path would lead elsewhere.
  std::vector<std::string> line = {std::filesystem::absolute(options_.program).string()};
  if (!options_.config.empty()) {
    line.push_back(folder_.write("test.conf", options_.config));
  }
  for (const auto& word : {std::string("--port"), std::to_string(port_), std::string("--bind"),
                           std::string("127.0.0.1"), std::string("--dir"), folder_.path(""),
                           std::string("--save"), std::string()}) {
    line.push_back(word);
  }
  line.insert(line.end(), options_.arguments.begin(), options_.arguments.end());
  return line;
}

void TestServer::launch() {
  const auto line = command_line();
  std::vector<char*> arguments;
  for (const std::string& word : line) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string output = folder_.path(kOutput);
  const std::string directory = folder_.path("");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  // The child. A server must not outlive a test that was killed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::dup2(input, 0) < 0 || ::dup2(file, 1) < 0 || ::dup2(file, 2) < 0 ||
      ::chdir(directory.c_str()) != 0) {
    ::_exit(127);
  }
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

void TestServer::start() {
  if (options_.program.empty()) throw std::runtime_error("LARDER_SERVER says no binary to test");
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; i++) {
    if (i > 0 || port_ == 0) port_ = free_port();
    log_start_ = log().size();
    exit_code_ = 0;
    launch();
    if (wait_until_ready()) return;
    const std::string text = log().substr(log_start_);
    if (text.find("ddress already in use") == std::string::npos) {
      throw std::runtime_error("the server did not start (" + std::to_string(exit_code_) + "):\n" +
                               text);
    }
  }
  throw std::runtime_error("found no port for the server");
}

bool TestServer::wait_until_ready() {
  bool is_ready = false;
  eventually([&] { return !is_running() || (is_ready = answers()); }, 30s);
  if (!is_ready) stop();
  return is_ready;
}

// Any answer will do but that it is still loading: NOAUTH is one. A server without a TCP port says
// in its log that it is ready.
bool TestServer::answers() const {
  try {
    TestClient client = connect();
    const Reply reply = client("PING");
    return !reply.text.starts_with("LOADING");
  } catch (const std::runtime_error&) {
    return log().find("Ready to accept connections", log_start_) != std::string::npos;
  }
}

void TestServer::restart() {
  stop();
  start();
}

int TestServer::stop() {
  constexpr auto kPatience = 10s;
  if (is_running()) {
    signal(SIGTERM);
    if (!eventually([&] { return !is_running(); }, kPatience)) {
      signal(SIGKILL);
      eventually([&] { return !is_running(); }, kPatience);
    }
  }
  return exit_code_;
}

void TestServer::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int TestServer::wait_exit(std::chrono::milliseconds bound) {
  if (!eventually([&] { return !is_running(); }, bound)) {
    throw std::runtime_error("the server does not end:\n" + log());
  }
  return exit_code_;
}

bool TestServer::is_running() {
  if (pid_ <= 0) return false;
  int outcome = 0;
  if (::waitpid(pid_, &outcome, WNOHANG) == 0) return true;
  exit_code_ = WIFEXITED(outcome) ? WEXITSTATUS(outcome) : -WTERMSIG(outcome);
  pid_ = -1;
  return false;
}

std::string TestServer::log() const {
  return folder_.read(kOutput);
}

}  // namespace larder
