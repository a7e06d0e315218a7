#include "tests/support/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "tests/support/temporary_folder.h"

namespace larder {
namespace {

constexpr int kCouldNotStart = 127;

// The child, which must not allocate: everything it needs is prepared.
[[noreturn]] void become(char* const* line, char* const* environment, const char* directory,
                         const int (&files)[3]) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < 3; i++) {
    if (::dup2(files[i], i) < 0) ::_exit(kCouldNotStart);
  }
  if (*directory != '\0' && ::chdir(directory) != 0) ::_exit(kCouldNotStart);
  ::execvpe(line[0], line, environment);
  ::_exit(kCouldNotStart);
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; variable++) {
    const std::string text = *variable;
    if (!additions.contains(text.substr(0, text.find('=')))) variables.push_back(text);
  }
  for (const auto& [name, value] : additions) variables.push_back(name + '=' + value);
  return variables;
}

std::optional<int> wait_for_end(pid_t pid, std::chrono::milliseconds bound) {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, bound)) {
    return std::nullopt;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& line, const ProgramOptions& options) {
  const TemporaryFolder folder;
  const std::string input = folder.write("input", options.input);
  const auto create = [&folder](const char* name) {
    return ::open(folder.path(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  };
  const int files[3] = {::open(input.c_str(), O_RDONLY | O_CLOEXEC), create("output"),
                        create("errors")};
  const auto arguments = pointers_to(line);
  const auto variables = environment_with(options.environment);
  const auto environment = pointers_to(variables);

  const pid_t pid = ::fork();
  if (pid == 0) become(arguments.data(), environment.data(), options.directory.c_str(), files);
  for (const int file : files) ::close(file);
  if (pid < 0) throw std::runtime_error("cannot fork");

  const std::optional<int> exit_code = wait_for_end(pid, options.bound);
  if (!exit_code) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  ProgramResult result{exit_code.value_or(-SIGKILL), folder.read("output"), folder.read("errors")};
  if (!exit_code) {
    throw std::runtime_error(line[0] + " does not end:\n" + result.output + result.errors);
  }
  if (result.exit_code == kCouldNotStart) {
    throw std::runtime_error(line[0] + " cannot be started; `make deps` installs what tests need");
  }
  return result;
}

}  // namespace larder
