#include "tests/support/transcript.h"

#include <utility>

#include "tests/support/reply_text.h"

namespace larder {
namespace {

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// A line such as "> GET k", "b>> \"raw\"" or "b<": the client's name, the marks, the rest.
struct StepLine {
  std::string_view client;
  std::string_view mark;
  std::string_view rest;
};

std::optional<StepLine> read_step_line(std::string_view line) {
  const size_t name = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  if (name == std::string_view::npos) return std::nullopt;
  size_t end = line.find_first_not_of("<>", name);
  if (end == std::string_view::npos) end = line.size();
  const std::string_view mark = line.substr(name, end - name);
  if (mark != ">" && mark != ">>" && mark != "<") return std::nullopt;
  // "1> ..." is an element of a push.
  if (name > 0 && (line[0] < 'a' || line[0] > 'z')) return std::nullopt;
  if (end < line.size() && line[end] != ' ') return std::nullopt;
  return StepLine{line.substr(0, name), mark, trim(line.substr(end))};
}

// Reads a file from top to bottom. Marks are collected until their step comes.
class Parser {
 public:
  explicit Parser(Transcript& transcript) : transcript_(transcript) {}

  void parse() {
    for (const std::string& line : split_lines(transcript_.text)) {
      number_++;
      take(line);
    }
    end_block();
    if (marks_line_ != 0) complain(marks_line_, "a mark without its step");
    if (transcript_.steps.empty()) complain(number_, "a transcript without a step");
  }

 private:
  void take(std::string_view line) {
    const std::string_view text = trim(line);
    if (text.empty() || text.starts_with('#')) {
      end_block();
      if (text.empty()) end_head();
    } else if (text.starts_with('@')) {
      end_block();
      read_mark(text.substr(1));
    } else if (text == "[resp3]") {
      if (!in_block_) return complain(number_, "[resp3] without a reply in front of it");
      transcript_.steps.back().expected_resp3.emplace();
    } else if (const auto step = read_step_line(line)) {
      end_block();
      start_step(*step);
    } else if (!in_block_) {
      complain(number_, "a reply without a command in front of it");
    } else {
      // A backslash protects a reply that looks like something else, or is empty.
      std::string reply(line.substr(line.starts_with('\\') ? 1 : 0));
      reply.erase(reply.find_last_not_of(" \t\r") + 1);
      auto& current = transcript_.steps.back();
      (current.expected_resp3 ? *current.expected_resp3 : current.expected).push_back(reply);
    }
  }

  void start_step(const StepLine& line) {
    TranscriptStep step;
    step.line = number_;
    step.client = line.client;
    step.input = line.rest;
    step.kind = line.mark == ">"    ? TranscriptStep::Kind::command
                : line.mark == ">>" ? TranscriptStep::Kind::raw
                                    : TranscriptStep::Kind::read;
    const auto arguments = split_arguments(line.rest);
    if (!arguments) {
      complain(number_, "a quote is not closed");
    } else if (step.kind == TranscriptStep::Kind::command && arguments->empty()) {
      complain(number_, "a command without a name");
    } else if (step.kind == TranscriptStep::Kind::raw && arguments->size() != 1) {
      complain(number_, "raw input is one quoted string");
    } else {
      step.arguments = *arguments;
    }
    step.marks = std::exchange(marks_, {});
    marks_line_ = 0;
    transcript_.steps.push_back(std::move(step));
    in_block_ = true;
  }

  void end_block() { in_block_ = false; }

  // Marks that stand above the first step, with an empty line behind them, are for the whole file.
  void end_head() {
    if (marks_line_ == 0) return;
    if (transcript_.steps.empty() && !marks_.wait && !marks_.unordered && !marks_.wire) {
      transcript_.marks = std::exchange(marks_, {});
    } else {
      complain(marks_line_, "a mark without its step");
      marks_ = {};
    }
    marks_line_ = 0;
  }

  void read_mark(std::string_view mark) {
    marks_line_ = number_;
    const size_t colon = mark.find(':');
    const std::string_view name = trim(mark.substr(0, colon));
    const std::string reason(colon == std::string_view::npos ? "" : trim(mark.substr(colon + 1)));
    const bool needs_reason = name == "only larder" || name == "redis-7.0 differs";
    if (needs_reason && reason.empty()) {
      complain(number_, "this mark says why: @" + std::string(name) + ": reason");
    } else if (name == "only larder") {
      marks_.only_larder = reason;
    } else if (name == "redis-7.0 differs") {
      marks_.differs = reason;
    } else if (name == "only resp2" || name == "only resp3") {
      marks_.only_version = name == "only resp2" ? 2 : 3;
    } else if (name == "unordered" || name == "unordered pairs") {
      marks_.unordered = true;
      marks_.pairs = name != "unordered";
    } else if (name == "wait") {
      marks_.wait = true;
    } else if (name == "wire") {
      marks_.wire = true;
    } else if (name.starts_with("requires ")) {
      marks_.required.emplace_back(trim(name.substr(9)));
    } else {
      complain(number_, "an unknown mark: @" + std::string(name));
    }
  }

  void complain(size_t line, const std::string& what) {
    transcript_.mistakes.push_back(transcript_.name + ':' + std::to_string(line) + ": " + what);
  }

  Transcript& transcript_;
  TranscriptMarks marks_;
  size_t marks_line_ = 0;
  size_t number_ = 0;
  bool in_block_ = false;
};

}  // namespace

Transcript parse_transcript(std::string name, std::string text) {
  Transcript transcript{.name = std::move(name), .text = std::move(text)};
  Parser(transcript).parse();
  return transcript;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string insert_lines(std::string_view text,
                         const std::map<size_t, std::vector<std::string>>& recorded) {
  std::string out;
  size_t number = 0;
  for (const std::string& line : split_lines(text)) {
    out += line + '\n';
    const auto found = recorded.find(++number);
    if (found == recorded.end()) continue;
    for (const std::string& added : found->second) {
      // What the parser would take for something else is written behind a backslash.
      const bool is_plain = added == "[resp3]" || (!added.empty() && !read_step_line(added) &&
                                                   added.find_first_of("#@\\[") != 0);
      out += (is_plain ? "" : "\\") + added + '\n';
    }
  }
  return out;
}

}  // namespace larder
