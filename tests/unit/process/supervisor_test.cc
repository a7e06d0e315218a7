#include "server/process/supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>

#include "tests/unit/process/child.h"

namespace larder {
namespace {

// Sets a variable for one test, without log lines about it.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
    log::set_level(log::Level::nothing);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

// systemd's end: a datagram socket. A name that begins with '@' is outside the file system.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name) : file_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(file_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ~NotifySocket() { ::close(file_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  std::string receive() const {
    char buffer[512];
    const ssize_t got = ::recv(file_, buffer, sizeof(buffer), MSG_DONTWAIT);
    return got < 0 ? "nothing" : std::string(buffer, static_cast<size_t>(got));
  }

 private:
  int file_;
};

TEST_CASE("systemd hears what happens") {
  TemporaryFolder folder;
  const std::string name =
      GENERATE(0, 1) == 0 ? folder.path("notify") : "@larder-test-" + std::to_string(::getpid());
  const NotifySocket socket(name);
  const Variable variable("NOTIFY_SOCKET", name);
  const Supervisor supervisor(GENERATE(Supervision::automatic, Supervision::systemd));
  CHECK(supervisor.is_present());
  CHECK(supervisor.name() == "systemd");
  supervisor.status("Loading\nREADY=1");
  CHECK(socket.receive() == "STATUS=Loading READY=1");
  supervisor.ready("Ready to accept connections");
  CHECK(socket.receive() == "READY=1\nSTATUS=Ready to accept connections");
  supervisor.reloading();
  CHECK_THAT(socket.receive(), Catch::StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  supervisor.stopping();
  CHECK(socket.receive() == "STOPPING=1");
  CHECK(socket.receive() == "nothing");
}

TEST_CASE("without a wish for it nobody is told") {
  TemporaryFolder folder;
  const NotifySocket socket(folder.path("notify"));
  const Variable variable("NOTIFY_SOCKET", folder.path("notify"));
  const Supervisor supervisor(Supervision::no);
  CHECK_FALSE(supervisor.is_present());
  supervisor.ready("Ready");
  CHECK(socket.receive() == "nothing");
}

TEST_CASE("a wish that the environment does not answer is dropped") {
  log::set_level(log::Level::nothing);
  for (const Supervision wanted :
       {Supervision::automatic, Supervision::systemd, Supervision::upstart, Supervision::no}) {
    const Supervisor supervisor(wanted);
    CHECK_FALSE(supervisor.is_present());
    CHECK(supervisor.name() == "no");
    supervisor.ready("Ready");
  }
}

TEST_CASE("sockets that are gone or have impossible names are no disaster") {
  for (const std::string& name :
       {std::string("/nowhere/notify"), std::string("relative"), std::string("/"), std::string("@"),
        "/" + std::string(200, 'x')}) {
    const Variable variable("NOTIFY_SOCKET", name);
    const Supervisor supervisor(Supervision::systemd);
    supervisor.ready("Ready");
    supervisor.stopping();
  }
}

TEST_CASE("for upstart the process stops once, when it is ready") {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const Variable variable("UPSTART_JOB", "larder");
    const Supervisor supervisor(Supervision::automatic);
    if (supervisor.name() != "upstart") ::_exit(2);
    supervisor.ready("Ready");
    ::_exit(::getenv("UPSTART_JOB") == nullptr ? 0 : 3);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  CHECK(WIFSTOPPED(status));
  ::kill(child, SIGCONT);
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace larder
