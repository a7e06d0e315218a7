// The rules of the house, held against the sources; and the checker held against made-up trees that
// break each rule, because a checker that cannot fail proves nothing.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/architecture/checker.h"
#include "tests/architecture/layers.h"
#include "tests/architecture/source_text.h"

namespace larder {
namespace {

// The breaches of a tree in which every folder of `files` has its README.
std::vector<std::string> breaches_of(SourceTree files) {
  SourceTree tree = files;
  for (const auto& [path, text] : files) {
    for (size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      tree[path.substr(0, slash) + "/README.md"];
    }
  }
  return check_tree(tree);
}

using Breaches = std::vector<std::string>;

TEST_CASE("Larder's sources keep the rules") {
  const SourceTree tree = read_tree(LARDER_SOURCE_TREE);
  REQUIRE(tree.contains("server/base/result.h"));
  for (const std::string& breach : check_tree(tree)) FAIL_CHECK(breach);
}

TEST_CASE("includes that point downwards are allowed, through any number of layers") {
  CHECK(breaches_of({
            {"protocol/resp.h", "#include <string>\n"},
            {"server/base/result.h", ""},
            {"server/types/list.h", "#include \"server/base/result.h\"\n"},
            {"server/keyspace/entry.h", "#include \"server/types/list.h\"\n"},
            {"server/commands/list.cc",
             "#include \"server/keyspace/entry.h\"\n#include \"protocol/resp.h\"\n"},
            {"server/module/host.h", "#include \"server/keyspace/entry.h\"\n"},
            {"server/server.h", "#include \"server/module/host.h\"\n"},
            {"server/main.cc", "#include \"server/server.h\"\n#include \"modules/modules.h\"\n"},
            {"modules/stats/stats.h", "#include \"server/module/host.h\"\n"},
            {"modules/modules.h", "#include \"modules/stats/stats.h\"\n"},
            {"server/network/reactor.cc", "#include <uv.h>\n#include <openssl/ssl.h>\n"},
            {"tests/unit/any_test.cc", "#include \"server/server.h\"\n"},
        }) == Breaches{});
}

TEST_CASE("an include that points upwards is found, with its line") {
  CHECK(breaches_of({{"server/base/text.h", "#pragma once\n#include \"server/types/list.h\"\n"},
                     {"server/types/list.h", ""}}) ==
        Breaches{"server/base/text.h:2: server/base may not include server/types "
                 "(server/types/list.h)"});
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"protocol/a.h", "server/base/b.h"},
           {"server/base/a.h", "protocol/b.h"},
           {"server/structures/a.h", "server/config/b.h"},
           {"server/network/a.h", "server/keyspace/b.h"},
           {"server/clients/a.h", "server/network/b.h"},
           {"server/commands/a.h", "server/module/b.h"},
           {"server/module/a.h", "server/dispatch/b.h"},
           {"server/process/a.h", "server/network/b.h"},
           {"server/command/a.h", "server/server.h"},
           {"server/server.cc", "modules/stats/b.h"},
           {"modules/stats/a.h", "server/network/b.h"},
           {"modules/stats/a.h", "server/persistence/b.h"},
           {"modules/stats/a.h", "modules/slowlog/b.h"},
           {"server/base/a.h", "tests/support/b.h"},
       }) {
    INFO(from << " -> " << to);
    CHECK(breaches_of({{from, "#include \"" + to + "\"\n"}, {to, ""}}).size() == 1);
  }
}

TEST_CASE("includes are written from the root, and own headers in quotes") {
  CHECK(breaches_of({{"server/base/a.cc", "\n#include \"b.h\"\n"}, {"server/base/b.h", ""}}) ==
        Breaches{"server/base/a.cc:2: \"b.h\" is no file of this tree, written from its root"});
  CHECK(breaches_of(
            {{"server/base/a.cc", "#include <server/base/b.h>\n"}, {"server/base/b.h", ""}}) ==
        Breaches{"server/base/a.cc:1: own headers are included with quotes: <server/base/b.h>"});
}

TEST_CASE("a folder that is no layer is found") {
  CHECK(breaches_of({{"server/utilities/a.h", ""}}).size() == 1);
}

TEST_CASE("libuv and OpenSSL stay in their layers") {
  CHECK(breaches_of({{"server/dispatch/a.cc", "#include <uv.h>\n"}}) ==
        Breaches{"server/dispatch/a.cc:1: <uv.h> belongs to server/network only"});
  CHECK(breaches_of({{"server/acl/a.cc", "#include <openssl/sha.h>\n"}}).size() == 1);
  CHECK(breaches_of({{"server/base/hash.cc", "#include <openssl/sha.h>\n"}}) == Breaches{});
}

TEST_CASE("error texts are found outside errors.cc, and only in code") {
  CHECK(breaches_of({{"server/commands/a.cc", "\nauto x = \"ERR no\";\n"}}) ==
        Breaches{"server/commands/a.cc:2: error texts are in server/base/errors.cc only: "
                 "\"ERR no\""});
  CHECK(breaches_of({{"modules/stats/a.cc", "auto x = R\"(-OOM no)\";\n"}}).size() == 1);
  CHECK(breaches_of({{"protocol/a.cc", "auto x = '\"'; auto y = \"NOAUTH no\";"}}).size() == 1);
  CHECK(breaches_of({{"server/base/errors.cc", "auto x = \"ERR no\";\n"}}) == Breaches{});
  CHECK(breaches_of({{"tests/unit/a_test.cc", "auto x = \"ERR no\";\n"}}) == Breaches{});
  CHECK(breaches_of({{"server/commands/a.cc",
                      "// \"ERR no\"\n/* \"ERR\n no\" */ auto x = \"an ERR \";\n"}}) == Breaches{});
}

TEST_CASE("long files and folders without README are found") {
  const std::string line = "int x;\n";
  std::string text;
  for (int i = 0; i < 800; i++) text += line;
  CHECK(breaches_of({{"server/base/a.cc", text}}) == Breaches{});
  CHECK(breaches_of({{"server/base/a.cc", text + line}}).size() == 1);
  CHECK(check_tree({{"server/base/a.h", ""}, {"tests/unit/a_test.cc", ""}, {"protocol/a.h", ""}}) ==
        Breaches{"protocol/README.md:1: every folder has a README.md",
                 "server/base/README.md:1: every folder has a README.md",
                 "tests/README.md:1: every folder has a README.md",
                 "tests/unit/README.md:1: every folder has a README.md"});
}

TEST_CASE("a source is read as the compiler would") {
  const SourceText source = read_source(
      "#include \"a.h\"\n# include <b.h>  // why\n// #include \"c.h\"\n"
      "auto big = 1'000'000; auto text = \"with \\\" and // inside\";\nauto raw = R\"x(\n)\")x\";\n"
      "auto last = \"end\";\n");
  REQUIRE(source.includes.size() == 2);
  CHECK(source.includes[0].path == "a.h");
  CHECK(source.includes[1].line == 2);
  REQUIRE(source.literals.size() == 3);
  CHECK(source.literals[0].text == "with \\\" and // inside");
  CHECK(source.literals[1].text == "\n)\"");
  CHECK(source.literals[2].line == 7);
  CHECK(source.lines == 7);
}

}  // namespace
}  // namespace larder
