#include "server/base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <memory>
#include <vector>

#include "server/base/log_file.h"

namespace larder::log {
namespace {

// Redis's marks for the four levels: . - * #
class LevelMark final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    switch (message.level) {
      case spdlog::level::trace: out.push_back('.'); break;
      case spdlog::level::debug: out.push_back('-'); break;
      case spdlog::level::info: out.push_back('*'); break;
      default: out.push_back('#');
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelMark>();
  }
};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::trace;
    case Level::verbose: return spdlog::level::debug;
    case Level::notice: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::nothing: return spdlog::level::off;
  }
  return spdlog::level::info;
}

void set_form(spdlog::sinks::sink& sink) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelMark>('*').set_pattern("%P:M %d %b %Y %H:%M:%S.%e %* %v");
  sink.set_formatter(std::move(formatter));
}

std::shared_ptr<spdlog::logger> make_logger(std::vector<spdlog::sink_ptr> sinks, Level level) {
  auto logger = std::make_shared<spdlog::logger>("larder", sinks.begin(), sinks.end());
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::trace);
  return logger;
}

struct Log {
  Settings settings;
  std::shared_ptr<spdlog::logger> logger;
};

Log& current() {
  static Log log = [] {
    auto sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    set_form(*sink);
    return Log{Settings{}, make_logger({sink}, Level::notice)};
  }();
  return log;
}

void write(spdlog::level::level_enum level, std::string_view message) {
  current().logger->log(level, spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace

Status open(const Settings& settings) {
  std::vector<spdlog::sink_ptr> sinks;
  try {
    if (settings.file.empty()) {
      sinks.push_back(std::make_shared<spdlog::sinks::stdout_sink_mt>());
    } else {
      sinks.push_back(std::make_shared<LogFile>(settings.file));
      // Where a file may not grow any further (ulimit -f), writing to it fails, and that is enough.
      std::signal(SIGXFSZ, SIG_IGN);
    }
    set_form(*sinks.back());
    if (settings.to_syslog) {
      sinks.push_back(std::make_shared<spdlog::sinks::syslog_sink_mt>(
          settings.syslog_ident, 0, settings.syslog_facility, false));
    }
  } catch (const spdlog::spdlog_ex& failure) {
    return Error(std::string("Can't open the log file: ") + failure.what());
  }
  current() = Log{settings, make_logger(std::move(sinks), settings.level)};
  return ok;
}

void set_level(Level level) {
  current().settings.level = level;
  current().logger->set_level(to_spdlog(level));
}

Status reopen() { return open(Settings(current().settings)); }

void flush() { current().logger->flush(); }

void debug(std::string_view message) { write(spdlog::level::trace, message); }
void verbose(std::string_view message) { write(spdlog::level::debug, message); }
void notice(std::string_view message) { write(spdlog::level::info, message); }
void warning(std::string_view message) { write(spdlog::level::warn, message); }

bool is_enabled(Level level) { return current().logger->should_log(to_spdlog(level)); }

}  // namespace larder::log
