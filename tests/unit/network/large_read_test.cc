#include "server/network/large_read.h"

#include <catch2/catch.hpp>

#include "protocol/request_parser.h"
#include "tests/unit/network/test_network.h"

namespace larder {
namespace {

// Requests are "<length>:<payload>\n"; the reply is "<length> ok\n" when the payload is as
// expected.
class PayloadOwner {
 public:
  explicit PayloadOwner(std::string expected) : expected_(std::move(expected)) {}

  void operator()(Connection& connection) {
    if (connection.large_read_done()) payload_ = connection.take_large_read();
    if (connection.is_in_large_read()) return;
    const std::string_view unread = connection.unread();
    const size_t colon = unread.find(':');
    if (colon == std::string_view::npos) return;
    if (!payload_) {
      if (connection.begin_large_read(colon + 1, expected_.size())) connection.run_again();
      return;
    }
    if (unread.size() < colon + 2) return;  // the end of the line is on its way
    const bool is_right = payload_.view() == expected_ && unread[colon + 1] == '\n';
    connection.output().append(std::string(unread.substr(0, colon)) +
                               (is_right ? " ok\n" : " wrong\n"));
    connection.consume(colon + 2);
    payload_ = SharedBytes();
    if (!connection.unread().empty()) connection.run_again();
  }

 private:
  std::string expected_;
  SharedBytes payload_;
};

std::string pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; i++) text[i] = static_cast<char>('a' + i * 7 % 25);
  return text;
}

}  // namespace

TEST_CASE("a large read works for every boundary between two reads", "[network]") {
  const std::string payload = pattern(20);
  const std::string request = "20:" + payload + "\n";
  const std::string two = request + request;
  for (size_t first = 1; first < two.size(); first++) {
    for (size_t second = first; second < two.size(); second += 5) {
      TestNetwork network;
      network.owner.on_ready = PayloadOwner(payload);
      TestClient client = network.connect();
      Connection* connection = client.connection();
      client.send(two.substr(0, first));
      network.settle();
      client.send(two.substr(first, second - first));
      network.settle();
      client.send(two.substr(second));
      network.settle();
      client.receive();
      CAPTURE(first, second);
      REQUIRE(client.received() == "20 ok\n20 ok\n");
      REQUIRE(connection->unread().empty());
    }
  }
}

TEST_CASE("a large payload arrives whole, and memory follows what has arrived", "[network]") {
  const std::string payload = pattern(5 * 1024 * 1024 + 17);
  const std::string request = "x:" + payload + "\n" + "y:" + payload + "\n";
  TestNetwork network;
  network.owner.on_ready = PayloadOwner(payload);
  TestClient client = network.connect();
  Connection* connection = client.connection();
  client.send(request.substr(0, 100));
  network.settle();
  CHECK(connection->input_memory() < 400 * 1024);
  size_t sent = 100;
  REQUIRE(network.until([&] {
    sent += client.send(std::string_view(request).substr(sent));
    CHECK(connection->input_memory() < 2 * sent + 400 * 1024);
    client.receive();
    return client.received().size() == 10;
  }));
  CHECK(client.received() == "x ok\ny ok\n");
  CHECK(connection->input_memory() == 0);
}

