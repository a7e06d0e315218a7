#include "server/network/network_options.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

Status read(OptionBase& option, const Words& words, Reading reading = Reading::first) {
  return option.read(words, reading);
}

}  // namespace

TEST_CASE("network options have Redis's names, defaults and limits", "[network]") {
  NetworkOptions options;
  CHECK(options.bind.text() == "* -::*");
  CHECK(options.port.text() == "6379");
  CHECK(options.unixsocketperm.text() == "0");
  CHECK(options.tcp_backlog.text() == "511");
  CHECK(options.proto_max_bulk_len.text() == "536870912");
  CHECK(options.client_query_buffer_limit.text() == "1073741824");
  CHECK(options.options().size() == 15);

  CHECK_FALSE(read(options.port, {"65536"}).is_ok());
  CHECK_FALSE(read(options.maxclients, {"0"}).is_ok());
  CHECK_FALSE(read(options.proto_max_bulk_len, {"1mb1"}).is_ok());
  CHECK_FALSE(read(options.proto_max_bulk_len, {"1023kb"}).is_ok());
  REQUIRE(read(options.unixsocketperm, {"770"}).is_ok());
  CHECK(*options.unixsocketperm == 0770);
  CHECK_FALSE(read(options.unixsocketperm, {"1000"}).is_ok());
  CHECK_FALSE(read(options.bind, Words(17, "127.0.0.1")).is_ok());
  REQUIRE(read(options.bind, {""}).is_ok());
  CHECK(options.bind->empty());
}

TEST_CASE("output limits change class by class, or not at all", "[network]") {
  NetworkOptions options;
  auto& limits = options.client_output_buffer_limit;
  CHECK(limits.text() == "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  REQUIRE(read(limits, {"normal", "1gb", "512mb", "10"}).is_ok());
  REQUIRE(read(limits, {"Replica", "1", "2", "3"}, Reading::further).is_ok());
  CHECK(limits->of(OutputClass::normal) == OutputLimit{1ull << 30, 512ull << 20, 10});
  CHECK(limits->of(OutputClass::replica) == OutputLimit{1, 2, 3});
  CHECK(limits->of(OutputClass::pubsub) == OutputLimit{32ull << 20, 8ull << 20, 60});
  CHECK(limits.lines().size() == 3);

  const std::string before = limits.text();
  CHECK_FALSE(read(limits, {"normal", "0", "0"}).is_ok());
  CHECK_FALSE(read(limits, {"normal", "0", "0", "0", "master", "0", "0", "0"}).is_ok());
  CHECK_FALSE(read(limits, {"normal", "0", "0", "0", "pubsub", "0", "x", "0"}).is_ok());
  CHECK_FALSE(read(limits, {"normal", "0", "0", "-1"}).is_ok());
  CHECK(limits.text() == before);
}

}  // namespace larder
