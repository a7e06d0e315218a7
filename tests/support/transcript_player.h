#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/test_client.h"
#include "tests/support/transcript.h"

namespace larder {

// Plays transcripts against a running server and keeps what did not go as written. Each file starts
// from an empty server and new connections, and settings that it changed are put back behind it.
class TranscriptPlayer {
 public:
  struct Settings {
    int port = 0;
    bool is_reference = false;             // honour the marks that say where a redis-server differs
    std::chrono::milliseconds bound = 5s;  // for a reply, and for what @wait waits for
    bool record = false;                   // write down the replies to steps that have none
  };
  struct Report {
    size_t files = 0;
    size_t steps = 0;  // played, both versions counted
    size_t skipped = 0;
    std::vector<std::string> failures;
    std::vector<std::string> differences;  // expected ones, with their reasons
  };

  explicit TranscriptPlayer(Settings settings) : settings_(settings) {}

  // Plays the file in one version of the protocol.
  void play(const Transcript& transcript, int version);
  // After all versions of a file: a difference that is announced and not there is a lie, too.
  // Returns what was recorded, by line.
  std::map<size_t, std::vector<std::string>> finish(const Transcript& transcript);

  const Report& report() const { return report_; }

 private:
  struct Outcome {
    bool matches = false;
    std::vector<std::string> got;
  };
  struct Client {
    TestClient connection;
    std::string id;  // as CLIENT ID gave it
  };

  void reset(const Transcript& transcript);
  void clean_up(const Transcript& transcript);
  Reply control(const std::vector<std::string>& request);
  bool is_available(const std::string& command);
  bool is_skipped(const TranscriptMarks& marks);

  Client& client(const std::string& name);
  bool play_step(const Transcript& transcript, const TranscriptStep& step);
  void send(const TranscriptStep& step);
  Outcome run(const TranscriptStep& step);
  Outcome run_once(const TranscriptStep& step);
  Outcome expect_blocked(const TranscriptStep& step);
  Outcome expect_silence(const TranscriptStep& step);
  std::vector<std::string> reply_lines(const TranscriptStep& step, const Reply& reply);
  void record(const TranscriptStep& step, const std::vector<std::string>& lines);
  void expect_nothing_left(const Transcript& transcript);
  void fail(const Transcript& transcript, const TranscriptStep& step, const Outcome& outcome);

  Settings settings_;
  Report report_;
  int version_ = 2;
  std::map<std::string, Client> clients_;
  std::optional<TestClient> control_;
  std::map<std::string, std::string> configuration_;  // before a file that changes it
  Captures captures_;
  std::set<size_t> differing_;  // lines with an announced difference that was seen
  std::set<size_t> announced_;
  std::map<size_t, std::vector<std::string>> recorded_;
};

}  // namespace larder
