// What is declared once has to be there everywhere: every command has its transcript, every option
// can be asked for and, where it may change, be set.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "tests/support/test_server.h"

namespace larder {
namespace {

// Commands that no transcript can hold, because after them there is no server or no conversation.
const std::set<std::string> kWithoutTranscript = {"shutdown", "sync", "psync"};

TEST_CASE("every command has a transcript of its name") {
  std::set<std::string> transcripts;
  const std::filesystem::path root(LARDER_SOURCE_TREE "/tests/transcripts");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".txt") transcripts.insert(entry.path().stem().string());
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
