// The server's log: spdlog below, Redis's line form by default ("PID:ROLE DATE LEVEL MESSAGE"), levels
// as Redis names them. Messages are built by the caller (fmt is the libraries' affair): log::notice(...).
//
// One log per process, because crash handlers and libraries must reach it; until open() is called it
// writes to stdout.
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"

namespace larder::log {

enum class Level { debug, verbose, notice, warning, nothing };

struct Settings {
  Level level = Level::notice;
  std::string file{};  // empty: standard output
  bool to_syslog = false;
  std::string syslog_ident = "larder";
  int syslog_facility = 16 << 3;  // LOG_LOCAL0
};

// (Re)opens the log. Errors: the file cannot be opened; the log then stays as it was.
Status open(const Settings& settings);
void set_level(Level level);
// Opens the log file again under its name, after logrotate moved it away (SIGHUP).
Status reopen();
void flush();

void debug(std::string_view message);
void verbose(std::string_view message);
void notice(std::string_view message);
void warning(std::string_view message);
bool is_enabled(Level level);

}  // namespace larder::log
