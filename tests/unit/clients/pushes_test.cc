#include "server/clients/pushes.h"

#include <catch2/catch.hpp>

#include <array>
#include <string>

#include "tests/support/fake_socket.h"

namespace larder {
namespace {

std::string take(OutputChain& chain) {
  std::string bytes;
  std::array<iovec, 8> pieces;
  while (!chain.empty()) {
    const size_t count = chain.fill(pieces);
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) {
      bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      sent += pieces[i].iov_len;
    }
    chain.drop_front(sent);
  }
  return bytes;
}

TEST_CASE("one frame serves both versions of the protocol") {
  PushFrame frame(3);
  frame.bulk("message").bulk("").integer(-7);
  OutputChain chain;
  frame.append_to(chain, RespVersion::resp2);
  CHECK(take(chain) == "*3\r\n$7\r\nmessage\r\n$0\r\n\r\n:-7\r\n");
  frame.append_to(chain, RespVersion::resp3);
  CHECK(take(chain) == ">3\r\n$7\r\nmessage\r\n$0\r\n\r\n:-7\r\n");
}

TEST_CASE("a line is the same in both versions of the protocol") {
  PushFrame frame = PushFrame::line("1.5 [0 a:1] \"PING\"");
  OutputChain chain;
  frame.append_to(chain, RespVersion::resp2);
  frame.append_to(chain, RespVersion::resp3);
  CHECK(take(chain) == "+1.5 [0 a:1] \"PING\"\r\n+1.5 [0 a:1] \"PING\"\r\n");
}

TEST_CASE("a large frame is shared and outlives its sender") {
  const std::string text(100'000, 'x');
  OutputChain first;
  OutputChain second;
  {
    PushFrame frame(1);
    frame.bulk(text);
    frame.append_to(first, RespVersion::resp2);
    frame.append_to(second, RespVersion::resp3);
  }
  const std::string rest = "1\r\n$100000\r\n" + text + "\r\n";
  first.append("+OK\r\n");
  CHECK(take(first) == "*" + rest + "+OK\r\n");
  CHECK(take(second) == ">" + rest);
}

TEST_CASE("what goes to the client that is being answered waits for the end of its reply") {
  FakeSocket own_socket;
  FakeSocket other_socket;
  Client own(1, own_socket, 0);
  Client other(2, other_socket, 0);
  Pushes pushes;
  PushFrame frame(1);
  frame.bulk("x");
  own.is_being_answered = true;
  pushes.send(own, frame);
  pushes.send(other, frame);
  CHECK(own_socket.chain.empty());
  CHECK(take(other_socket.chain) == "*1\r\n$1\r\nx\r\n");
  CHECK(own.waiting_push_bytes > 0);
  own_socket.chain.append(":1\r\n");
  own.is_being_answered = false;
  pushes.deliver_waiting(own);
  CHECK(own.waiting_push_bytes == 0);
  CHECK(take(own_socket.chain) == ":1\r\n*1\r\n$1\r\nx\r\n");
}

TEST_CASE("pushes that wait for the end of a reply count as queued output") {
  FakeSocket socket;
  Client client(1, socket, 0);
  socket.chain.set_limit(100'000);
  client.is_being_answered = true;
  Pushes pushes;
  PushFrame frame(1);
  frame.bulk(std::string(10'000, 'x'));
  int sent = 0;
  while (!socket.is_closed && sent < 100) {
    pushes.send(client, frame);
    sent++;
  }
  CHECK(socket.is_closed);
  CHECK(sent == 10);
}

TEST_CASE("a frame can hold nothing") {
  OutputChain chain;
  PushFrame(1).null(RespVersion::resp2).append_to(chain, RespVersion::resp2);
  CHECK(take(chain) == "*1\r\n$-1\r\n");
  PushFrame(1).null(RespVersion::resp3).append_to(chain, RespVersion::resp3);
  CHECK(take(chain) == ">1\r\n_\r\n");
}

TEST_CASE("a frame for one version is not for who has changed to the other meanwhile") {
  FakeSocket socket;
  Client client(1, socket, 0);
  client.resp_version = RespVersion::resp3;
  Pushes pushes;
  PushFrame frame(2);
  frame.bulk("a").array(1).bulk("b").only_for(RespVersion::resp3);
  pushes.send(client, frame);
  CHECK(take(socket.chain) == ">2\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n");
  client.is_being_answered = true;
  pushes.send(client, frame);
  client.resp_version = RespVersion::resp2;
  client.is_being_answered = false;
  pushes.deliver_waiting(client);
  CHECK(socket.chain.empty());
  pushes.send(client, frame);
  CHECK(socket.chain.empty());
}

TEST_CASE("who reads too slowly is closed, and who is closed gets nothing") {
  FakeSocket socket;
  Client client(1, socket, 0);
  socket.chain.set_limit(100);
  Pushes pushes;
  PushFrame frame(1);
  frame.bulk(std::string(60, 'x'));
  pushes.send(client, frame);
  CHECK(!socket.is_closed);
  pushes.send(client, frame);
  CHECK(socket.is_closed);
  const size_t bytes = socket.chain.bytes();
  pushes.send(client, frame);
  CHECK(socket.chain.bytes() == bytes);
}

}  // namespace
}  // namespace larder
