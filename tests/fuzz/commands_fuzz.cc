// Requests to the commands that work on keys, one a line in the inline form, run in the process
// against a keyspace of their own. A request gets exactly one reply in either protocol, or an
// error; an error has changed nothing, and neither has a command that is not said to write; keys
// are only looked for among the arguments; and the same requests do the same again, in the other
// protocol.
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/inline_request.h"
#include "protocol/reply_reader.h"
#include "server/acl/acl.h"
#include "server/base/assert.h"
#include "server/base/text.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/configuration.h"
#include "tests/support/fake_socket.h"
#include "tests/support/test_services.h"

namespace larder {
namespace {

constexpr size_t kMaxRequests = 60;
constexpr size_t kMaxArguments = 300;
constexpr size_t kMaxStringBytes = 64 * 1024;
constexpr size_t kMaxReplyBytes = 1 << 20;
constexpr int64_t kNowMs = 1'700'000'000'000;

// What no request changes is made once, because that takes longer than most inputs.
struct House : TestHouse {
  House() {
    for (const CommandFamily& family : core_commands()) commands.add(family);
    limits.max_bulk_bytes = kMaxStringBytes;
  }
};

House& house() {
  static House& made = *new House;
  return made;
}

// Everything but network, dispatcher and modules.
class Playground {
 public:
  explicit Playground(RespVersion version) : reply_(socket_.chain, version) {
    socket_.chain.set_limit(kMaxReplyBytes);
    client_.resp_version = version;
    keyspace_.random = Random(1);
    keyspace_.set_now_ms(kNowMs);
    context_.may_block = false;
  }

  // What came of the request, as far as both protocols have to agree on it.
  std::pair<std::string, uint64_t> run(const std::vector<std::string>& words) {
    const std::vector<std::string_view> arguments(words.begin(), words.end());
    const Command* command = house_.commands.resolve(arguments);
    if (command == nullptr || !is_played(*command) || !command->arity_fits(arguments.size()))
      return {};
    check_keys(*command, arguments);
    const uint64_t changes = keyspace_.changes();
    context_.begin(*command, arguments, {}, {});
    const Status status = command->spec().function(context_);
    const std::string bytes = take_output();
    const uint64_t changed = keyspace_.changes() - changes;
    if (!status.is_ok()) {
      LARDER_ASSERT(bytes.empty() && !status.text().empty());
      LARDER_ASSERT(changed == 0 || may_fail_late(*command));
      return {status.text(), changed};
    }
    // PFCOUNT keeps what it has counted.
    LARDER_ASSERT(changed == 0 || command->has(kWrite | kMayReplicate));
    check_reply(bytes);
    return {"", changed};
  }
  size_t keys() { return keyspace_.database(0).size(); }

 private:
  // Nothing that needs the rest of a server, and nothing that ends it.
  static bool is_played(const Command& command) {
    if (command.spec().function == nullptr) return false;
    static const std::set<std::string_view> kGroups = {
        "string", "list",   "hash",        "bitmap",     "geo",
        "set",    "stream", "hyperloglog", "sorted-set", "generic"};
    static const std::set<std::string_view> kLeftOut = {"wait", "waitaof", "pfselftest", "migrate"};
    return kGroups.contains(command.group()) && !kLeftOut.contains(command.full_name());
  }
  // Several keys one after the other, the later ones of which may have the wrong type: as in Redis,
  // which serves the first.
  static bool may_fail_late(const Command& command) {
    static const std::set<std::string_view> kCommands = {"pfdebug", "pfcount", "xreadgroup"};
    return kCommands.contains(command.full_name());
  }
  static void check_keys(const Command& command, std::span<const std::string_view> arguments) {
    std::vector<KeyPosition> positions;
    find_command_keys(command, arguments, positions);
    for (const KeyPosition& key : positions) {
      LARDER_ASSERT(key.index > 0 && key.index < arguments.size());
    }
  }
  std::string take_output() {
    std::string bytes;
    std::array<iovec, 64> pieces;
    overflowed_ = socket_.chain.overflowed();
    while (!overflowed_ && !socket_.chain.empty()) {
      size_t taken = 0;
      for (const iovec& piece : std::span(pieces).first(socket_.chain.fill(pieces))) {
        bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        taken += piece.iov_len;
      }
      LARDER_ASSERT(taken > 0);
      socket_.chain.drop_front(taken);
    }
    socket_.chain.clear();
    return bytes;
  }
  void check_reply(const std::string& bytes) const {
    if (overflowed_) return;
    ReplyReader reader;
    reader.feed(bytes);
    Reply reply;
    LARDER_ASSERT(reader.next(reply) == ReplyReader::State::ready);
    LARDER_ASSERT(reader.unread_bytes() == 0);
  }

  House& house_ = house();
  TestKeyspace scene_{house_};
  Keyspace& keyspace_ = scene_.keyspace;
  FakeSocket socket_;
  Client client_{1, socket_, kNowMs};
  ReplyWriter reply_;
  Context context_{scene_.services, client_, reply_};
  bool overflowed_ = false;
};

std::vector<std::vector<std::string>> requests_of(std::string_view text) {
  std::vector<std::vector<std::string>> requests;
  for (const std::string_view line : split(text, '\n')) {
    auto words = split_quoted(line);
    if (!words || words->empty() || words->size() > kMaxArguments) continue;
    requests.push_back(std::move(*words));
    if (requests.size() == kMaxRequests) break;
  }
  return requests;
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  const auto requests = requests_of({reinterpret_cast<const char*>(data), size});
  Playground old(RespVersion::resp2);
  Playground today(RespVersion::resp3);
  for (const auto& request : requests) {
    LARDER_ASSERT(old.run(request) == today.run(request));
    LARDER_ASSERT(old.keys() == today.keys());
  }
  return 0;
}
