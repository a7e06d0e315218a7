// What ps and top show of the process: "larder-server 127.0.0.1:6379" instead of its command line.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// What a template may name in braces; TitleFacts::title is {title} and so on.
struct TitleFacts {
  std::string title{};           // the program, as it was called
  std::string listen_address{};  // {listen-addr}: "127.0.0.1:6379" or "unixsocket:/path"
  std::string server_mode{};     // {server-mode}: "", "[cluster]"
  std::string port{};
  std::string tls_port{};     // {tls-port}
  std::string unix_socket{};  // {unixsocket}
  std::string config_file{};  // {config-file}
};

// Puts the facts into the template; "{{" stands for a brace; spaces at both ends go. Nothing when a
// brace is left open or names nothing known.
std::optional<std::string> expand_title(std::string_view text, const TitleFacts& facts);

// The memory in which the system keeps the command line, and behind it the environment: the title
// is written there, so the environment moves to a copy that this object owns. Make one early in
// main(), before others keep pointers that getenv gave them, and keep it as long as the process.
class ProcessTitle {
 public:
  ProcessTitle(int argument_count, char** arguments);
  ~ProcessTitle();
  ProcessTitle(const ProcessTitle&) = delete;
  ProcessTitle& operator=(const ProcessTitle&) = delete;

  // How the program was called.
  const std::string& program() const { return program_; }
  // Cut to the room there is.
  void set(std::string_view title);

 private:
  void move_environment();

  std::string program_;
  std::span<char> room_;
  char** old_environment_ = nullptr;
  std::vector<std::string> variables_;
  std::vector<char*> environment_;  // null-terminated, into variables_
};

}  // namespace larder
