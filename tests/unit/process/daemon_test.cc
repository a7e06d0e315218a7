#include "server/process/daemon.h"

#include <poll.h>
#include <signal.h>

#include <catch2/catch.hpp>

#include "server/base/numbers.h"
#include "tests/unit/process/child.h"

namespace larder {
namespace {

TEST_CASE("the pid file holds the process id and goes with its owner") {
  TemporaryFolder folder;
  {
    auto file = PidFile::write(folder.path("pid"));
    REQUIRE(file.is_ok());
    const PidFile owner = std::move(file).value();
    CHECK(folder.read("pid") == to_text(::getpid()) + "\n");
    // A child of a fork must not remove it.
    run_in_child(
        [&] {
          PidFile inherited = std::move(const_cast<PidFile&>(owner));
          return 0;
        },
        folder.path("errors"));
    CHECK(folder.read("pid") == to_text(::getpid()) + "\n");
  }
  CHECK_FALSE(std::filesystem::exists(folder.path("pid")));
}

TEST_CASE("the pid file of another server stays") {
  TemporaryFolder folder;
  {
    auto file = PidFile::write(folder.path("pid"));
    REQUIRE(file.is_ok());
    std::ofstream(folder.path("pid")) << "1\n";
  }
  CHECK(folder.read("pid") == "1\n");
}

TEST_CASE("a pid file that cannot be written is an error") {
  const auto file = PidFile::write("/dev/null/larder.pid");
  REQUIRE_FALSE(file.is_ok());
  CHECK_THAT(file.text(), Catch::Contains("/dev/null/larder.pid: Not a directory"));
}

TEST_CASE("the pid file is where the options say, or has a place in the background") {
  ProcessOptions options;
  CHECK(pid_file_path(options, false).empty());
  CHECK(pid_file_path(options, true) == "/var/run/larder.pid");
  options.pidfile.assign("/tmp/x.pid");
  CHECK(pid_file_path(options, false) == "/tmp/x.pid");
  CHECK(pid_file_path(options, true) == "/tmp/x.pid");
}

// What the process in the background has to say of itself; waits for the end of it.
std::string tale_of_background(const std::function<void(BackgroundStart&)>& body,
                               int& start_status) {
  TemporaryFolder folder;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  start_status = run_in_child(
      [&] {
        auto start = go_to_background();
        if (!start.is_ok()) return 98;
        ::close(ends[0]);
        BackgroundStart background = std::move(start).value();
        body(background);
        const bool has_session = ::getsid(0) == ::getpid();
        char name[64] = {};
        (void)!::readlink("/proc/self/fd/1", name, sizeof(name) - 1);
        const std::string tale = std::string(has_session ? "session " : "no session ") + name;
        (void)!::write(ends[1], tale.data(), tale.size());
        return 0;
      },
      folder.path("errors"));
  ::close(ends[1]);
  std::string tale;
  char buffer[256];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof(buffer))) > 0;) {
    tale.append(buffer, static_cast<size_t>(got));
  }
  ::close(ends[0]);
  return tale;
}

TEST_CASE("in the background there is a session of one's own and no terminal") {
  int status = -1;
  const std::string tale =
      tale_of_background([](BackgroundStart& start) { start.succeeded(); }, status);
  CHECK(tale == "session /dev/null");
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the starting process reports a start that failed") {
  int status = -1;
  tale_of_background([](BackgroundStart&) { ::_exit(3); }, status);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
}

}  // namespace
}  // namespace larder
