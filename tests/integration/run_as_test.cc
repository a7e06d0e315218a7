// A server that root starts for another user.
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/program.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_certificates.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_test_client.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUser = "nobody";

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("not root: nobody else to become");
  return false;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// One that only root may listen on; 0: all are taken.
int privileged_port() {
  for (int port = 1023; port > 600; port--) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const bool is_free =
        ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    ::close(socket);
    if (is_free) return port;
  }
  return 0;
}

uid_t owner_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::lstat(path.c_str(), &file) == 0);
  return file.st_uid;
}

// The line of /proc/PID/task/TID/status that begins with `name`, for every thread.
std::vector<std::string> status_lines(pid_t pid, const std::string& name) {
  std::vector<std::string> lines;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(task.path() / "status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(name)) lines.push_back(line.substr(name.size()));
    }
  }
  return lines;
}

// A server in a folder of that user, which is not started yet.
class OtherUsersServer {
 public:
  explicit OtherUsersServer(std::vector<std::string> arguments)
      : user_(*::getpwnam(kUser)),
        server_({.arguments = with_user(std::move(arguments)), .start = false}) {
    REQUIRE(::chown(server_.folder().path("").c_str(), user_.pw_uid, user_.pw_gid) == 0);
  }
  TestServer& server() { return server_; }
  uid_t uid() const { return user_.pw_uid; }
  std::string path(const char* name) const { return server_.folder().path(name); }

 private:
  static std::vector<std::string> with_user(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--run-as", kUser});
    return arguments;
  }

  passwd user_;
  TestServer server_;
};

TEST_CASE("root's server takes what only root may have, and is another user's from then on") {
  if (!is_root()) return;
  const TestCertificates certificates;  // in a folder that only root may enter
  const int tls_port = privileged_port();
  std::vector<std::string> arguments = certificates.server_arguments();
  arguments.insert(arguments.end(), {"--tls-port", std::to_string(tls_port), "--logfile",
                                     "larder.log", "--pidfile", "larder.pid", "--unixsocket",
                                     "larder.sock"});
  OtherUsersServer other(arguments);
  other.server().start();

  const std::string id = std::to_string(other.uid());
  for (const std::string& uids : status_lines(other.server().pid(), "Uid:")) {
    CHECK(uids == '\t' + id + '\t' + id + '\t' + id + '\t' + id);
  }
  for (const std::string& rights : status_lines(other.server().pid(), "CapEff:")) {
    CHECK(rights == "\t0000000000000000");
  }
  for (const char* name : {"larder.log", "larder.pid", "larder.sock"}) {
    INFO(name);
    CHECK(owner_of(other.path(name)) == other.uid());
  }
  TlsTestClient client(tls_port, certificates, {.certificate = certificates.client("client")});
  CHECK(client("PING") == status("PONG"));

  // Later it has the rights of that user: they are enough for the log, and not for the key.
  fs::rename(other.path("larder.log"), other.path("larder.log.1"));
  other.server().signal(SIGHUP);
  CHECK(eventually([&] {
    return contains(other.server().folder().read("larder.log"),
                    "The certificates stay as they were");
  }));
  CHECK(owner_of(other.path("larder.log")) == other.uid());
  CHECK(TlsTestClient(tls_port, certificates,
                      {.certificate = certificates.client("next")})("PING") == status("PONG"));

  CHECK(other.server().stop() == 0);
  CHECK_FALSE(fs::exists(other.path("larder.pid")));
  CHECK_FALSE(fs::exists(other.path("larder.sock")));
}

TEST_CASE("a log that the user of run-as may not write stops the start") {
  if (!is_root()) return;
  const TemporaryFolder folder;  // root's
  const ProgramResult refused =
      run_program({fs::absolute(larder_server_path()), "--port", "0", "--run-as", kUser,
                   "--logfile", folder.path("larder.log")});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "Can't open the log file"));
  CHECK(contains(refused.errors, "Permission denied"));
  CHECK(folder.file_count() == 0);
}

TEST_CASE("a link in the user's folder does not lead root's hand elsewhere") {
  if (!is_root()) return;
  const TemporaryFolder of_root;
  const std::string precious = of_root.write("precious", "untouched");
  OtherUsersServer other({"--pidfile", "larder.pid"});
  fs::create_symlink(precious, other.path("larder.pid"));
  other.server().start();
  CHECK(contains(other.server().log(), "Failed to write PID file"));
  CHECK(of_root.read("precious") == "untouched");
}

TEST_CASE("a user that does not exist stops the start") {
  const ProgramResult refused =
      run_program({fs::absolute(larder_server_path()), "--port", "0", "--run-as", "no-such-user"});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "Can't run as 'no-such-user' (run-as): there is no such user"));
}

}  // namespace
}  // namespace larder
