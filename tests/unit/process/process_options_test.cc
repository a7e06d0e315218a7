#include "server/process/process_options.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/process/child.h"

namespace larder {
namespace {

std::string set(OptionBase& option, Words words) {
  const Status status = option.read(words, Reading::first);
  return status.is_ok() ? "ok" : status.text();
}

TEST_CASE("process options have Redis's names and defaults") {
  ProcessOptions options;
  std::string all;
  for (const OptionBase* option : options.options()) {
    all += std::string(option->name()) + '=' + option->text() + '\n';
    CHECK_FALSE(option->attributes().help.empty());
  }
  CHECK(all ==
        "daemonize=no\nrun-as=\npidfile=\nsupervised=no\ndir=./\nlogfile=\nloglevel=notice\n"
        "syslog-enabled=no\nsyslog-ident=larder\nsyslog-facility=local0\ncrash-log-enabled=yes\n"
        "hide-user-data-from-log=yes\nalways-show-logo=no\nset-proc-title=yes\n"
        "proc-title-template={title} {listen-addr} {server-mode}\noom-score-adj=no\n"
        "oom-score-adj-values=0 200 800\nshutdown-timeout=10\n"
        "shutdown-on-sigint=default\nshutdown-on-sigterm=default\nenable-protected-configs=no\n"
        "enable-debug-command=no\nenable-module-command=no\n");
}

TEST_CASE("contradictory shutdown flags are refused") {
  ProcessOptions options;
  CHECK(set(options.shutdown_on_sigterm, {"save", "now", "force"}) == "ok");
  CHECK(has_flag(options.shutdown_on_sigterm, ShutdownFlags::force));
  CHECK_FALSE(has_flag(options.shutdown_on_sigterm, ShutdownFlags::nosave));
  CHECK(set(options.shutdown_on_sigint, {"save", "nosave"}) ==
        "shutdown options SAVE and NOSAVE can't be used simultaneously");
  CHECK(options.shutdown_on_sigint.text() == "default");
}

TEST_CASE("a title template that cannot be expanded is refused") {
  ProcessOptions options;
  CHECK(set(options.proc_title_template, {"{title} on {port}"}) == "ok");
  for (const char* text : {"{nothing}", "{title", "", "{port}"}) {
    CHECK(set(options.proc_title_template, {text}) ==
          "template format is invalid or contains unknown variables");
  }
  CHECK(*options.proc_title_template == "{title} on {port}");
}

TEST_CASE("the log is opened as the options say") {
  ProcessOptions options;
  REQUIRE(set(options.loglevel, {"verbose"}) == "ok");
  REQUIRE(set(options.logfile, {"/tmp/x.log"}) == "ok");
  REQUIRE(set(options.syslog_facility, {"user"}) == "ok");
  const log::Settings settings = log_settings(options);
  CHECK(settings.level == log::Level::verbose);
  CHECK(settings.file == "/tmp/x.log");
  CHECK(settings.syslog_facility == LOG_USER);
  CHECK_FALSE(settings.to_syslog);
}

TEST_CASE("the working directory is entered and shown as an absolute path") {
  TemporaryFolder folder;
  const int status = run_in_child(
      [&] {
        ProcessOptions options;
        options.dir.assign(folder.path("missing"));
        const Status missing = enter_working_directory(options);
        if (missing.is_ok() || missing.text() != "No such file or directory") return 1;
        if (::chdir("/") != 0) return 2;
        options.dir.assign("." + folder.root().string());
        if (!enter_working_directory(options).is_ok()) return 3;
        const bool is_there =
            std::filesystem::equivalent(std::filesystem::current_path(), folder.root());
        return is_there && *options.dir == std::filesystem::current_path().string() ? 0 : 4;
      },
      folder.path("errors"));
  CHECK(status == 0);
}

}  // namespace
}  // namespace larder
