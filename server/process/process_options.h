// The options of the process itself: background, log, title, signals, and which dangerous commands
// the administrator allows.
#pragma once

#include <syslog.h>

#include <string>

#include "server/base/log.h"
#include "server/config/option.h"
#include "server/process/oom_score.h"

namespace larder {

enum class Supervision { no, automatic, systemd, upstart };

// Who may use a dangerous command: nobody, everybody, or clients of this machine.
enum class Allowed { no, yes, local };

// What SHUTDOWN does when a signal asks for it; bits that can be combined.
enum class ShutdownFlags { standard = 0, save = 1, nosave = 2, now = 4, force = 8 };
constexpr bool has_flag(ShutdownFlags flags, ShutdownFlags flag) {
  return (static_cast<int>(flags) & static_cast<int>(flag)) != 0;
}

// The facilities of syslog(3) that a daemon may use.
enum class SyslogFacility : int {
  user = LOG_USER,
  local0 = LOG_LOCAL0,
  local1 = LOG_LOCAL1,
  local2 = LOG_LOCAL2,
  local3 = LOG_LOCAL3,
  local4 = LOG_LOCAL4,
  local5 = LOG_LOCAL5,
  local6 = LOG_LOCAL6,
  local7 = LOG_LOCAL7,
};

inline constexpr EnumName<Supervision> kSupervisionNames[] = {
    {"upstart", Supervision::upstart},
    {"systemd", Supervision::systemd},
    {"auto", Supervision::automatic},
    {"no", Supervision::no},
};
inline constexpr EnumName<Allowed> kAllowedNames[] = {
    {"no", Allowed::no}, {"yes", Allowed::yes}, {"local", Allowed::local}};
inline constexpr EnumName<ShutdownFlags> kShutdownFlagNames[] = {
    {"default", ShutdownFlags::standard}, {"save", ShutdownFlags::save},
    {"nosave", ShutdownFlags::nosave},    {"now", ShutdownFlags::now},
    {"force", ShutdownFlags::force},
};
inline constexpr EnumName<log::Level> kLogLevelNames[] = {
    {"debug", log::Level::debug},     {"verbose", log::Level::verbose},
    {"notice", log::Level::notice},   {"warning", log::Level::warning},
    {"nothing", log::Level::nothing},
};
inline constexpr EnumName<SyslogFacility> kSyslogFacilityNames[] = {
    {"user", SyslogFacility::user},     {"local0", SyslogFacility::local0},
    {"local1", SyslogFacility::local1}, {"local2", SyslogFacility::local2},
    {"local3", SyslogFacility::local3}, {"local4", SyslogFacility::local4},
    {"local5", SyslogFacility::local5}, {"local6", SyslogFacility::local6},
    {"local7", SyslogFacility::local7},
};

struct ProcessOptions : OptionGroup {
  ProcessOptions();

  Option<bool> daemonize{*this,
                         "daemonize",
                         false,
                         {.immutable = true,
                          .help = "Run in the background. Not needed, and ignored, under a "
                                  "supervisor such as systemd."}};
  Option<std::string> run_as{
      *this,
      "run-as",
      "",
      {.immutable = true,
       .help = "The user that the server becomes when root has started it; empty: it stays who it is. "
               "Before, it reads this file, the users and the keys of TLS and listens on its ports. "
               "Log, Unix socket and pid file belong to that user, whose folders they have to be in. "
               "SIGHUP and CONFIG SET read keys and open ports as that user. (Redis has given the "
               "name user to something else.)"}};
  Option<std::string> pidfile{*this,
                              "pidfile",
                              "",
                              {.immutable = true,
                               .help = "File for the process id. In the background, "
                                       "/var/run/larder.pid unless one is named here."}};
  Option<Supervision> supervised{
      *this,
      "supervised",
      Supervision::no,
      kSupervisionNames,
      {.immutable = true,
       .help = "Whom to tell when the server is ready and when it stops: systemd with Type=notify, "
               "upstart with expect stop; auto: whichever of them started it."}};
  Option<std::string> dir{*this,
                          "dir",
                          "./",
                          {.is_protected = true,
                           .help = "The working directory: data files and relative paths are "
                                   "found there."}};

