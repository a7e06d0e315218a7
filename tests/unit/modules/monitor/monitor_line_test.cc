#include "modules/monitor/monitor.h"

#include <catch2/catch.hpp>

#include "server/config/options.h"
#include "tests/support/fake_socket.h"

namespace larder {
namespace {

bool hides_second(std::span<const std::string_view>, size_t index, const Options&) {
  return index == 1;
}

constexpr CommandSpec kCommands[] = {
    {"plain", nullptr, -1, 0, no_keys(), "1.0.0", "", "", ""},
    {"secret", nullptr, -1, 0, no_keys(), "1.0.0", "", "", "", {}, {}, nullptr, hides_second},
};

class Fixture {
 protected:
  Fixture() { table_.add({"server", kCommands}); }

  std::string line(std::string_view command, std::vector<std::string_view> arguments) {
    return monitor_line({client_, *table_.find(command), arguments}, options_,
                        1'700'000'000'000'042);
  }
  FakeSocket socket_;
  Client client_{1, socket_, 0};

 private:
  CommandTable table_;
  Options options_;
};

TEST_CASE_METHOD(Fixture, "monitor: time, database, address, and quoted arguments") {
  client_.database = 3;
  CHECK(line("plain", {"PLAIN", "a \"b\"", std::string_view("\0\n", 2)}) ==
        "1700000000.000042 [3 127.0.0.1:50000] \"PLAIN\" \"a \\\"b\\\"\" \"\\x00\\n\"");
}

TEST_CASE_METHOD(Fixture, "monitor: secrets are not shown") {
  CHECK(line("secret", {"secret", "password", "rest"}) ==
        "1700000000.000042 [0 127.0.0.1:50000] \"secret\" \"(redacted)\" \"rest\"");
}

TEST_CASE_METHOD(Fixture, "monitor: a client of a unix socket is shown by the socket's path") {
  socket_.is_unix = true;  // the address is that of the fake, with a port for the 0 of real ones
  CHECK(line("plain", {"p"}) == "1700000000.000042 [0 unix:127.0.0.1] \"p\"");
}

}  // namespace
}  // namespace larder
