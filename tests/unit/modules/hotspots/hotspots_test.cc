#include "modules/hotspots/hotspots.h"

#include <catch2/catch.hpp>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/test_services.h"
#include "tests/support/fake_socket.h"

namespace larder {
namespace {

constexpr CommandSpec kCommands[] = {
    {"get", nullptr, 2, kRead | kFast, one_key(1, kGet), "1.0.0", "", "key", ""},
    {"mget", nullptr, -2, kRead | kFast, keys_from(1, kGet), "1.0.0", "", "key [key ...]", ""},
    {"set", nullptr, -3, kWrite, one_key(1, kPut), "1.0.0", "", "key value", ""},
    {"del", nullptr, -2, kWrite, keys_from(1, kUnset), "1.0.0", "", "key [key ...]", ""},
    {"ping", nullptr, -1, kFast, no_keys(), "1.0.0", "", "", ""},
};

struct Cost {
  int64_t nanoseconds = 1'000;
  size_t bytes = 100;  // of the request; the reply has as many
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint32_t weight = 1;
};

// A server around the module in which requests are what the test says.
class Scene : public TestServices {
 public:
  Scene() {
    commands.add({"string", kCommands});
    configuration.options.add(hotspots.options);
    info.add(hotspots.info);
    hotspots.start(host);
  }
  void set_option(std::string_view name, std::string_view value) {
    const NameAndValue setting{name, value};
    REQUIRE(configuration.options.set({&setting, 1}, Authority::ordinary).is_ok());
  }
  void request(std::vector<std::string_view> words, const Cost& cost = {}) {
    const MeasuredRequest measured{client,     *commands.find(words[0]),
                                   words,      cost.nanoseconds,
                                   cost.bytes, cost.bytes,
                                   cost.hits,  cost.misses,
                                   cost.weight};
    hooks.request_measured(measured);
  }
  // A second in ticks.
  void second() {
    for (int i = 0; i < 10; i++) tick();
  }
  void tick() {
    now_ms += 100;
    hotspots.on_tick(now_ms);
  }
  std::string info_text(std::string_view section) const { return info.report({&section, 1}); }

