#include "modules/batching/batching.h"

#include "tests/unit/dispatch/test_turns.h"

namespace larder {
namespace {

// The module in a server of which the test tells what it has done.
class Scene {
 public:
  Scene() {
    turns.configuration.options.add(batching.options);
    turns.info.add(batching.info);
    batching.start(host);
  }
  void set_option(std::string_view name, std::string_view value) {
    const NameAndValue setting{name, value};
    REQUIRE(turns.configuration.options.set({&setting, 1}, Authority::ordinary).is_ok());
  }
  Pace& pace() { return turns.hooks.pace; }
  void finish(size_t requests, int64_t us, bool was_cut) {
    turns.hooks.turn_finished({requests, requests, us * 1000, was_cut});
  }
  std::string value(const std::string& name) const {
    const std::string_view section = "batching";
    const std::string report = turns.info.report({&section, 1});
    const size_t at = report.find("\n" + name + ":");
    if (at == std::string::npos) return "none";
    const size_t begin = at + name.size() + 2;
    return report.substr(begin, report.find('\r', begin) - begin);
  }

  Batching batching;  // outlives those it listens to
  TestTurns turns;
  Host host{turns.services};
};

TEST_CASE("the bound of a turn follows the time that turns take", "[batching]") {
  Scene scene;
  CHECK(scene.pace().looks_ahead);
  CHECK(scene.pace().turn_us == 1000);
  // Requests of 2 us each, of which there are always more.
  for (int i = 0; i < 60; i++) {
    const size_t bound = scene.pace().turn_requests;
    scene.finish(bound, static_cast<int64_t>(2 * bound), true);
  }
  CHECK(scene.pace().turn_requests >= 200);
  CHECK(scene.pace().turn_requests <= 300);
  // With more time there are more of them.
  scene.set_option("batch-target-us", "2000");
  CHECK(scene.pace().turn_us == 4000);
  for (int i = 0; i < 60; i++) {
    const size_t bound = scene.pace().turn_requests;
    scene.finish(bound, static_cast<int64_t>(2 * bound), true);
  }
  CHECK(scene.pace().turn_requests >= 800);
  CHECK(scene.pace().turn_requests <= 1200);
}

TEST_CASE("the limits of the bound hold at once", "[batching]") {
  Scene scene;
  scene.set_option("batch-max", "100");
  CHECK(scene.pace().turn_requests == 100);
  scene.set_option("batch-min", "120");
  CHECK(scene.pace().turn_requests == 120);
  for (int i = 0; i < 50; i++) scene.finish(120, 100'000, true);
  CHECK(scene.pace().turn_requests == 120);
}

TEST_CASE("switched off, it leaves the core's pace alone, and nothing behind", "[batching]") {
  Scene scene;
  scene.finish(4096, 100'000, true);
  scene.turns.hooks.slice_finished({500, 3'000'000, true});
  CHECK(scene.value("batch_prefetched_keys") == "4096");
  CHECK(scene.value("background_batch_over_target") == "1");
  scene.set_option("batch-max", "100");
  scene.set_option("batching", "no");
  scene.finish(4096, 100'000, true);
  scene.turns.hooks.slice_finished({500, 3'000'000, true});
  CHECK_FALSE(scene.pace().looks_ahead);
  CHECK(scene.pace().turn_requests == Pace{}.turn_requests);
  CHECK(scene.pace().turn_us == Pace{}.turn_us);
  CHECK(scene.pace().slice_us == Pace{}.slice_us);
  CHECK(scene.value("batch_limit") == std::to_string(Pace{}.turn_requests));
  for (const char* name :
       {"batches", "batch_size_p99", "batch_size_current", "batch_prefetched_keys",
        "batch_over_target", "batch_cut", "background_batches", "background_batch_us_p99",
        "background_batch_over_target"}) {
    INFO(name);
    CHECK(scene.value(name) == "0");
  }
  scene.set_option("batching", "yes");
  CHECK(scene.pace().turn_requests <= 100);
  scene.finish(10, 100, false);
  CHECK(scene.value("batches") == "1");
}

TEST_CASE("a slice of background work follows the time that slices take", "[batching]") {
  Scene scene;
  CHECK(scene.pace().slice_us == 500);
  const Hooks& hooks = scene.turns.hooks;
  // Steps are coarse: each slice takes 200 us longer than it was allowed.
  for (int i = 0; i < 60; i++) {
    const int64_t slice_us = scene.pace().slice_us;
    hooks.slice_finished({slice_us, (slice_us + 200) * 1000, true});
  }
  CHECK(scene.pace().slice_us >= 250);
  CHECK(scene.pace().slice_us <= 350);
  // A backlog is allowed more; the slice without one stays what it is.
  const int64_t settled_us = scene.pace().slice_us;
  for (int i = 0; i < 60; i++) {
    hooks.slice_finished({5 * settled_us, 5 * (settled_us + 200) * 1000, true});
  }
  CHECK(scene.pace().slice_us == Approx(settled_us).margin(60));
  scene.set_option("background-batch-target-us", "100");
  CHECK(scene.pace().slice_us <= 200);
}

TEST_CASE("what was done is counted", "[batching]") {
  Scene scene;
  CHECK(scene.value("batches") == "0");
  CHECK(scene.value("batch_size_mean") == "0.00");
  for (size_t size = 1; size <= 50; size++) scene.finish(size, size == 50 ? 600 : 10, size == 50);
  CHECK(scene.value("batches") == "50");
  CHECK(scene.value("batch_size_mean") == "25.50");
  CHECK(scene.value("batch_size_p50") == "25");
  CHECK(scene.value("batch_size_p99") == "50");
  CHECK(scene.value("batch_size_current") == "50");
  CHECK(scene.value("batch_prefetched_keys") == "1275");
  CHECK(scene.value("batch_over_target") == "1");
  CHECK(scene.value("batch_cut") == "1");
  CHECK(scene.value("batch_limit") == std::to_string(scene.pace().turn_requests));
  scene.turns.info.reset();
  CHECK(scene.value("batches") == "0");
  CHECK(scene.value("batch_size_p99") == "0");
  CHECK(scene.value("batch_prefetched_keys") == "0");
}

// The module and the dispatcher together: how long the requests take is real here, and only that
// the two agree is looked at.
TEST_CASE("real turns are counted", "[batching]") {
  Scene scene;
  TestClient& client = scene.turns.connect();
  TestTurns::send(client, "GET key\r\n", 100);
  scene.turns.turn();
  TestTurns::send(client, "PING\r\n");
  scene.turns.turn();
  CHECK(TestTurns::replies(client) == 101);
  CHECK(scene.value("batches") == std::to_string(scene.turns.finished.size()));
  CHECK(scene.value("batch_prefetched_keys") == "100");
}

}  // namespace
}  // namespace larder
