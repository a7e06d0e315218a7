#include "server/process/process_title.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

namespace larder {
namespace {

TEST_CASE("a title follows its template") {
  const TitleFacts facts{.title = "larder-server",
                         .listen_address = "127.0.0.1:6379",
                         .server_mode = "",
                         .port = "6379",
                         .tls_port = "0",
                         .unix_socket = "/run/larder.sock",
                         .config_file = "/etc/larder.conf"};
  CHECK(expand_title("{title} {listen-addr} {server-mode}", facts) ==
        "larder-server 127.0.0.1:6379");
  CHECK(expand_title("{port}/{tls-port} {unixsocket} {config-file}", facts) ==
        "6379/0 /run/larder.sock /etc/larder.conf");
  CHECK(expand_title("plain", facts) == "plain");
  CHECK(expand_title("{{{title}}", facts) == "{larder-server}");
  CHECK(expand_title("", facts) == "");
  for (const std::string_view text : {"{", "{title", "{unknown}", "{}", "{Title}"}) {
    INFO(text);
    CHECK_FALSE(expand_title(text, facts));
  }
}

// Arguments as the kernel lays them out, but not in front of the environment.
struct Arguments {
  char text[16] = "larder\0--x\0....";
  char* pointers[3] = {text, text + 7, nullptr};
};

TEST_CASE("the title takes the room of the arguments and no more") {
  Arguments arguments;
  ProcessTitle title(2, arguments.pointers);
  title.set("short");
  CHECK(std::memcmp(arguments.text, "short\0\0\0\0\0\0....", 15) == 0);
  title.set("a title that is too long");
  CHECK(std::memcmp(arguments.text, "a title th\0....", 15) == 0);
  title.set("x");
  CHECK(std::memcmp(arguments.text, "x\0\0\0\0\0\0\0\0\0\0....", 15) == 0);
}

TEST_CASE("an environment behind the arguments makes room and stays readable") {
  char text[] = "larder\0LARDER_TEST=yes\0OTHER=1";
  char* arguments[] = {text, nullptr};
  char* variables[] = {text + 7, text + 23, nullptr};
  char** const environment = environ;
  environ = variables;
  {
    ProcessTitle title(1, arguments);
    title.set("larder 127.0.0.1:6379");
    CHECK(std::string(text) == "larder 127.0.0.1:6379");
    const char* const value = ::getenv("LARDER_TEST");
    REQUIRE(value != nullptr);
    CHECK(std::string(value) == "yes");
  }
  CHECK(std::string(::getenv("OTHER")) == "1");
  ::free(variables[0]);  // NOLINT: copies that the title left to the process
  ::free(variables[1]);
  environ = environment;
}

TEST_CASE("a program without arguments has no title") {
  char* arguments[] = {nullptr};
  ProcessTitle title(0, arguments);
  title.set("larder");
}

}  // namespace
}  // namespace larder
