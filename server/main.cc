// Arguments, then a Server, then run.

#include <unistd.h>

#include <cstdio>
#include <optional>
#include <span>
#include <string>

#include "modules/modules.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/config/command_line.h"
#include "server/config/example.h"
#include "server/process/crash_report.h"
#include "server/process/daemon.h"
#include "server/process/identity.h"
#include "server/process/process_title.h"
#include "server/process/startup_checks.h"
#include "server/process/supervisor.h"
#include "server/server.h"

namespace larder {
namespace {

void set_title(ProcessTitle& title, const Configuration& configuration) {
  if (!configuration.process.set_proc_title.get()) return;
  const NetworkOptions& network = configuration.network;
  TitleFacts facts;
  facts.title = title.program();
  facts.port = to_text(network.port.get());
  facts.tls_port = configuration.tls.port.text();
  facts.unix_socket = network.unixsocket.get();
  facts.config_file = configuration.file;
  const std::string address = network.bind.get().empty() ? "*" : network.bind.get().front();
  const uint16_t port = configuration.first_port();
  facts.listen_address =
      port != 0 ? address + ":" + to_text(port) : "unixsocket:" + facts.unix_socket;
  if (const auto text = expand_title(configuration.process.proc_title_template.get(), facts)) {
    title.set(*text);
  }
}

void greet(const Configuration& configuration) {
  log::notice("Larder is starting");
  log::notice("Larder version=" LARDER_VERSION ", bits=64, pid=" + to_text(getpid()) +
              ", just started");
  log::notice(configuration.file.empty() ? "Using the built-in defaults, no config file"
                                         : "Configuration loaded from " + configuration.file);
  // What tools look for to learn the process id.
  log::notice("Port: " + to_text(configuration.first_port()) + ", PID: " + to_text(getpid()));
  for (const std::string& warning : startup_warnings(read_machine_settings())) {
    log::warning("WARNING " + warning);
  }
}

// As in Redis, a server whose pid file cannot be written runs on without.
std::optional<PidFile> write_pid_file(const std::string& path) {
  if (path.empty()) return std::nullopt;
  Result<PidFile> written = PidFile::write(path);
  if (written.is_ok()) return std::move(written).value();
  log::warning(written.text());
  return std::nullopt;
}

Status serve(Configuration& configuration, const Modules& modules, ProcessTitle& title) {
  const Supervisor supervisor(configuration.process.supervised.get());
  configuration.supervisor = supervisor.name();
  const bool in_background = configuration.process.daemonize.get() && !supervisor.is_present();
  TRY(enter_working_directory(configuration.process));
  TRY(configuration.identity, Identity::of(configuration.process.run_as.get()));
  TRY(configuration.identity.lend_to([&] { return log::open(log_settings(configuration.process)); }));
  BackgroundStart background;
  if (in_background) {
    TRY(background, go_to_background());
  }
  greet(configuration);

  Server server(configuration, modules);
  CrashReport crash_report(server.running_command());
  crash_report.set_log_file(configuration.process.logfile.get());
  if (configuration.process.crash_log_enabled.get()) crash_report.start();
  TRY(server.start());
  const std::optional<PidFile> pid_file = write_pid_file(pid_file_path(configuration.process, in_background));
  const auto show_title = [&] { set_title(title, configuration); };
  show_title();
  server.addresses_changed.add(show_title);
  configuration.process.proc_title_template.on_change([&]() -> Status {
    show_title();
    return ok;
  });
  background.succeeded();
  supervisor.ready("Ready to accept connections");
  server.run();
  supervisor.stopping();
  return ok;
}

int fail(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  return 1;
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

int run(std::span<const char* const> arguments, ProcessTitle& title) {
  Result<CommandLine> parsed = parse_command_line(arguments);
  if (!parsed.is_ok()) return fail(parsed.text());
  const CommandLine& line = parsed.value();
  Configuration configuration;
  const Modules modules = make_modules();
  for (const auto& module : modules) configuration.options.add(module->options);
  switch (line.action) {
    case Action::print_version:
      return print("Larder server v=" LARDER_VERSION " malloc=" + allocator_name() + " bits=64\n");
    case Action::print_help: return print(command_line_help());
    case Action::print_example_config: return print(example_config(configuration.options));
    case Action::check_config:
    case Action::run: break;
  }
  configuration.file = line.config_file;
  if (Status loaded = load_configuration(line, configuration.options); !loaded.is_ok()) {
    return fail(loaded.text());
  }
  if (line.action == Action::check_config) return print(line.config_file + ": OK\n");
  if (Status served = serve(configuration, modules, title); !served.is_ok()) {
    log::warning(served.text());
    return fail(served.text());
  }
  return 0;
}

}  // namespace
}  // namespace larder

int main(int argument_count, char** arguments) {
  larder::ProcessTitle title(argument_count, arguments);
  // The title overwrites the arguments' memory: keep copies of what they say.
  std::vector<std::string> words(arguments + 1, arguments + argument_count);
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  return larder::run(pointers, title);
}
