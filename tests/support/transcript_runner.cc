// transcript_runner [--server PATH | --port N] [--reference] [--record] [--resp 2|3] PATH...
//
// Replays transcripts (files, or folders of .txt files) in RESP2 and RESP3 against a server that it
// starts, or one that runs already; the latter is emptied. Exit code 1 when anything is not as
// written.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/test_server.h"
#include "tests/support/transcript_player.h"

namespace larder {
namespace {

struct Arguments {
  std::string server = larder_server_path();
  int port = 0;
  bool is_reference = false;
  bool record = false;
  std::vector<int> versions = {2, 3};
  std::vector<std::filesystem::path> paths;
};

std::optional<Arguments> read_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); i++) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--server" && has_value) {
      arguments.server = words[++i];
    } else if (words[i] == "--port" && has_value) {
      arguments.port = std::stoi(words[++i]);
    } else if (words[i] == "--resp" && has_value) {
      arguments.versions = {std::stoi(words[++i])};
    } else if (words[i] == "--reference") {
      arguments.is_reference = true;
    } else if (words[i] == "--record") {
      arguments.record = true;
    } else if (words[i].starts_with("--")) {
      return std::nullopt;
    } else {
      arguments.paths.emplace_back(words[i]);
    }
  }
  if (arguments.paths.empty()) return std::nullopt;
  return arguments;
}

std::vector<std::filesystem::path> find_files(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".txt") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void play_all(const Arguments& arguments, TranscriptPlayer& player) {
  for (const auto& path : find_files(arguments.paths)) {
    const Transcript transcript = parse_transcript(path.string(), read_file(path));
    for (const int version : arguments.versions) player.play(transcript, version);
    const auto recorded = player.finish(transcript);
    if (!recorded.empty()) std::ofstream(path) << insert_lines(transcript.text, recorded);
  }
}

int report(const TranscriptPlayer::Report& report, std::chrono::milliseconds spent) {
  for (const std::string& difference : report.differences) {
    std::printf("differs as announced: %s\n", difference.c_str());
  }
  for (const std::string& failure : report.failures) std::printf("%s\n\n", failure.c_str());
  std::printf(
      "%zu files, %zu steps played, %zu skipped, %zu announced differences, %zu failures (%lld "
      "ms)\n",
      report.files, report.steps, report.skipped, report.differences.size(), report.failures.size(),
      static_cast<long long>(spent.count()));
  // Nothing played is no success.
  return report.failures.empty() && report.steps > 0 ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
  const auto arguments = read_arguments(words);
  if (!arguments) {
    std::fprintf(stderr,
                 "usage: transcript_runner [--server PATH | --port N] [--reference] [--record] "
                 "[--resp 2|3] PATH...\n");
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  std::optional<TestServer> server;
  int port = arguments->port;
  if (port == 0) {
    server.emplace(TestServer::Options{.arguments = {"--enable-debug-command", "yes"},
                                       .program = arguments->server});
    port = server->port();
  }
  TranscriptPlayer player(
      {.port = port, .is_reference = arguments->is_reference, .record = arguments->record});
  try {
    play_all(*arguments, player);
  } catch (const std::exception& failure) {
    std::printf("%s\n%s\n", failure.what(), server ? server->log().c_str() : "");
    report(player.report(), {});
    return 1;
  }
  return report(player.report(), std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::steady_clock::now() - begin));
}

}  // namespace
}  // namespace larder

int main(int argc, char** argv) {
  try {
    return larder::run({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "transcript_runner: %s\n", failure.what());
    return 1;
  }
}
