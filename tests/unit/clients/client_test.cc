#include "server/clients/client.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_socket.h"

namespace larder {

TEST_CASE("describe: a new client") {
  FakeSocket socket;
  Client client(7, socket, 10'000);
  client.user = std::make_shared<ClientUser>("default");
  CHECK(describe(client, 13'999) ==
        "id=7 addr=127.0.0.1:50000 laddr=127.0.0.1:6379 fd=9 name= age=3 idle=3 flags=N db=0 sub=0 "
        "psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=1000 argv-mem=10 multi-mem=0 rbs=0 rbp=0 obl=0 "
        "oll=0 omem=0 tot-mem=2000 events=r cmd=NULL user=default redir=-1 resp=2 lib-name= "
        "lib-ver= watch=0 tot-net-in=300 tot-net-out=400 tot-cmds=0");
}

TEST_CASE("describe: what a client chose and what waits for it") {
  FakeSocket socket;
  socket.is_unix = true;
  Client client(7, socket, 0);
  client.name = "worker";
  client.library_name = "lib";
  client.library_version = "1.0";
  client.database = 3;
  client.resp_version = RespVersion::resp3;
  client.no_evict = true;
  client.no_touch = true;
  client.last_request_ms = 4000;
  socket.chain.append("+OK\r\n");
  const std::string line = describe(client, 5000);
  for (const char* field : {" name=worker ", " age=5 idle=1 flags=UeT db=3 ", " obl=5 oll=1 ",
                            " events=rw ", " resp=3 ", " lib-name=lib lib-ver=1.0"}) {
    INFO(line);
    CHECK(line.find(field) != std::string::npos);
  }
  CHECK(line.find("omem=0") == std::string::npos);
}

TEST_CASE("is_listable: printable ASCII without spaces") {
  CHECK(is_listable(""));
  CHECK(is_listable("!name~"));
  for (const std::string_view text : {"a b", "a\n", "\x7f", "\xc3\xa9", "\x1f"}) {
    CHECK_FALSE(is_listable(text));
  }
  CHECK_FALSE(is_listable(std::string_view("a\0b", 3)));
}

TEST_CASE("find_client_type: names in any case") {
  CHECK(find_client_type("NORMAL") == ClientType::normal);
  CHECK(find_client_type("slave") == ClientType::replica);
  CHECK(find_client_type("Replica") == ClientType::replica);
  CHECK(find_client_type("master") == ClientType::primary);
  CHECK(find_client_type("pubsub") == ClientType::pubsub);
  CHECK_FALSE(find_client_type("primary"));
}

}  // namespace larder
