#include "tests/support/transcript_player.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

#include "tests/support/eventually.h"
#include "tests/support/reply_text.h"

namespace larder {
namespace {

constexpr const char* kBlocked = "(blocked)";
constexpr const char* kNoReply = "(no reply)";
constexpr const char* kClosed = "(closed)";

std::string place(const Transcript& transcript, size_t line) {
  return transcript.name + ':' + std::to_string(line);
}

// Does a file speak of this word, in any case?
bool mentions(const Transcript& transcript, std::string_view word) {
  const auto same = [](char left, char right) {
    return std::toupper(static_cast<unsigned char>(left)) == right;
  };
  return std::search(transcript.text.begin(), transcript.text.end(), word.begin(), word.end(),
                     same) != transcript.text.end();
}

// Orders elements by their text, single or two by two; a map's are always pairs.
void sort_elements(Reply& reply, bool pairs) {
  const size_t step = pairs || reply.type == Reply::Type::map ? 2 : 1;
  std::vector<std::vector<Reply>> groups;
  for (size_t i = 0; i < reply.children.size(); i++) {
    if (i % step == 0) groups.emplace_back();
    groups.back().push_back(std::move(reply.children[i]));
  }
  std::stable_sort(groups.begin(), groups.end(), [](const auto& left, const auto& right) {
    return to_text(left[0]) < to_text(right[0]);
  });
  reply.children.clear();
  for (auto& group : groups) {
    for (Reply& child : group) reply.children.push_back(std::move(child));
  }
}

std::map<std::string, std::string> as_pairs(const Reply& reply) {
  std::map<std::string, std::string> pairs;
  for (size_t i = 0; i + 1 < reply.children.size(); i += 2) {
    pairs[reply.children[i].text] = reply.children[i + 1].text;
  }
  return pairs;
}

}  // namespace

void TranscriptPlayer::play(const Transcript& transcript, int version) {
  version_ = version;
  if (version == 2) report_.files++;
  if (!transcript.mistakes.empty()) {
    if (version == 2) {
      report_.failures.insert(report_.failures.end(), transcript.mistakes.begin(),
                              transcript.mistakes.end());
    }
    return;
  }
  if (is_skipped(transcript.marks)) {
    report_.skipped += transcript.steps.size();
    return;
  }
  reset(transcript);
  bool goes_on = true;
  for (const TranscriptStep& step : transcript.steps) {
    if (is_skipped(step.marks)) {
      report_.skipped++;
    } else if (goes_on = play_step(transcript, step); !goes_on) {
      break;
    }
  }
  if (goes_on) expect_nothing_left(transcript);
  clients_.clear();
  clean_up(transcript);
}

void TranscriptPlayer::reset(const Transcript& transcript) {
  clients_.clear();
  captures_.clear();
  control_.reset();
  control({"FLUSHALL"});
  configuration_.clear();
  if (mentions(transcript, "CONFIG")) configuration_ = as_pairs(control({"CONFIG", "GET", "*"}));
}

// Puts back what FLUSHALL and new connections do not.
void TranscriptPlayer::clean_up(const Transcript& transcript) {
  if (!configuration_.empty()) {
    for (const auto& [name, value] : as_pairs(control({"CONFIG", "GET", "*"}))) {
      if (configuration_[name] != value) control({"CONFIG", "SET", name, configuration_[name]});
    }
  }
  if (mentions(transcript, "DEBUG")) control({"DEBUG", "SET-ACTIVE-EXPIRE", "1"});
  if (mentions(transcript, "SCRIPT") || mentions(transcript, "EVAL")) control({"SCRIPT", "FLUSH"});
  if (mentions(transcript, "FUNCTION")) control({"FUNCTION", "FLUSH"});
  if (mentions(transcript, "ACL ")) {
    for (const Reply& user : control({"ACL", "USERS"}).children) {
      if (user.text != "default") control({"ACL", "DELUSER", user.text});
    }
    control({"ACL", "SETUSER", "default", "reset", "on", "nopass", "~*", "&*", "+@all"});
  }
}

// The runner's own connection. A transcript may have killed it.
Reply TranscriptPlayer::control(const std::vector<std::string>& request) {
  try {
    if (control_) return control_->call(request);
  } catch (const std::runtime_error&) {
  }
  control_.emplace(TestClient::connect(settings_.port));
  return control_->call(request);
}

bool TranscriptPlayer::is_available(const std::string& command) {
  const Reply reply = control({"COMMAND", "INFO", command});
  if (reply.children.empty() || reply.children[0].is_nil()) return false;
  // DEBUG is there and refuses unless an option allows it.
  return command != "DEBUG" || control({"DEBUG", "HELP"}).children.size() > 0;
}

bool TranscriptPlayer::is_skipped(const TranscriptMarks& marks) {
  if (marks.only_version != 0 && marks.only_version != version_) return true;
  if (settings_.is_reference && marks.only_larder) return true;
  return !std::all_of(marks.required.begin(), marks.required.end(),
                      [this](const std::string& command) { return is_available(command); });
}

TranscriptPlayer::Client& TranscriptPlayer::client(const std::string& name) {
  const auto found = clients_.find(name);
  if (found != clients_.end() && found->second.connection.is_open()) return found->second;
  Client fresh{TestClient::connect(settings_.port), ""};
  fresh.connection.set_timeout(settings_.bound);
  fresh.connection.record_wire();
  fresh.id = std::to_string(fresh.connection("CLIENT", "ID").integer);
  if (version_ == 3) fresh.connection.use_resp3();
  return clients_.insert_or_assign(name, std::move(fresh)).first->second;
}

// False when the connections are in no state to go on.
bool TranscriptPlayer::play_step(const Transcript& transcript, const TranscriptStep& step) {
  report_.steps++;
  Outcome outcome;
  bool goes_on = true;
  try {
    outcome = run(step);
  } catch (const std::exception& failure) {
    outcome.got = {"(nothing: " + std::string(failure.what()) + ")"};
    goes_on = false;
  }
  const auto& reason = step.marks.differs ? step.marks.differs : transcript.marks.differs;
  if (settings_.is_reference && reason) {
    if (step.marks.differs) announced_.insert(step.line);
    if (outcome.matches) return goes_on;
    if (differing_.insert(step.line).second) {
      report_.differences.push_back(place(transcript, step.line) + ": " + *reason);
    }
  } else if (!outcome.matches) {
    fail(transcript, step, outcome);
  }
  return goes_on;
}

void TranscriptPlayer::send(const TranscriptStep& step) {
  TestClient& connection = client(step.client).connection;
  if (step.kind == TranscriptStep::Kind::raw) {
    connection.send_raw(step.arguments[0]);
  } else if (step.kind == TranscriptStep::Kind::command) {
    auto arguments = step.arguments;
    for (std::string& argument : arguments) {
      if (!argument.starts_with('$')) continue;
      if (const auto found = captures_.find(argument.substr(1)); found != captures_.end()) {
        argument = found->second;
      }
    }
    connection.send(arguments);
  }
}

TranscriptPlayer::Outcome TranscriptPlayer::run(const TranscriptStep& step) {
  if (!step.marks.wait) return run_once(step);
  Outcome outcome;
  eventually([&] { return (outcome = run_once(step)).matches; }, settings_.bound);
  return outcome;
}

TranscriptPlayer::Outcome TranscriptPlayer::run_once(const TranscriptStep& step) {
  auto expected = step.expected_in(version_);
  if (expected.empty() && !settings_.record) {
    return {false, {"(not sent: the step expects nothing, which is written as (no reply))"}};
  }
  send(step);
  if (expected.empty()) {
    const auto reply = client(step.client).connection.receive_within(1s);
    const auto lines = reply ? reply_lines(step, *reply) : std::vector<std::string>{kBlocked};
    record(step, lines);
    return {true, lines};
  }
  if (expected[0] == kBlocked) return expect_blocked(step);
  if (expected[0] == kNoReply) return expect_silence(step);
  TestClient& connection = client(step.client).connection;
  const bool closes = expected.back() == kClosed;
  if (closes) expected.pop_back();
  Outcome outcome{true, {}};
  if (!expected.empty()) {
    // Pushes are values of their own in a transcript, so the next value counts whatever it is.
    outcome.got = reply_lines(step, connection.receive());
    outcome.matches = matches_lines(expected, outcome.got, captures_);
  }
  if (closes) {
    if (!connection.receive_eof()) return {false, {"(still open, or more replies)"}};
    connection.close();
  }
  return outcome;
}

std::vector<std::string> TranscriptPlayer::reply_lines(const TranscriptStep& step,
                                                       const Reply& reply) {
  if (step.marks.wire) return {quote_bytes(client(step.client).connection.last_wire())};
  Reply shown = reply;
  if (step.marks.unordered) sort_elements(shown, step.marks.pairs);
  std::vector<std::string> lines = split_lines(to_text(shown) + '\n');
  for (std::string& line : lines) line.erase(line.find_last_not_of(" \t\r") + 1);
  return lines;
}

// The server itself says when it has seen the command and put the client to sleep.
TranscriptPlayer::Outcome TranscriptPlayer::expect_blocked(const TranscriptStep& step) {
  Client& blocked = client(step.client);
  std::optional<Reply> early;
  const bool is_blocked = eventually(
      [&] {
        if ((early = blocked.connection.receive_within(0ms))) return true;
        const std::string info = control({"CLIENT", "LIST", "ID", blocked.id}).text;
        const size_t flags = info.find(" flags=");
        return flags != std::string::npos &&
               info.substr(flags + 7, info.find(' ', flags + 7) - flags - 7).find('b') !=
                   std::string::npos;
      },
      settings_.bound);
  if (early) return {false, reply_lines(step, *early)};
  return {is_blocked, {is_blocked ? kBlocked : "(neither a reply nor blocked)"}};
}

TranscriptPlayer::Outcome TranscriptPlayer::expect_silence(const TranscriptStep& step) {
  // By the time another client is answered the server has read what came before. What it answers
  // later still is found by the next step of this client or at the end of the file.
  control({"PING"});
  const auto reply = client(step.client).connection.receive_within(0ms);
  return {!reply, reply ? reply_lines(step, *reply) : std::vector<std::string>{kNoReply}};
}

void TranscriptPlayer::expect_nothing_left(const Transcript& transcript) {
  control({"PING"});
  for (auto& [name, one] : clients_) {
    if (!one.connection.is_open()) continue;
    std::optional<Reply> reply;
    try {
      reply = one.connection.receive_within(0ms);
    } catch (const std::runtime_error&) {
      continue;  // closed by the server: CLIENT KILL, for one
    }
    if (!reply) continue;
    report_.failures.push_back(transcript.name + ": RESP" + std::to_string(version_) +
                               ": a reply that no step reads, client '" + name + "':\n    " +
                               to_text(*reply));
  }
}

void TranscriptPlayer::record(const TranscriptStep& step, const std::vector<std::string>& lines) {
  auto& known = recorded_[step.line];
  if (version_ == 3 && !known.empty() && known != lines) known.push_back("[resp3]");
  if (known != lines) known.insert(known.end(), lines.begin(), lines.end());
}

void TranscriptPlayer::fail(const Transcript& transcript, const TranscriptStep& step,
                            const Outcome& outcome) {
  std::string text = place(transcript, step.line) + ": RESP" + std::to_string(version_) + ": " +
                     (step.client.empty() ? "" : step.client) +
                     (step.kind == TranscriptStep::Kind::read ? "< " : "> ") + step.input +
                     "\n  expected:";
  for (const std::string& line : step.expected_in(version_)) text += "\n    " + line;
  text += "\n  got:";
  for (const std::string& line : outcome.got) text += "\n    " + line;
  report_.failures.push_back(std::move(text));
}

std::map<size_t, std::vector<std::string>> TranscriptPlayer::finish(const Transcript& transcript) {
  for (const size_t line : announced_) {
    if (!differing_.contains(line)) {
      report_.failures.push_back(place(transcript, line) +
                                 ": marked as different, but redis 7.0 answers the same");
    }
  }
  announced_.clear();
  differing_.clear();
  return std::exchange(recorded_, {});
}

}  // namespace larder
