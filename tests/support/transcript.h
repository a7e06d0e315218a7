// A transcript is a session written down: commands, and the replies as redis-cli prints them.
// tests/transcripts/README.md is the description of the format.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// What stands in front of a step, or at the head of a file for all of its steps.
struct TranscriptMarks {
  std::optional<std::string> only_larder;  // the reason why no reference is asked
  std::optional<std::string> differs;      // the reason why redis 7.0 answers something else
  int only_version = 0;                    // 2 or 3: this step is for one version of the protocol
  std::vector<std::string> required;       // commands without which it cannot be played
  bool wait = false;                       // repeat the command until it answers as expected
  bool unordered = false;                  // sort the elements before comparing
  bool pairs = false;                      // ... two by two
  bool wire = false;                       // compare the bytes, not their text
};

struct TranscriptStep {
  enum class Kind { command, raw, read };
  Kind kind = Kind::command;
  size_t line = 0;                     // where it stands in the file, from 1
  std::string client;                  // "" is the first client
  std::string input;                   // as written, behind the '>'
  std::vector<std::string> arguments;  // of a raw step the one with the bytes
  std::vector<std::string> expected;
  std::optional<std::vector<std::string>> expected_resp3;
  TranscriptMarks marks = {};

  const std::vector<std::string>& expected_in(int version) const {
    return version == 3 && expected_resp3 ? *expected_resp3 : expected;
  }
};

struct Transcript {
  std::string name;  // the path, as messages show it
  std::string text;
  TranscriptMarks marks = {};
  std::vector<TranscriptStep> steps = {};
  std::vector<std::string> mistakes = {};  // "file:line: what is wrong with the file itself"
};

Transcript parse_transcript(std::string name, std::string text);

// Compares a reply's text with what the file expects, line by line, with the patterns of the
// format; what `~$name` stands for is put into `captures`.
using Captures = std::map<std::string, std::string>;
bool matches_line(std::string_view expected, std::string_view got, Captures& captures);
bool matches_lines(const std::vector<std::string>& expected, const std::vector<std::string>& got,
                   Captures& captures);

std::vector<std::string> split_lines(std::string_view text);

// The text with the recorded replies put behind the lines (numbered from 1) of their steps.
std::string insert_lines(std::string_view text,
                         const std::map<size_t, std::vector<std::string>>& recorded);

}  // namespace larder