  Option<std::string> logfile{
      *this,
      "logfile",
      "",
      {.immutable = true,
       .help =
           "File for the log; empty: standard output. SIGHUP opens it again after a rotation."}};
  Option<log::Level> loglevel{
      *this,
      "loglevel",
      log::Level::notice,
      kLogLevelNames,
      {.help = "How much is logged."}};
  Option<bool> syslog_enabled{*this,
                              "syslog-enabled",
                              false,
                              {.immutable = true, .help = "Log to the system log as well."}};
  Option<std::string> syslog_ident{
      *this,
      "syslog-ident",
      "larder",
      {.immutable = true, .help = "The name under which the system log shows the server."}};
  Option<SyslogFacility> syslog_facility{
      *this,
      "syslog-facility",
      SyslogFacility::local0,
      kSyslogFacilityNames,
      {.immutable = true, .help = "The facility of the system log."}};
  Option<bool> crash_log_enabled{
      *this,
      "crash-log-enabled",
      true,
      {.help = "Log a stack trace and the name of the last command when the server crashes."}};
  Option<bool> hide_user_data_from_log{
      *this, "hide-user-data-from-log", true, {.help = "Has no effect: keys and values never go to the log."}};
  Option<bool> always_show_logo{
      *this,
      "always-show-logo",
      false,
      {.immutable = true, .help = "Has no effect: there is no logo."}};

  Option<bool> set_proc_title{*this,
                              "set-proc-title",
                              true,
                              {.immutable = true, .help = "Show address and port in ps and top."}};
  Option<std::string> proc_title_template{
      *this,
      "proc-title-template",
      "{title} {listen-addr} {server-mode}",
      {.help = "What ps and top show. Known: {title} {listen-addr} {server-mode} {port} {tls-port} "
               "{unixsocket} {config-file}."}};

  Option<OomScoreMode> oom_score_adj{
      *this,
      "oom-score-adj",
      OomScoreMode::no,
      kOomScoreModes,
      {.help = "Whether the kernel is told how likely to end the server when the machine runs out of "
               "memory: no, relative (or yes) to the score it had, absolute."}};
  Option<std::vector<std::string>> oom_score_adj_values{
      *this,
      "oom-score-adj-values",
      {"0", "200", "800"},
      {.help = "The scores of a primary, of a replica, and of a child process. The kernel ends the "
               "process with the highest first."}};

  Option<int> shutdown_timeout{
      *this,
      "shutdown-timeout",
      10,
      {.unit = Unit::seconds, .help = "How long a shutdown waits for replicas that lag behind."}};
  Option<ShutdownFlags> shutdown_on_sigint{
      *this,
      "shutdown-on-sigint",
      ShutdownFlags::standard,
      kShutdownFlagNames,
      {.several = true,
       .help = "How SIGINT shuts down: default, or several of the others."}};
  Option<ShutdownFlags> shutdown_on_sigterm{*this,
                                            "shutdown-on-sigterm",
                                            ShutdownFlags::standard,
                                            kShutdownFlagNames,
                                            {.several = true, .help = "The same for SIGTERM."}};

  Option<Allowed> enable_protected_configs{
      *this,
      "enable-protected-configs",
      Allowed::no,
      kAllowedNames,
      {.immutable = true,
       .help = "Who may CONFIG SET what could be turned against the machine (dir, dbfilename): no, "
               "yes, or local for clients of this machine."}};
  Option<Allowed> enable_debug_command{*this,
                                       "enable-debug-command",
                                       Allowed::no,
                                       kAllowedNames,
                                       {.immutable = true, .help = "Who may use DEBUG."}};
  Option<Allowed> enable_module_command{*this,
                                        "enable-module-command",
                                        Allowed::no,
                                        kAllowedNames,
                                        {.immutable = true, .help = "Who may use MODULE."}};
};

log::Settings log_settings(const ProcessOptions& options);

// Changes to `dir`, and makes the option show the absolute path from then on. At start, and for
// CONFIG SET (`dir.on_change`). Errors: the system's reason.
Status enter_working_directory(ProcessOptions& options);

}  // namespace larder
