// Runs another program to its end: redis-cli, python3, or the server itself where it is expected to
// refuse to start.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/eventually.h"

namespace larder {

struct ProgramResult {
  int exit_code = 0;   // or minus the signal that ended it
  std::string output;  // all of standard output
  std::string errors;  // all of standard error
};

struct ProgramOptions {
  std::string input = {};
  std::string directory = {};                           // "": the one of the test
  std::map<std::string, std::string> environment = {};  // in addition to that of the test
  std::chrono::milliseconds bound = 30s;
};

// `line` is the program, found on the PATH, and its arguments. Standard input and output are files,
// so that nothing can block. Throws if the program is still running after the bound (it is killed
// then), or if there is no such program.
ProgramResult run_program(const std::vector<std::string>& line, const ProgramOptions& options = {});

}  // namespace larder
