#include "server/info/info.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

struct Keyspace : InfoGroup {
  Keyspace() : InfoGroup("Keyspace") {}
  Fields databases{*this, [](InfoWriter& writer) {
                     writer.line("db0", "keys=1");
                     writer.line("db9", "keys=2");
                   }};
};
struct Stats : InfoGroup {
  Stats() : InfoGroup("Stats") {}
  Counter hits{*this, "keyspace_hits"};
  Gauge clients{*this, "clients"};
};
struct MoreStats : InfoGroup {
  MoreStats() : InfoGroup("Stats") {}
  Field ratio{*this, "ratio", [] { return 0.5; }};
  Field precise{*this, "precise", [] { return 1.0 / 3; }, 4};
  Field undefined{*this, "undefined", [] { return 0.0 / 0.0; }};
  Field number{*this, "number", [] { return -3; }};
  Field large{*this, "large", [] { return UINT64_MAX; }};
  Field flag{*this, "flag", [] { return true; }};
  Field text{*this, "text", [] { return "two\r\nlines"; }};
};
struct CommandStats : InfoGroup {
  CommandStats() : InfoGroup("Commandstats", InfoScope::on_request) {}
  HistogramField get{*this, "get"};
};
struct Batching : InfoGroup {
  Batching() : InfoGroup("Batching", InfoScope::module) {}
  Counter batches{*this, "batches"};
};

struct Fixture {
  Fixture() {
    for (InfoGroup* group :
         std::initializer_list<InfoGroup*>{&batching, &keyspace, &stats, &commands, &more}) {
      info.add(*group);
    }
  }
  std::string report(std::vector<std::string_view> sections) const { return info.report(sections); }
  // The titles in the order of the report.
  std::string titles(std::vector<std::string_view> sections) const {
    std::string found;
    const std::string text = report(std::move(sections));
    for (size_t at = text.find("# "); at != std::string::npos; at = text.find("# ", at + 1)) {
      found += text.substr(at + 2, text.find('\r', at) - at - 2) + " ";
    }
    return found;
  }
  Batching batching;
  Keyspace keyspace;
  Stats stats;
  CommandStats commands;
  MoreStats more;
  Info info;
};

TEST_CASE_METHOD(Fixture, "info: the form of a report") {
  stats.hits++;
  ++stats.hits;
  stats.hits += 5;
  stats.clients = 4;
  stats.clients -= 1;
  CHECK(report({}) ==
        "# Stats\r\nkeyspace_hits:7\r\nclients:3\r\nratio:0.50\r\nprecise:0.3333\r\n"
        "undefined:0.00\r\nnumber:-3\r\nlarge:18446744073709551615\r\nflag:1\r\n"
        "text:two  lines\r\n"
        "\r\n# Keyspace\r\ndb0:keys=1\r\ndb9:keys=2\r\n");
}

TEST_CASE_METHOD(Fixture, "info: which sections a report has") {
  CHECK(titles({}) == "Stats Keyspace ");
  CHECK(titles({"default"}) == "Stats Keyspace ");
  CHECK(titles({"ALL"}) == "Stats Commandstats Keyspace ");
  CHECK(titles({"everything"}) == "Stats Commandstats Keyspace Batching ");
  CHECK(titles({"modules"}) == "Batching ");
  CHECK(titles({"batching"}) == "Batching ");
  CHECK(titles({"keyspace", "STATS", "stats"}) == "Stats Keyspace ");
  CHECK(titles({"default", "commandstats"}) == "Stats Commandstats Keyspace ");
  CHECK(report({"nothing"}).empty());
}

TEST_CASE_METHOD(Fixture, "info: reset sets counters back and leaves gauges") {
  bool was_told = false;
  stats.on_reset([&] { was_told = true; });
  stats.hits += 3;
  stats.clients = 2;
  batching.batches++;
  commands.get.record(10);
  CHECK(report({"commandstats"}) ==
        "# Commandstats\r\nget:p50=10,p99=10,p99.9=10,max=10,count=1\r\n");
  info.reset();
  CHECK(stats.hits == 0U);
  CHECK(stats.clients == 2);
  CHECK(batching.batches.get() == 0);
  CHECK(commands.get.count() == 0);
  CHECK(was_told);
}

TEST_CASE("info: one line by its name") {
  InfoGroup stats("Stats");
  Counter hits(stats, "hits");
  int asked = 0;
  const Field costly(stats, "costly", [&] { return ++asked; });
  const Fields lines(stats, [](InfoWriter& writer) {
    writer.line("db0", "keys=3,expires=1");
    writer.line("db10", "keys=7");
  });
  InfoGroup later("Later");
  const Field last(later, "last", [] { return std::string("a\r\nhits:9"); });
  Info info;
  info.add(stats);
  info.add(later);
  hits += 5;
  CHECK(info.value("hits") == "5");
  CHECK(info.value("db0") == "keys=3,expires=1");
  CHECK(info.value("db10") == "keys=7");
  CHECK(info.value("db1") == std::nullopt);
  CHECK(info.value("hit") == std::nullopt);
  CHECK(info.value("Hits") == std::nullopt);
  CHECK(info.value("") == std::nullopt);
  CHECK(info.value("last") == "a  hits:9");
  CHECK(asked == 0);
  CHECK(info.value("costly") == "1");
}

}  // namespace
}  // namespace larder
