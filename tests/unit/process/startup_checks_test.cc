#include "server/process/startup_checks.h"

#include <catch2/catch.hpp>

#include "tests/unit/process/child.h"

namespace larder {
namespace {

TEST_CASE("a machine that is set up well gives no warning") {
  CHECK(startup_warnings({}).empty());
  CHECK(startup_warnings({"always [madvise] never", "tsc"}).empty());
  CHECK(startup_warnings({"always madvise [never]", "arch_sys_counter"}).empty());
}

TEST_CASE("huge pages everywhere and slow clocks are worth a warning") {
  CHECK(startup_warnings({"[always] madvise never", "tsc"}).size() == 1);
  const auto warnings = startup_warnings({"[always] madvise never", "hpet"});
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0], Catch::Contains("huge pages"));
  CHECK_THAT(warnings[1], Catch::Contains("'hpet'"));
}

TEST_CASE("the settings are read where the kernel shows them") {
  TemporaryFolder folder;
  const auto write = [&](const std::string& path, const char* text) {
    const std::filesystem::path file = folder.root() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  };
  CHECK(read_machine_settings(folder.root()).clock_source.empty());
  write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  write("sys/devices/system/clocksource/clocksource0/current_clocksource", "xen\n");
  const MachineSettings settings = read_machine_settings(folder.root());
  CHECK(settings.transparent_huge_pages == "[always] madvise never");
  CHECK(settings.clock_source == "xen");
}

}  // namespace
}  // namespace larder
