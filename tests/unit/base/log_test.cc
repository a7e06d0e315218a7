#include "server/base/log.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

namespace larder {
namespace {

// A log in a folder of its own; afterwards the process logs nothing again.
class LogFile {
 public:
  LogFile() {
    char pattern[] = "/tmp/larder-log-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    REQUIRE(open(log::Level::verbose).is_ok());
  }
  ~LogFile() {
    (void)log::open({.level = log::Level::nothing}).is_ok();
    std::filesystem::remove_all(folder_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  Status open(log::Level level) { return log::open({.level = level, .file = path()}); }
  std::string path(const char* name = "server.log") const { return folder_ / name; }
  std::vector<std::string> lines(const char* name = "server.log") const {
    std::ifstream in(path(name));
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path folder_;
};

TEST_CASE("log lines have Redis's form") {
  LogFile file;
  log::verbose("one");
  log::notice("two {} %s");
  log::warning("three");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 3);
  const std::string start = std::to_string(::getpid()) + ":M ";
  const std::regex form(
      R"(\d+:M \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} ([-*#]) (one|two \{\} %s|three))");
  const char* const marks[] = {"-", "*", "#"};
  for (size_t i = 0; i < lines.size(); i++) {
    std::smatch match;
    INFO(lines[i]);
    REQUIRE(std::regex_match(lines[i], match, form));
    CHECK(lines[i].starts_with(start));
    CHECK(match[1] == marks[i]);
  }
}

TEST_CASE("messages below the level are left out") {
  LogFile file;
  log::debug("left out");
  CHECK_FALSE(log::is_enabled(log::Level::debug));
  log::set_level(log::Level::warning);
  log::notice("left out");
  log::warning("kept");
  CHECK(log::is_enabled(log::Level::warning));
  log::set_level(log::Level::nothing);
  log::warning("left out");
  CHECK(file.lines().size() == 1);
}

TEST_CASE("after a rotation the log goes on in a new file under the old name") {
  LogFile file;
  log::notice("before");
  std::filesystem::rename(file.path(), file.path("rotated.log"));
  log::notice("still in the old one");
  REQUIRE(log::reopen().is_ok());
  log::notice("after");
  CHECK(file.lines("rotated.log").size() == 2);
  CHECK(file.lines().size() == 1);
}

TEST_CASE("an existing log is continued") {
  LogFile file;
  log::notice("first");
  REQUIRE(file.open(log::Level::notice).is_ok());
  log::notice("second");
  CHECK(file.lines().size() == 2);
}

TEST_CASE("a log that cannot be opened is an error and leaves the old one") {
  LogFile file;
  CHECK_FALSE(log::open({.file = "/dev/null/server.log"}).is_ok());
  log::notice("still here");
  CHECK(file.lines().size() == 1);
}

// As a full disk does it: a file may have so many bytes, and no more for now.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &former_) == 0);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = former_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &former_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit former_{};
};

TEST_CASE("a log that cannot be written loses lines, and says how many when it can be again") {
  LogFile file;
  log::notice("before");
  {
    // In the middle of the next line.
    const FullDisk disk(std::filesystem::file_size(file.path()) + 20);
    for (int i = 0; i < 5; i++) log::notice("lost");
  }
  log::notice("after");
  log::notice("and on");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].ends_with("before"));
  CHECK(lines[1].size() == 20);
  CHECK(lines[2].ends_with("# 5 lines of the log could not be written"));
  CHECK(lines[3].ends_with("after"));
  CHECK(lines[4].ends_with("and on"));
}

}  // namespace
}  // namespace larder
