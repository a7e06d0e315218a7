#include "modules/memory_pressure/memory_pressure.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/test_services.h"
#include "tests/support/fake_socket.h"

namespace larder {
namespace {

constexpr size_t kGigabyte = size_t{1} << 30;

class FakeMeter final : public PressureMeter {
 public:
  PressureReading read() override {
    reads++;
    return reading;
  }
  PressureReading reading{};
  int reads = 0;
};

// A server around the module that has no sockets, and whose memory is what the test says.
class Scene : public TestServices {
 public:
  Scene() {
    configuration.options.add(pressure.options);
    auto owned = std::make_unique<FakeMeter>();
    meter = owned.get();
    pressure.set_meter(std::move(owned));
    hooks.publish.add([this](std::string_view channel, std::string_view message) {
      published.emplace_back(std::string(channel) + ": " + std::string(message));
    });
    hooks.memory_level.add([this](MemoryLevel level) { levels.push_back(level); });
    pressure.start(host);
  }
  void set_option(std::string_view name, std::string_view value) {
    const NameAndValue setting{name, value};
    REQUIRE(configuration.options.set({&setting, 1}, Authority::ordinary).is_ok());
  }
  // Used memory in percent of a gigabyte, and the next look.
  void use(size_t percent) {
    meter->reading = {.used = kGigabyte * percent / 100,
                      .used_limit = kGigabyte,
                      .resident = 0,
                      .resident_limit = 2 * kGigabyte,
                      .stall_percent = 0};
    pressure.check();
  }
  // Gives the steps the turns that they want.
  void finish() {
    for (int turn = 0; turn < 10'000 && pressure.relief().is_running(); turn++) work.run();
    REQUIRE(!pressure.relief().is_running());
  }
  uint64_t runs_of(std::string_view step) const {
    for (const auto& outcome : pressure.relief().outcomes()) {
      if (outcome.name == step) return outcome.runs;
    }
    FAIL("no step " << step);
    return 0;
  }

  Host host{services};
  MemoryPressure pressure;
  FakeMeter* meter = nullptr;
  std::vector<std::string> published;
  std::vector<MemoryLevel> levels;
};

TEST_CASE("memory pressure: at the normal level nothing is done") {
  Scene scene;
  scene.use(50);
  CHECK(!scene.pressure.relief().is_running());
  CHECK(scene.control.purges == 0);
  CHECK(scene.published.empty());
  CHECK(scene.work.next_us() == BackgroundTask::kNever);
}

TEST_CASE("memory pressure: moderate runs the harmless steps only") {
  Scene scene;
  scene.use(86);
  scene.finish();
  CHECK(scene.control.purges == 1);
  CHECK(scene.control.shrinks == 1);
  CHECK(scene.runs_of("expire") == 1);
  CHECK(scene.runs_of("tables") == 1);
  CHECK(scene.runs_of("evict") == 0);
  CHECK(scene.control.evictions.empty());
}

TEST_CASE("memory pressure: aggressive runs all") {
  Scene scene;
  scene.set_option("memory-pressure-clients", "5mb");
  scene.use(95);
  scene.finish();
  for (const auto& outcome : scene.pressure.relief().outcomes()) {
    INFO(outcome.name);
    CHECK(outcome.runs == 1);
  }
  CHECK(scene.control.evictions == std::vector<size_t>{5 << 20});
}

TEST_CASE("memory pressure: walks over everything are not repeated at once") {
  Scene scene;
  for (int i = 0; i < 3; i++) {
    scene.use(86);
    scene.finish();
  }
  CHECK(scene.control.purges == 3);
  CHECK(scene.runs_of("tables") == 1);
}

TEST_CASE("memory pressure: a change of level is told once, with its reason") {
  Scene scene;
  scene.use(86);
  scene.use(87);
  scene.use(95);
  scene.use(10);
  CHECK(scene.levels == std::vector<MemoryLevel>{MemoryLevel::moderate, MemoryLevel::aggressive,
                                                 MemoryLevel::normal});
  REQUIRE(scene.published.size() == 3);
  CHECK(scene.published[0] ==
        "__pressure__: level=moderate former=normal source=used percent=86.0");
  CHECK(scene.published[1] ==
        "__pressure__: level=aggressive former=moderate source=used percent=95.0");
  CHECK(scene.published[2] ==
        "__pressure__: level=normal former=aggressive source=used percent=10.0");
  CHECK(scene.memory.level() == MemoryLevel::normal);
}

TEST_CASE(
    "memory pressure: new clients are refused while the level is aggressive, if it is wanted") {
  Scene scene;
  scene.use(95);
  CHECK(scene.control.refused_from == SIZE_MAX);
  scene.use(10);
  scene.set_option("memory-pressure-max-clients", "100");
  scene.use(95);
  CHECK(scene.control.refused_from == 100);
  scene.use(86);
  CHECK(scene.control.refused_from == SIZE_MAX);
}

TEST_CASE("memory pressure: silent clients go at the aggressive level, if it is wanted") {
  Scene scene;
  FakeSocket silent_socket;
  FakeSocket busy_socket;
  FakeSocket protected_socket;
  Client silent(1, silent_socket, 0);
  Client busy(2, busy_socket, scene.keyspace.now_ms());
  Client guarded(3, protected_socket, 0);
  guarded.no_evict = true;
  for (Client* client : {&silent, &busy, &guarded}) scene.clients.add(*client);
  scene.use(95);
  scene.finish();
  CHECK(!silent_socket.is_closed);
  scene.set_option("memory-pressure-idle-timeout", "60");
  scene.use(95);
  scene.finish();
  CHECK(silent_socket.is_closed);
  CHECK(!busy_socket.is_closed);
  CHECK(!protected_socket.is_closed);
}

TEST_CASE("memory pressure: it looks at the interval, and at once when a threshold is crossed") {
  Scene scene;
  const int64_t start_ms = wall_clock_ms();
  scene.hooks.tick(start_ms);
  CHECK(scene.meter->reads == 1);
  scene.hooks.tick(start_ms + 500);
  CHECK(scene.meter->reads == 1);
  scene.hooks.tick(start_ms + 1000);
  CHECK(scene.meter->reads == 2);
  // The threshold is what this process uses already, where the allocator tells how much that is.
  if (used_memory() == 0) return;
  scene.meter->reading = {
      .used = 0, .used_limit = 2, .resident = 0, .resident_limit = 0, .stall_percent = 0};
  scene.pressure.check();
  CHECK(scene.meter->reads == 3);
  scene.meter->reading.used = 2;
  scene.memory.check_alarm();
  CHECK(scene.meter->reads == 4);
  CHECK(scene.pressure.level().level() == MemoryLevel::aggressive);
  // There is no threshold left to cross.
  scene.memory.check_alarm();
  CHECK(scene.meter->reads == 4);
}

TEST_CASE("memory pressure: a clock that is set back does not stop it") {
  Scene scene;
  const int64_t start_ms = wall_clock_ms();
  scene.hooks.tick(start_ms);
  scene.hooks.tick(start_ms - 3'600'000);
  scene.hooks.tick(start_ms - 3'600'000 + 1000);
  CHECK(scene.meter->reads == 2);
}

TEST_CASE("memory pressure: switched off it is normal and does nothing") {
  Scene scene;
  scene.use(95);
  scene.finish();
  const int reads = scene.meter->reads;
  scene.set_option("memory-pressure", "no");
  scene.hooks.tick(wall_clock_ms());
  CHECK(scene.pressure.level().level() == MemoryLevel::normal);
  CHECK(scene.meter->reads == reads);
  CHECK(!scene.pressure.relief().is_running());
}

TEST_CASE("memory pressure: who asks for a run is answered at its end") {
  Scene scene;
  FakeSocket socket;
  Client client(7, socket, 0);
  scene.clients.add(client);
  scene.control.purged_bytes = 1000;
  scene.use(10);
  // As the dispatcher leaves clients whose MEMORY PRESSURE RUN waits.
  client.is_blocked = true;
  client.last_command = "memory|pressure";
  // This one was unblocked meanwhile, and waits for something else.
  Client other(8, socket, 0);
  scene.clients.add(other);
  other.is_blocked = true;
  other.last_command = "blpop";
  scene.pressure.run_steps(MemoryLevel::moderate, client);
  scene.pressure.run_steps(MemoryLevel::moderate, other);
  CHECK(scene.control.unblocked.empty());
  scene.finish();
  CHECK(scene.control.unblocked == std::vector<uint64_t>{7});
  CHECK(scene.pressure.relief().freed_bytes() >= 1000);
  CHECK(scene.runs_of("evict") == 0);
}

TEST_CASE("memory pressure: a run that is under way goes on to the higher level") {
  Scene scene;
  scene.use(86);
  scene.use(95);
  scene.finish();
  CHECK(scene.runs_of("expire") == 1);
  CHECK(scene.runs_of("evict") == 1);
}

TEST_CASE("memory pressure: shortly before the end the costly steps come at once") {
  Scene scene;
  scene.set_option("memory-pressure-clients", "5mb");
  scene.set_option("memory-pressure-slice", "50000");  // so that no machine is too slow for all of them
  scene.meter->reading = {.used = kGigabyte / 2,
                          .used_limit = kGigabyte,
                          .resident = kGigabyte / 100 * 96,
                          .resident_limit = kGigabyte,
                          .stall_percent = 0};
  scene.pressure.check();
  CHECK(!scene.pressure.relief().is_running());
  CHECK(scene.runs_of("tables") == 0);
  CHECK(scene.runs_of("evict") == 1);
  CHECK(scene.control.evictions == std::vector<size_t>{5 << 20});
  CHECK(scene.control.purges == 1);
}

TEST_CASE("memory pressure: thresholds the wrong way round begin where the higher one does") {
  Scene scene;
  scene.set_option("memory-pressure-moderate", "95");
  scene.use(92);
  CHECK(scene.pressure.level().level() == MemoryLevel::normal);
  scene.use(96);
  CHECK(scene.pressure.level().level() == MemoryLevel::aggressive);
}

}  // namespace
}  // namespace larder
