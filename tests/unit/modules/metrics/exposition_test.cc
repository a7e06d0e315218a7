#include "modules/metrics/exposition.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "modules/metrics/known_metrics.h"

namespace larder {
namespace {

// A reader of the format, by its description: what was written comes back, or the test fails.
struct ReadSample {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string value;
};

ReadSample read_sample(const std::string& line) {
  ReadSample sample;
  size_t at = line.find_first_of("{ ");
  sample.name = line.substr(0, at);
  if (line[at] == '{') {
    at++;
    while (line[at] != '}') {
      const size_t equals = line.find('=', at);
      const std::string name = line.substr(at, equals - at);
      REQUIRE(line[equals + 1] == '"');
      std::string value;
      for (at = equals + 2; line[at] != '"'; at++) {
        if (line[at] == '\\') {
          at++;
          REQUIRE(std::string("n\\\"").find(line[at]) != std::string::npos);
          value += line[at] == 'n' ? '\n' : line[at];
        } else {
          value += line[at];
        }
      }
      REQUIRE(sample.labels.emplace(name, value).second);
      at++;
      if (line[at] == ',') at++;
    }
    at++;
  }
  REQUIRE(line[at] == ' ');
  sample.value = line.substr(at + 1);
  return sample;
}

TEST_CASE("exposition: families, samples and their types") {
  std::string out;
  Exposition exposition;
  exposition.set_output(out);
  exposition.single("redis_up", MetricType::gauge, "Whether it \\ is\nup", 1);
  exposition.family("a_total", MetricType::counter, "A");
  exposition.sample({{"cmd", "get"}, {"db", "db0"}}, 12);
  exposition.family("h", MetricType::histogram, "H");
  exposition.sample({{"le", "+Inf"}}, 3, "_bucket");
  exposition.sample({}, 0.25, "_sum");
  CHECK(out ==
        "# HELP redis_up Whether it \\\\ is up\n# TYPE redis_up gauge\nredis_up 1\n"
        "# HELP a_total A\n# TYPE a_total counter\na_total{cmd=\"get\",db=\"db0\"} 12\n"
        "# HELP h H\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 0.25\n");
}

TEST_CASE("exposition: a family comes once") {
  std::string out;
  Exposition exposition;
  exposition.set_output(out);
  CHECK(exposition.family("a", MetricType::gauge, "A"));
  std::string next;
  exposition.set_output(next);
  CHECK(!exposition.family("a", MetricType::counter, "A"));
  exposition.single("a", MetricType::gauge, "A", 1);
  CHECK(next.empty());
}

TEST_CASE("exposition: label values come back, whatever bytes they are") {
  std::mt19937 random(3);  // NOLINT: the same every time
  const std::string alphabet = "ab\"\\\n,{}= \xc3\xa4";
  for (int round = 0; round < 5'000; round++) {
    std::string value;
    for (size_t i = random() % 12; i > 0; i--) {
      const size_t pick = random() % (alphabet.size() - 1);
      value += pick == alphabet.size() - 2 ? alphabet.substr(pick) : alphabet.substr(pick, 1);
    }
    std::string out;
    Exposition exposition;
    exposition.set_output(out);
    exposition.family("m", MetricType::gauge, "M");
    out.clear();
    exposition.sample({{"first", value}, {"second", "x"}}, round);
    REQUIRE(out.find('\n') == out.size() - 1);
    const ReadSample read = read_sample(out.substr(0, out.size() - 1));
    REQUIRE(read.labels == std::map<std::string, std::string>{{"first", value}, {"second", "x"}});
    REQUIRE(read.value == std::to_string(round));
  }
  std::string out;
  Exposition exposition;
  exposition.set_output(out);
  exposition.family("m", MetricType::gauge, "M");
  out.clear();
  exposition.sample({{"a", std::string_view("\xff\0b", 3)}}, 1);
  CHECK(out == std::string("m{a=\"\\\\xff") + '\0' + "b\"} 1\n");
}

TEST_CASE("exposition: numbers read back") {
  const auto text = [](double value) {
    std::string out;
    append_metric_number(out, value);
    return out;
  };
  CHECK(text(0) == "0");
  CHECK(text(12345678901) == "12345678901");
  CHECK(text(-0.5) == "-0.5");
  CHECK(text(std::nan("")) == "NaN");
  CHECK(text(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "-Inf");
  std::mt19937_64 random(5);  // NOLINT: the same every time
  for (int round = 0; round < 10'000; round++) {
    const uint64_t bits = random();
    double value = 0;
    static_assert(sizeof(value) == sizeof(bits));
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    // Not stod, which throws where a number is next to 0.
    REQUIRE(std::strtod(text(value).c_str(), nullptr) == value);
  }
}

TEST_CASE("exposition: names are made valid") {
  CHECK(metric_name("used_memory") == "used_memory");
  CHECK(metric_name("ns:user-1.x") == "ns_user_1_x");
  CHECK(metric_name("2nd") == "_2nd");
  CHECK(metric_name("") == "_");
}

TEST_CASE("known metrics: fields have the names of the exporter") {
  REQUIRE(find_known_metric("used_memory") != nullptr);
  CHECK(find_known_metric("used_memory")->name == "memory_used_bytes");
  CHECK(find_known_metric("used_memory")->type == MetricType::gauge);
  CHECK(find_known_metric("keyspace_hits")->name == "keyspace_hits_total");
  CHECK(find_known_metric("keyspace_hits")->type == MetricType::counter);
  CHECK(find_known_metric("larder_version") == nullptr);
  CHECK(find_known_metric("") == nullptr);
  CHECK(find_known_metric("zzz") == nullptr);
}

}  // namespace
}  // namespace larder