TEST_CASE("the parser and the connection agree on where a large bulk lies", "[network]") {
  const std::string first = pattern(100'000);
  const std::string second = pattern(300'000);
  const auto bulk = [](const std::string& bytes) {
    return "$" + std::to_string(bytes.size()) + "\r\n" + bytes + "\r\n";
  };
  const std::string request = "*4\r\n" + bulk("MSET") + bulk(first) + bulk("key") + bulk(second);
  const std::string pipeline = request + "*1\r\n" + bulk("PING") + request + "PING\r\n";

  TestNetwork network;
  RequestParser parser;
  std::vector<SharedBytes> payloads;
  std::vector<std::vector<std::string>> requests;
  network.owner.on_ready = [&](Connection& connection) {
    if (connection.is_in_large_read()) {
      if (!connection.large_read_done()) return;
      payloads.push_back(connection.take_large_read());
      parser.set_large_bulk(payloads.back().view());
    }
    std::vector<std::string_view> arguments;
    RequestParser::Outcome outcome;
    while ((outcome = parser.parse(connection.unread(), {}, arguments)) ==
           RequestParser::Outcome::complete) {
      requests.emplace_back(arguments.begin(), arguments.end());
      connection.consume(parser.consumed());
      arguments.clear();
      payloads.clear();
      if (connection.unread().empty()) return;
    }
    REQUIRE(outcome != RequestParser::Outcome::error);
    if (outcome == RequestParser::Outcome::large_bulk) {
      const size_t offset = parser.large_bulk_offset();
      if (connection.begin_large_read(offset, parser.large_bulk_bytes())) connection.run_again();
    }
  };
  TestClient client = network.connect();
  size_t sent = 0;
  const size_t part = GENERATE(777u, 50'001u, 10'000'000u);
  REQUIRE(network.until([&] {
    sent += client.send(std::string_view(pipeline).substr(sent, part));
    return requests.size() == 4;
  }));
  CHECK(requests[0] == std::vector<std::string>{"MSET", first, "key", second});
  CHECK(requests[1] == std::vector<std::string>{"PING"});
  CHECK(requests[2] == requests[0]);
  CHECK(requests[3] == requests[1]);
  CHECK(client.connection()->input_memory() == 0);
}

TEST_CASE("a client that ends within a large read is closed", "[network]") {
  TestNetwork network;
  network.owner.on_ready = PayloadOwner(pattern(1000));
  TestClient client = network.connect();
  Connection* connection = client.connection();
  client.send("x:" + pattern(500));
  network.settle();
  CHECK(connection->is_in_large_read());
  client.close();
  REQUIRE(network.until([&] { return network.reactor.connection_count() == 0; }));
}

TEST_CASE("LargeRead never reserves more than the length", "[network]") {
  LargeRead read;
  read.begin(600 * 1024);
  size_t filled = 0;
  while (!read.is_done()) {
    const size_t room = read.room().size();
    REQUIRE(room > 0);
    REQUIRE(room <= LargeRead::kReadBytes);
    REQUIRE(room <= 600 * 1024 - filled);
    const size_t part = std::min<size_t>(room, 100'000);
    std::fill_n(read.room().data(), part, 'z');
    read.keep(part);
    filled += part;
  }
  const SharedBytes bytes = read.take();
  CHECK(bytes.view() == std::string(600 * 1024, 'z'));
  CHECK(bytes.capacity() == bytes.size());
  CHECK_FALSE(read.is_active());
}

TEST_CASE("LargeRead stays where it is once the first bytes have arrived", "[network]") {
  constexpr size_t kLength = 64 * 1024 * 1024;
  LargeRead read;
  const size_t used_before = used_memory();
  read.begin(kLength);
  const auto fill = [&](size_t bytes) {
    for (size_t filled = 0; filled < bytes;) {
      const size_t part = std::min(read.room().size(), bytes - filled);
      std::fill_n(read.room().data(), part, 'z');
      read.keep(part);
      filled += part;
    }
  };
  fill(LargeRead::kReadBytes);
  const char* place = read.room().data();
  CHECK(read.memory() <= 2 * LargeRead::kReadBytes);
  if (used_before > 0) CHECK(used_memory() < used_before + 2 * LargeRead::kReadBytes);
  fill(kLength / 2);
  CHECK(read.room().data() == place + kLength / 2);
  CHECK(read.memory() >= kLength / 2);
  CHECK(read.memory() <= kLength / 2 + 2 * LargeRead::kReadBytes);
  if (used_before > 0) CHECK(used_memory() >= used_before + kLength / 2);
  fill(read.missing());
  CHECK(read.memory() >= kLength);
  CHECK(read.take().view().find_first_not_of('z') == std::string_view::npos);
}

TEST_CASE("a LargeRead that ends early leaves nothing behind", "[network]") {
  const size_t used_before = used_memory();
  {
    LargeRead read;
    read.begin(100 * 1024 * 1024);
    read.add(std::string(3 * LargeRead::kReadBytes, 'z'));
  }
  const auto difference = static_cast<int64_t>(used_memory()) - static_cast<int64_t>(used_before);
  CHECK(std::abs(difference) < 1024 * 1024);
}

}  // namespace larder
