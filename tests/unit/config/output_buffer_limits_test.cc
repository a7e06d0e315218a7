#include "server/config/output_buffer_limits.h"

#include <catch2/catch.hpp>

#include "server/config/options.h"

namespace larder {
namespace {

struct Sample : OptionGroup {
  Option<OutputBufferLimits> limits{*this, "client-output-buffer-limit", {}};
};

TEST_CASE("client-output-buffer-limit: read, shown and written as Redis does") {
  Sample sample;
  Options options;
  options.add(sample);
  const auto set = [&](std::string_view value) {
    const NameAndValue setting{"client-output-buffer-limit", value};
    const Status status = options.set({&setting, 1}, Authority::ordinary);
    return status.is_ok() ? "ok" : status.text().substr(status.text().find(" - ") + 3);
  };
  CHECK(sample.limits->text() ==
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  CHECK(set("normal 1mb 512kb 10 replica 1 2 3") == "ok");
  CHECK((*sample.limits)[OutputClass::normal] == OutputLimit{1 << 20, 512 << 10, 10});
  CHECK((*sample.limits)[OutputClass::replica] == OutputLimit{1, 2, 3});
  CHECK((*sample.limits)[OutputClass::pubsub].soft_seconds == 60);
  CHECK(sample.limits.lines() == std::vector<Words>{{"normal", "1mb", "512kb", "10"},
                                                    {"replica", "1", "2", "3"},
                                                    {"pubsub", "32mb", "8mb", "60"}});
  CHECK(set("normal 0 0") == "Wrong number of arguments in buffer limit configuration.");
  CHECK(set("SLAVE 0 0 0 master 0 0 0") ==
        "Invalid client class specified in buffer limit configuration.");
  for (const char* value : {"normal x 0 0", "normal 0 -1 0", "normal 0 0 -1", "normal 0 0 1s"}) {
    CHECK(set(value) ==
          "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  }
  CHECK((*sample.limits)[OutputClass::replica].hard_bytes == 1);
}

}  // namespace
}  // namespace larder