  Host host{services};
  Hotspots hotspots;
  FakeSocket socket;
  Client client{7, socket, 0};
  // By the clock that the view began with.
  int64_t now_ms = monotonic_ms() + 1;
};

const LoadView::Keys::Entry& key_of(Scene& scene, std::string_view name, uint64_t database = 0) {
  for (const auto& entry : scene.hotspots.view()->keys().entries()) {
    if (entry.name == name && entry.figures.database == static_cast<int>(database)) return entry;
  }
  FAIL("no key " << name);
  return scene.hotspots.view()->keys().entries()[0];
}

TEST_CASE("hotspots: keys have their part of each request") {
  Scene scene;
  scene.request({"get", "a"}, {.hits = 1});
  scene.request({"mget", "a", "b", "c", "d"},
                {.nanoseconds = 8'000, .bytes = 400, .hits = 2, .misses = 2});
  scene.request({"set", "b", "value"}, {.weight = 10});
  scene.request({"del", "c"});
  scene.request({"ping"});
  const double unit = scene.hotspots.view()->all().requests / 14;
  const Load& a = key_of(scene, "a").figures.load;
  CHECK(a.requests == Approx(1.25 * unit));
  CHECK(a.nanoseconds == Approx(3'000 * unit));
  CHECK(a.bytes == Approx(400 * unit));
  CHECK(a.hits == Approx(1.5 * unit));
  CHECK(a.misses == Approx(0.5 * unit));
  CHECK(a.writes == 0);
  CHECK(key_of(scene, "b").figures.load.writes == Approx(10 * unit));
  // A key that is deleted is given nothing.
  CHECK(key_of(scene, "c").figures.load.writes == 0);
}

TEST_CASE("hotspots: keys of the same name in two databases are two") {
  Scene scene;
  scene.request({"get", "a"});
  scene.client.database = 1;
  scene.request({"get", "a"}, {.weight = 5});
  CHECK(key_of(scene, "a", 1).count == Approx(5 * key_of(scene, "a", 0).count).epsilon(0.5));
  CHECK(scene.hotspots.view()->keys().entries().size() == 2);
}

TEST_CASE("hotspots: slow, large and frequent keys are all found") {
  Scene scene;
  for (int i = 0; i < 20'000; i++) {
    const std::string name = "key" + std::to_string(i % 5'000);
    scene.request({"get", name});
    if (i % 20 == 0) scene.request({"get", "frequent"});
    if (i % 1'000 == 0) scene.request({"get", "slow"}, {.nanoseconds = 200'000});
    if (i % 1'000 == 0) scene.request({"get", "large"}, {.bytes = 20'000});
  }
  const auto top =
      scene.hotspots.view()->keys().top(3, [](const auto& entry) { return entry.count; });
  std::vector<std::string> names;
  for (const auto* entry : top) names.push_back(entry->name);
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"frequent", "large", "slow"});
}

TEST_CASE("hotspots: of a request with very many keys a part is looked at") {
  Scene scene;
  std::vector<std::string> names;
  for (int i = 0; i < 100'000; i++) names.push_back("k:" + std::to_string(i));
  std::vector<std::string_view> words = {"mget"};
  words.insert(words.end(), names.begin(), names.end());
  scene.request(words, {.misses = 100'000});
  CHECK(scene.hotspots.view()->keys().entries().size() <= 64);
  const auto reports = scene.hotspots.view()->namespaces().heaviest(1, scene.keyspace);
  CHECK(reports[0].load.misses == Approx(100'000).epsilon(0.01));
}

TEST_CASE("hotspots: the less there is to do, the more of it is measured") {
  Scene scene;
  CHECK(scene.hooks.measure_one_of == 1);
  const auto run = [&](double requests_per_second) {
    for (int i = 0; i < 100; i++) {
      const auto measured = static_cast<int>(requests_per_second / 10 / scene.hooks.measure_one_of);
      for (int k = 0; k < measured; k++) {
        scene.request({"get", "a"}, {.weight = scene.hooks.measure_one_of});
      }
      scene.tick();
    }
  };
  run(200);
  CHECK(scene.hooks.measure_one_of == 1);
  run(12'000);
  CHECK(scene.hooks.measure_one_of == Approx(30).epsilon(0.2));
  run(4'000'000);
  CHECK(scene.hooks.measure_one_of == 4096);
  scene.set_option("hotspots-sampling", "64");
  CHECK(scene.hooks.measure_one_of == 64);
  // A pause is no rest yet.
  scene.tick();
  CHECK(scene.hooks.measure_one_of == 64);
  for (int i = 0; i < 2; i++) run(0);
  CHECK(scene.hooks.measure_one_of == 1);
}

TEST_CASE("hotspots: a burst after a rest does not wait for the next tick") {
  Scene scene;
  for (int i = 0; i < 2'000; i++) scene.request({"get", "a"});
  CHECK(scene.hooks.measure_one_of == 4096);
}

TEST_CASE("hotspots: what is over fades") {
  Scene scene;
  scene.set_option("hotspots-half-life", "10");
  scene.now_ms = monotonic_ms() + 1;
  for (int i = 0; i < 600; i++) {
    if (i < 300) scene.request({"get", "before"}, {.weight = 10});
    if (i >= 300) scene.request({"get", "now"}, {.weight = 2});
    scene.second();
  }
  const LoadView& view = *scene.hotspots.view();
  CHECK(view.per_second(key_of(scene, "now").figures.load.requests) == Approx(2).epsilon(0.1));
  CHECK(view.per_second(key_of(scene, "before").figures.load.requests) < 0.01);
}

TEST_CASE("hotspots: CONFIG RESETSTAT and switching off leave nothing behind") {
  Scene scene;
  scene.request({"get", "a:1"});
  CHECK(scene.info_text("hotspots").find("hot_key_1:key=\"a:1\"") != std::string::npos);
  CHECK(scene.info_text("hotspots").find("heavy_client_1:host=127.0.0.1,user=\"default\"") !=
        std::string::npos);
  CHECK(scene.info_text("namespaces").find("namespace_1:prefix=\"a:\",keys=0") !=
        std::string::npos);
  scene.info.reset();
  CHECK(scene.info_text("hotspots").find("a:1") == std::string::npos);
  CHECK(scene.info_text("namespaces").find("a:") == std::string::npos);
  for (int i = 0; i < 100; i++) {
    scene.request({"get", "a:1"}, {.weight = 1'000});
    scene.tick();
  }
  CHECK(scene.hooks.measure_one_of > 1);
  scene.set_option("hotspots", "no");
  CHECK(scene.info_text("hotspots").find("hotspots_sampling:0\r\n") != std::string::npos);
  CHECK(scene.info_text("hotspots").find("hotspots_measured_requests:0\r\n") != std::string::npos);
  CHECK(scene.hotspots.view() == nullptr);
  CHECK(!scene.hooks.request_measured.is_used());
  CHECK(!scene.keyspace.eviction.key_evicted.is_used());
  CHECK(scene.hooks.measure_one_of == 0);
  CHECK(scene.info_text("hotspots").find("hotspots_memory:0") != std::string::npos);
  scene.second();
  scene.set_option("hotspots", "yes");
  CHECK(scene.hotspots.view()->keys().entries().empty());
  CHECK(scene.hooks.request_measured.is_used());
  CHECK(scene.hooks.measure_one_of == 1);
}

TEST_CASE("hotspots: INFO tells names to those who may ask for them only") {
  Scene scene;
  scene.request({"get", "secret:1"});
  const auto text = [&](std::string_view allowed) {
    const std::string_view sections[] = {"hotspots", "namespaces"};
    return scene.info.report(sections, [&](std::string_view name) { return name == allowed; });
  };
  CHECK(text("").find("hotspots_memory:") != std::string::npos);
  CHECK(text("").find("secret") == std::string::npos);
  CHECK(text("").find("127.0.0.1") == std::string::npos);
  CHECK(text("hotspots|keys").find("hot_key_1:key=\"secret:1\"") != std::string::npos);
  CHECK(text("hotspots|namespaces").find("namespace_1:prefix=\"secret:\"") != std::string::npos);
  CHECK(text("hotspots|clients").find("heavy_client_1:host=127.0.0.1") != std::string::npos);
  CHECK(text("hotspots|clients").find("secret") == std::string::npos);
  for (const std::string_view name : {"keys", "bigkeys", "clients", "namespaces"}) {
    const auto table = hotspots_commands().commands;
    const std::string full_name = "hotspots|" + std::string(name);
    CHECK(std::ranges::find(table, full_name, &CommandSpec::name) != table.end());
  }
}

TEST_CASE("hotspots: a session of HOTKEYS counts what it asked for") {
  Scene scene;
  scene.set_option("hotspots", "no");
  scene.hotspots.start_session({.by_time = true, .by_bytes = true, .count = 2, .one_of = 8},
                               1'700'000'000'000, 1'000);
  CHECK(scene.hooks.measure_one_of == 8);
  for (int i = 0; i < 100; i++) {
    scene.request({"get", "slow"}, {.nanoseconds = 50'000, .weight = 8});
    scene.request({"get", "large"}, {.bytes = 5'000, .weight = 8});
    scene.request({"ping"}, {.weight = 8});
  }
  const HotKeysSession& session = *scene.hotspots.session();
  const auto by_count = [](const auto& entry) { return entry.count; };
  CHECK(session.by_time()->top(1, by_count)[0]->name == "slow");
  CHECK(session.by_time()->top(1, by_count)[0]->count == 100 * 50'000 * 8);
  CHECK(session.by_bytes()->top(1, by_count)[0]->name == "large");
  CHECK(session.by_bytes()->top(1, by_count)[0]->count == 100 * 10'000 * 8);
  // Requests without keys are not in the totals.
  CHECK(session.nanoseconds() == 100 * 51'000 * 8);
  scene.hotspots.stop_session(5'000);
  CHECK(session.duration_ms(99'000) == 4'000);
  CHECK(session.began_wall_ms() == 1'700'000'000'000);
  // What the process does after that is not the session's.
  const auto used = [&] { return std::pair(session.user_ms(), session.system_ms()); };
  const auto used_at_end = used();
  const clock_t end = clock() + CLOCKS_PER_SEC / 20;
  while (clock() < end) {
  }
  CHECK(used() == used_at_end);
  CHECK(scene.hooks.measure_one_of == 0);
  CHECK(!scene.hooks.request_measured.is_used());
}

TEST_CASE("hotspots: a session ends when its time is up") {
  Scene scene;
  const int64_t began_ms = scene.now_ms;
  scene.hotspots.start_session({.by_time = true, .duration_ms = 2'000}, 1, began_ms);
  scene.hotspots.on_tick(began_ms + 1'999);
  CHECK(scene.hotspots.session()->is_active());
  scene.hotspots.on_tick(began_ms + 2'050);
  CHECK(!scene.hotspots.session()->is_active());
  CHECK(scene.hotspots.session()->duration_ms(began_ms + 9'000) == 2'000);
  // The view goes on.
  CHECK(scene.hooks.request_measured.is_used());
}

TEST_CASE("hotspots: an address without its port") {
  CHECK(host_of("10.0.0.7:50312") == "10.0.0.7");
  CHECK(host_of("[::1]:50312") == "[::1]");
  CHECK(host_of("/run/larder.sock:0") == "/run/larder.sock");
}

}  // namespace
}  // namespace larder
