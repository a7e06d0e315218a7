#include "server/module/host.h"

#include <algorithm>
#include <array>

#include "protocol/reply_writer.h"
#include "server/base/errors.h"

namespace larder {
namespace {

// The socket of a client that exists only while the server asks itself something.
class InnerSocket final : public ClientSocket {
 public:
  std::string_view peer_address() const override { return "?:0"; }
  std::string_view local_address() const override { return "?:0"; }
  int fd() const override { return -1; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return true; }
  OutputChain& output() override { return output_; }
  OutputChain& held_output() override { return output_; }
  const OutputChain& queued_output() const override { return output_; }
  size_t input_bytes() const override { return 0; }
  size_t input_unused() const override { return 0; }
  size_t argument_bytes() const override { return 0; }
  uint64_t received_bytes() const override { return 0; }
  uint64_t sent_bytes() const override { return 0; }
  size_t memory() const override { return 0; }
  void close_after_flush() override {}
  void close_now() override {}
  bool is_closing() const override { return false; }

 private:
  OutputChain output_;
};

// What a chain holds, as a reply. The server itself wrote it, so it is whole.
Reply read_reply(OutputChain& output) {
  ReplyReader reader;
  std::array<iovec, 16> pieces;
  while (!output.empty()) {
    size_t bytes = 0;
    for (const iovec& piece : std::span(pieces).first(output.fill(pieces))) {
      reader.feed({static_cast<const char*>(piece.iov_base), piece.iov_len});
      bytes += piece.iov_len;
    }
    if (bytes == 0) return {};
    output.drop_front(bytes);
  }
  Reply reply;
  if (reader.next(reply) != ReplyReader::State::ready) return {};
  return reply;
}

}  // namespace

// The one line that joins memory pressure with eviction.
size_t Host::evict_keys(size_t bytes, Deadline deadline) {
  return services_.keyspace.evict(bytes, deadline);
}

Result<Reply> Host::ask(std::span<const std::string_view> request,
                        std::span<const std::string_view> reports) {
  constexpr uint64_t kNeedsRealClient = kBlocking | kPubsub | kNoMulti;
  const Command* command = services_.commands.resolve(request);
  if (command == nullptr) return errors::unknown_command(request[0], {});
  if (command->spec().function == nullptr) {
    return errors::unknown_subcommand(request.size() > 1 ? request[1] : "", request[0]);
  }
  const bool is_report = std::ranges::find(reports, command->full_name()) != reports.end();
  if (!is_report || command->has(kWrite | kNeedsRealClient)) {
    return errors::unknown_command(request[0], {});
  }
  if (!command->arity_fits(request.size())) return errors::wrong_arity(command->full_name());
  InnerSocket socket;
  Client client(0, socket, services_.keyspace.now_ms());
  client.is_authenticated = true;
  client.resp_version = RespVersion::resp3;
  ReplyWriter writer(socket.output(), client.resp_version);
  Context context(services_, client, writer);
  context.may_block = false;
  context.begin(*command, request, {}, {});
  TRY(command->spec().function(context));
  return read_reply(socket.output());
}

}  // namespace larder
