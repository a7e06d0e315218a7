#include "modules/metrics/info_rows.h"

#include <catch2/catch.hpp>
#include <string>

#include "server/base/text.h"

namespace larder {
namespace {

TEST_CASE("info rows: a group's fields with their kinds") {
  InfoGroup group("Stats");
  Counter hits{group, "hits"};
  Gauge clients{group, "clients"};
  HistogramField times{group, "times"};
  Field text{group, "text", [] { return std::string("a:b\r\nc"); }};
  Fields lines{group, [](InfoWriter& writer) {
                 writer.line("db0", "keys=1,expires=0");
                 writer.line("x", "");
                 writer.line("id", "00000000", InfoKind::text);
                 writer.line("forks", "4", InfoKind::count);
               }};
  Field batches{group, "batches", InfoKind::count, [] { return 5; }};
  hits += 3;
  clients = -2;
  times.record(7);
  std::vector<InfoRow> rows;
  read_info(group, rows);
  REQUIRE(rows.size() == 9);
  CHECK(rows[0].section == "Stats");
  CHECK(rows[0].name == "hits");
  CHECK(rows[0].value == "3");
  CHECK(rows[0].kind == InfoKind::count);
  CHECK(rows[0].number() == 3);
  CHECK(rows[1].value == "-2");
  CHECK(rows[1].kind == InfoKind::plain);
  CHECK(rows[2].histogram == &times);
  CHECK(rows[3].value == "a:b  c");
  CHECK(rows[4].name == "db0");
  CHECK(rows[5].value.empty());
  CHECK(!rows[5].number());
  CHECK(rows[6].value == "00000000");
  CHECK(!rows[6].number());
  CHECK(rows[7].kind == InfoKind::count);
  CHECK(rows[7].number() == 4);
  CHECK(rows[8].name == "batches");
  CHECK(rows[8].kind == InfoKind::count);

  Info info;
  info.add(group);
  InfoGroup other("Other");
  Counter misses{other, "misses"};
  info.add(other);
  rows.clear();
  read_info(info, "other", rows);
  REQUIRE(rows.size() == 1);
  read_info(info, "", rows);
  CHECK(rows.size() == 11);
}

TEST_CASE("info rows: what values are") {
  CHECK(numeric_value("12") == 12);
  CHECK(numeric_value("-0.5") == -0.5);
  CHECK(numeric_value("99.5%") == 99.5);
  CHECK(numeric_value("ok") == 1);
  CHECK(numeric_value("err") == 0);
  CHECK(!numeric_value(""));
  CHECK(!numeric_value("%"));
  CHECK(!numeric_value("1.50M"));
  CHECK(!numeric_value("inf"));
  CHECK(!numeric_value(" 1"));
  CHECK(!numeric_value("7.2.0"));
  CHECK(parts_of("12").empty());
  CHECK(parts_of("").empty());
  CHECK(parts_of("a=1,b").empty());
  CHECK(parts_of("a=1,").empty());
  CHECK(parts_of("=1").empty());
  CHECK(parts_of("a=\"x").empty());
  CHECK(parts_of("a=\"x\"y").empty());
  const auto parts = parts_of("keys=1,state=warn,x==,empty=,last=2");
  REQUIRE(parts.size() == 5);
  CHECK(parts[1].name == "state");
  CHECK(parts[1].value == "warn");
  CHECK(!parts[1].is_quoted);
  CHECK(parts[2].value == "=");
  CHECK(parts[3].value.empty());
}

TEST_CASE("info rows: names in quotes may hold anything") {
  for (const std::string name : {"", "a,b=c", "\"", "\\", "\\\"", "\r\n\x01\xff", "plain"}) {
    const auto parts = parts_of("key=" + quote(name) + ",db=0");
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].value == name);
    CHECK(parts[0].is_quoted);
    CHECK(parts[1].value == "0");
  }
}

}  // namespace
}  // namespace larder
