#include "modules/monitor/monitor.h"

#include <array>
#include <cstdio>
#include <utility>

#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/command/secret_arguments.h"

namespace larder {
namespace {

// As in Redis, where who watches counts as a replica.
Status leave_keys_alone(const Client&, const Command& command) {
  if (!command.has(kWrite | kRead | kMayReplicate)) return ok;
  return errors::monitor_and_keys();
}

// "127.0.0.1:50312", or "unix:/run/larder.sock".
std::string shown_address(const Client& client) {
  const std::string_view address = client.socket.peer_address();
  if (!client.socket.is_unix_socket()) return std::string(address);
  return "unix:" + std::string(address.substr(0, address.rfind(':')));
}

}  // namespace

void Monitor::start(Host& host) {
  host_ = &host;
  host.hooks().client_reset.add([this](Client& client) { remove(client); });
  host.hooks().client_closed.add([this](Client& client) { remove(client); });
}

void Monitor::add(Client& client) {
  if (client.is_monitor) return;
  client.is_monitor = true;
  client.add_gate(leave_keys_alone);
  monitors_.push_back(&client);
  if (listener_ != 0) return;
  listener_ = host_->hooks().command_finished.add(
      [this](const FinishedCommand& finished) { show(finished); });
}

void Monitor::remove(Client& client) {
  if (!client.is_monitor) return;
  client.is_monitor = false;
  client.remove_gate(leave_keys_alone);
  std::erase(monitors_, &client);
  if (!monitors_.empty()) return;
  host_->hooks().command_finished.remove(std::exchange(listener_, 0));
}

void Monitor::show(const FinishedCommand& finished) {
  if (finished.command.has(kSkipMonitor | kAdmin)) return;
  PushFrame frame = PushFrame::line(monitor_line(finished, host_->options(), wall_clock_us()));
  for (Client* monitor : monitors_) {
    if (monitor->reply_mode == ReplyMode::on) host_->pushes().send(*monitor, frame);
  }
}

std::string monitor_line(const FinishedCommand& finished, const Options& options, int64_t wall_us) {
  constexpr int64_t kUsPerSecond = 1'000'000;
  std::array<char, 16> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%06d",
                static_cast<int>(wall_us % kUsPerSecond));
  std::string line = to_text(wall_us / kUsPerSecond);
  line.append(fraction.data())
      .append(" [")
      .append(to_text(static_cast<int64_t>(finished.client.database)));
  line.append(" ").append(shown_address(finished.client)).append("]");
  for (size_t i = 0; i < finished.arguments.size(); i++) {
    line += ' ';
    line += quote(shown_argument(finished.command, finished.arguments, i, options));
  }
  return line;
}

// --- Commands ---

namespace {

// MONITOR
Status monitor(Context& ctx) {
  // In a transaction its lines would stand inside a reply.
  if (!ctx.may_block) return errors::monitors_in_transaction();
  ctx.owner<Monitor>().add(ctx.client);
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"monitor", monitor, 1, kAdmin | kNoScript | kLoading | kStale, no_keys(), "1.0.0", "O(1)", "",
     "Shows every command that the server runs, as it happens."},
};

}  // namespace

std::vector<CommandFamily> Monitor::commands() const {
  return {{"server", kCommands}};
}

}  // namespace larder
