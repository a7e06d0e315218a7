#include "modules/metrics/sampler.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <string_view>

#include "modules/metrics/reports.h"
#include "modules/metrics/scrape.h"
#include "tests/support/test_services.h"
#include "tests/support/two_commands.h"

namespace larder {
namespace {

// INFO that the test writes.
struct Scene : TestServices {
  Scene() {
    commands.add({.group = "test", .commands = kTwoCommands});
    info.add(stats);
    info.add(pressure);
    pressure_percent = 12;
    pressure_limit = 77;
  }
  void tick(double seconds = 1) {
    now_us += static_cast<int64_t>(seconds * 1e6);
    sampler.tick(now_us / 1000, now_us);
  }
  float last(std::string_view name) const {
    const History& history = sampler.history();
    REQUIRE(history.end() > 0);
    const auto series = metric_series();
    for (size_t i = 0; i < series.size(); i++) {
      if (series[i].name == name) return history.values(history.end() - 1)[i];
    }
    FAIL("no series " << name);
    return 0;
  }

  Host host{services};
  InfoGroup stats{"Stats"};
  Counter requests{stats, "total_commands_processed"};
  Gauge percent{stats, "evil\"name\\"};
  HistogramField times{stats, "times"};
  Counter misses{stats, "keyspace_misses"};
  InfoGroup pressure{"Pressure"};
  Gauge pressure_percent{pressure, "pressure_percent"};
  Gauge pressure_limit{pressure, "pressure_limit"};
  Sampler sampler{host};
  int64_t now_us = 1'000'000'000;
};

TEST_CASE("sampler: gauges are taken as they are, counters as growth per second") {
  Scene scene;
  scene.requests += 1000;
  scene.misses += 12345;
  scene.tick();
  CHECK(scene.sampler.history().end() == 0);
  scene.requests += 50;
  scene.tick();
  CHECK(scene.last("requests") == 50);
  CHECK(scene.last("misses") == 0);
  CHECK(scene.last("pressure_percent") == 12);
  scene.requests += 300;
  scene.tick(2);
  CHECK(scene.last("requests") == 150);
  CHECK(scene.last("clients") == 0);
  // The history has its memory by now.
  CHECK(scene.last("memory_used") == Approx(scene.memory.used()).epsilon(0.05));
  // CONFIG RESETSTAT, and ten requests since.
  scene.info.reset();
  scene.requests += 10;
  scene.tick();
  CHECK(scene.last("requests") == 10);
  CHECK(std::isnan(scene.last("cpu_user")));
  CHECK(scene.last("memory_limit") == 77);
  scene.memory.set_limit(99);
  scene.tick();
  CHECK(scene.last("memory_limit") == 99);
}

TEST_CASE("sampler: one sample a second, however often it is called") {
  Scene scene;
  for (int i = 0; i < 100; i++) scene.tick(0.1);
  CHECK(scene.sampler.history().end() == 10);
  for (uint64_t row = 1; row < 10; row++) {
    CHECK(scene.sampler.history().seconds(row) == scene.sampler.history().seconds(row - 1) + 1);
  }
}

TEST_CASE("sampler: percentiles are those of the second") {
  Scene scene;
  scene.tick();
  const Command& command = *scene.commands.find("one");
  for (int64_t us = 1; us <= 100; us++) scene.sampler.record({command, 1, us * 1000});
  scene.tick();
  CHECK(scene.last("execution_p50") == Approx(50).epsilon(0.03));
  CHECK(scene.last("execution_p99") == Approx(99).epsilon(0.03));
  CHECK(scene.last("execution_max") == Approx(100).epsilon(0.001));
  scene.tick();
  CHECK(std::isnan(scene.last("execution_p50")));
  CHECK(std::isnan(scene.last("service_p50")));
}

TEST_CASE("sampler: rates of commands come near what is going on, and fade") {
  Scene scene;
  CommandStats& stats = scene.commands.find("one")->stats;
  stats.calls = 1'000'000;
  scene.tick();
  for (int second = 0; second < 60; second++) {
    stats.calls += 100;
    stats.nanoseconds += 100 * 2000;
    scene.tick();
  }
  const auto& rate = scene.sampler.command_rates()[scene.commands.find("one")->id()];
  CHECK(rate.calls == Approx(100).epsilon(0.01));
  CHECK(rate.busy_us == Approx(200).epsilon(0.01));
  stats = {};
  for (int second = 0; second < 60; second++) scene.tick();
  CHECK(rate.calls < 1);
  CHECK(scene.sampler.command_rates()[scene.commands.find("two")->id()].calls == 0);
}

std::string all_of(HttpBody& body, Deadline deadline, int* pieces = nullptr) {
  std::string text;
  for (bool has_more = true; has_more;) {
    std::string piece;
    has_more = body.write(piece, deadline);
    text += piece;
    if (pieces != nullptr) ++*pieces;
    // A step is small.
    CHECK(piece.size() < HttpBody::kPieceBytes + 8192);
  }
  return text;
}

TEST_CASE("reports: history as JSON, all of it and what is new, in any number of pieces") {
  Scene scene;
  scene.tick();
  for (int i = 0; i < 5000; i++) {
    scene.requests += static_cast<uint64_t>(i);
    scene.tick();
  }
  const History& history = scene.sampler.history();
  HistoryReport whole(history, 0);
  const std::string text = all_of(whole, Deadline::never());
  CHECK(text.starts_with("{\"rows\":3600,\"series\":[\"requests\",\"hits\","));
  CHECK(text.ends_with("]]}\n"));
  CHECK(std::count(text.begin(), text.end(), '[') == 2 + 3600);
  int pieces = 0;
  HistoryReport late(history, 0);
  CHECK(all_of(late, Deadline::in_us(-1), &pieces) == text);
  CHECK(pieces > 100);
  HistoryReport news(history, history.seconds(history.end() - 1) - 2);
  const std::string rows = all_of(news, Deadline::never());
  CHECK(std::count(rows.begin(), rows.end(), '[') == 2 + 2);
  HistoryReport none(history, history.seconds(history.end() - 1));
  CHECK(all_of(none, Deadline::never()).ends_with("\"data\":[]}\n"));
  // What is overwritten while it is being read is left out.
  HistoryReport slow(history, 0);
  std::string piece;
  CHECK(slow.write(piece, Deadline::in_us(-1)));
  for (int i = 0; i < 4000; i++) scene.tick();
  CHECK(all_of(slow, Deadline::never()) == "]}\n");
}

TEST_CASE("scrape: it is the same in however many pieces, and every family comes once") {
  Scene scene;
  scene.commands.find("one")->stats.calls = 3;
  scene.percent = 7;
  scene.times.record(5);
  Scrape whole(scene.host);
  const std::string text = all_of(whole, Deadline::never());
  int pieces = 0;
  Scrape late(scene.host);
  const std::string again = all_of(late, Deadline::in_us(-1), &pieces);
  CHECK(pieces > 10);
  const auto without_clock = [](std::string scraped) {
    const size_t at = scraped.find("\nredis_start_time_seconds ");
    return scraped.erase(at + 1, scraped.find('\n', at + 1) - at);
  };
  CHECK(without_clock(again) == without_clock(text));
  CHECK(text.find("\nredis_commands_processed_total 0\n") != std::string::npos);
  CHECK(text.find("\nredis_commands_total{cmd=\"one\"} 3\n") != std::string::npos);
  CHECK(text.find("\nlarder_evil_name_ 7\n") != std::string::npos);
  CHECK(text.find("\nlarder_times{quantile=\"0.5\"} 5\n") != std::string::npos);
  CHECK(text.find("\nlarder_times_count 1\n") != std::string::npos);
  CHECK(text.find("\nredis_db_keys{db=\"db1\"} 0\n") != std::string::npos);
}

TEST_CASE("scrape: fields of several values are samples with labels, each once") {
  Scene scene;
  InfoGroup group("Hot-Spots");
  Fields fields(group, [](InfoWriter& writer) {
    writer.line("plain", "a=1,b=0.5");
    writer.line("hot_key_1", "key=\"x,y\",db=0,hits=3,db=9");
    writer.line("hot_key_2", "key=\"x,y\",db=1,hits=4");
    writer.line("hot_key_3", "key=\"x,y\",db=1,hits=5");
    writer.line("budget_1", "state=warn,value=2");
    writer.line("budget_2", "state=warn,value=3");
    writer.line("words", "mode=fast,mode=slow");
  });
  scene.info.add(group);
  Scrape scrape(scene.host);
  const std::string text = all_of(scrape, Deadline::never());
  const std::string expected =
      "# TYPE larder_hot_spots_values gauge\n"
      "larder_hot_spots_values{field=\"plain\",part=\"a\"} 1\n"
      "larder_hot_spots_values{field=\"plain\",part=\"b\"} 0.5\n"
      "larder_hot_spots_values{field=\"hot_key\",key=\"x,y\",db=\"0\",part=\"hits\"} 3\n"
      "larder_hot_spots_values{field=\"hot_key\",key=\"x,y\",db=\"1\",part=\"hits\"} 4\n"
      "larder_hot_spots_values{field=\"budget_1\",state=\"warn\",part=\"value\"} 2\n"
      "larder_hot_spots_values{field=\"budget_2\",state=\"warn\",part=\"value\"} 3\n"
      "larder_hot_spots_values{field=\"words\",mode=\"fast\"} 1\n";
  INFO(text);
  CHECK(text.find(expected) != std::string::npos);
}

TEST_CASE("reports: now is one object, without modules that would answer") {
  Scene scene;
  scene.tick();
  scene.commands.find("two")->stats.calls = 10;
  scene.tick();
  NowReport report(scene.host, scene.sampler);
  const std::string text = all_of(report, Deadline::in_us(-1));
  CHECK(text.starts_with("{\"time\":"));
  CHECK(text.find("\"info\":[[\"Stats\",[\"total_commands_processed\",\"0\"],[\"evil\\\"name\\\\\","
                  "\"0\"]") != std::string::npos);
  CHECK(text.find("\"commands\":[[\"two\",") != std::string::npos);
  CHECK(text.ends_with("\"heavyclients\":null,\"advice\":null,\"budgets\":null}}\n"));
}

}  // namespace
}  // namespace larder
