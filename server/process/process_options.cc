#include "server/process/process_options.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "server/base/errors.h"
#include "server/process/process_title.h"

namespace larder {
namespace {

Status check_shutdown_flags(const ShutdownFlags& flags) {
  if (has_flag(flags, ShutdownFlags::save) && has_flag(flags, ShutdownFlags::nosave)) {
    return errors::save_and_nosave();
  }
  return ok;
}

Status check_title_template(const std::string& text) {
  const auto title = expand_title(text, TitleFacts{.title = "larder"});
  if (!title || title->empty()) return errors::invalid_title_template();
  return ok;
}

}  // namespace

ProcessOptions::ProcessOptions() : OptionGroup("Process and log") {
  shutdown_on_sigint.check(check_shutdown_flags);
  shutdown_on_sigterm.check(check_shutdown_flags);
  proc_title_template.check(check_title_template);
  oom_score_adj_values.check(check_oom_score_values);
}

log::Settings log_settings(const ProcessOptions& options) {
  return {.level = *options.loglevel,
          .file = *options.logfile,
          .to_syslog = *options.syslog_enabled,
          .syslog_ident = *options.syslog_ident,
          .syslog_facility = static_cast<int>(*options.syslog_facility)};
}

Status enter_working_directory(ProcessOptions& options) {
  if (::chdir(options.dir->c_str()) != 0) return errors::system_reason(errno);
  std::error_code failure;
  const std::filesystem::path here = std::filesystem::current_path(failure);
  if (failure) return errors::system_reason(failure.value());
  options.dir.assign(here.string());
  return ok;
}

}  // namespace larder
