// What is declared once has to be there everywhere: every command has its transcript, every option
// can be asked for and, where it may change, be set.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "tests/support/test_server.h"

namespace larder {
namespace {

// Commands that no transcript can hold, because after them there is no server or no conversation.
const std::set<std::string> kWithoutTranscript = {"shutdown", "sync", "psync"};

// A container may have one transcript for all its subcommands, which then names each of them.
bool is_named_in(const std::filesystem::path& transcript, const std::string& full_name) {
  std::string request = "> ";
  for (const char c : full_name) {
    request += c == '|' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  std::ifstream file(transcript);
  for (std::string line; std::getline(file, line);) {
    if (line == request || line.starts_with(request + ' ')) return true;
  }
  return false;
}

TEST_CASE("every command has a transcript of its name") {
  std::map<std::string, std::filesystem::path> transcripts;
  const std::filesystem::path root(LARDER_SOURCE_TREE "/tests/transcripts");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".txt")
      transcripts.emplace(entry.path().stem().string(), entry.path());
  }
  TestServer server;
  auto client = server.connect();
  const Reply names = client("COMMAND", "LIST");
  REQUIRE(names.children.size() > 0);
  std::set<std::string> containers;
  for (const Reply& name : names.children) {
    const size_t bar = name.text.find('|');
    if (bar != std::string::npos) containers.insert(name.text.substr(0, bar));
  }
  for (const Reply& name : names.children) {
    std::string file = name.text;
    // CLIENT KILL is client|kill to the server and client_kill.txt here; CLIENT alone does nothing.
    std::replace(file.begin(), file.end(), '|', '_');
    if (containers.contains(name.text) || kWithoutTranscript.contains(file)) continue;
    const auto of_container = transcripts.find(name.text.substr(0, name.text.find('|')));
    if (of_container != transcripts.end() && is_named_in(of_container->second, name.text)) continue;
    INFO("missing: tests/transcripts/<group>/" << file << ".txt");
    CHECK(transcripts.contains(file));
  }
}

TEST_CASE("every option can be read, and set to what it is unless it is fixed at the start") {
  TestServer server;
  auto client = server.connect();
  const Reply all = client("CONFIG", "GET", "*");
  REQUIRE(all.children.size() > 0);
  for (size_t i = 0; i + 1 < all.children.size(); i += 2) {
    const std::string& name = all.children[i].text;
    const std::string& value = all.children[i + 1].text;
    INFO(name << " = " << value);
    CHECK(client("CONFIG", "GET", name) == array(name, value));
    const Reply outcome = client("CONFIG", "SET", name, value);
    const bool is_fixed = outcome.is_error() &&
                          (outcome.text.find("can't set immutable config") != std::string::npos ||
                           outcome.text.find("can't set protected config") != std::string::npos);
    if (!is_fixed) CHECK(outcome == status("OK"));
    CHECK(client("CONFIG", "GET", name) == array(name, value));
  }
}

}  // namespace
}  // namespace larder
