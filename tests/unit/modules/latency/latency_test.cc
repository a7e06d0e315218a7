#include "modules/latency/latency.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_services.h"
#include "tests/support/two_commands.h"

namespace larder {
namespace {

struct Scene : TestServices {
  Scene() {
    commands.add({.group = "test", .commands = kTwoCommands});
    configuration.options.add(latency.options);
    latency.start(host);
  }
  void set_tracking(std::string_view value) {
    const NameAndValue setting{"latency-tracking", value};
    REQUIRE(configuration.options.set({&setting, 1}, Authority::ordinary).is_ok());
  }
  const Command& command(std::string_view name) const { return *commands.find(name); }
  TimeWindows::Summary recent(const Command& command, Latency::Kind kind) {
    TimeWindows::Summary summary;
    latency.add_recent(command, kind, 300, summary);
    return summary;
  }

  Host host{services};
  Latency latency;
};

TEST_CASE("latency: whoever asks is told of all that has run") {
  Scene scene;
  const Command& one = scene.command("one");
  const Command& two = scene.command("two");
  // As many as are worked off together, and fewer, and more.
  uint64_t runs = 0;
  for (const int more : {1, 62, 1, 1, 200}) {
    for (int i = 0; i < more; i++) {
      scene.hooks.commands_timed({one, 2, 2000});
      scene.hooks.requests_served({two, 3, 5000});
    }
    runs += static_cast<uint64_t>(more);
    CHECK(scene.latency.histogram_of(one).count() == 2 * runs);
    CHECK(scene.latency.histogram_of(one).max() == 1000);
    CHECK(scene.latency.histogram_of(two).count() == 0);
    CHECK(scene.recent(one, Latency::Kind::execution).histogram.count() == 2 * runs);
    CHECK(scene.recent(one, Latency::Kind::service).histogram.count() == 0);
    CHECK(scene.recent(two, Latency::Kind::service).histogram.count() == 3 * runs);
    CHECK(scene.recent(two, Latency::Kind::service).min == 5000);
  }
}

TEST_CASE("latency: what was forgotten does not come back with what had run before") {
  Scene scene;
  const Command& one = scene.command("one");
  scene.hooks.commands_timed({one, 1, 1000});
  scene.hooks.requests_served({one, 1, 5000});
  scene.latency.forget_recent();
  CHECK(scene.recent(one, Latency::Kind::execution).histogram.count() == 0);
  CHECK(scene.recent(one, Latency::Kind::service).histogram.count() == 0);
  // LATENCY HISTOGRAM remembers what LATENCY PERCENTILES has forgotten.
  CHECK(scene.latency.histogram_of(one).count() == 1);
  scene.hooks.requests_served({one, 1, 5000});
  scene.set_tracking("no");
  scene.set_tracking("yes");
  CHECK(scene.recent(one, Latency::Kind::service).histogram.count() == 0);
}

}  // namespace
}  // namespace larder
