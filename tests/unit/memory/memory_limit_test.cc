#include "server/memory/memory_limit.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace larder {
namespace {

constexpr size_t kMegabyte = 1 << 20;

// A machine of 8 GB as files, to which tests add control groups.
class FakeMachine {
 public:
  FakeMachine() { write("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n"); }

  std::string root() const { return folder_.path("."); }
  void write(const std::string& path, std::string_view text) {
    std::filesystem::create_directories(
        std::filesystem::path(folder_.path("." + path)).parent_path());
    folder_.write("." + path, text);
  }
  // cgroup v2 alone, mounted where it usually is; `seen` is what of it a container sees as its
  // root.
  void use_v2(const std::string& group, const std::string& seen = "/") {
    write("/proc/self/cgroup", "0::" + group + "\n");
    write("/proc/self/mountinfo",
          "22 1 0:20 / /proc rw - proc proc rw\n"
          "30 22 0:26 " +
              seen + " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }
  void use_v1(const std::string& group, const std::string& seen = "/") {
    write("/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:" + group + "\n0::/\n");
    write("/proc/self/mountinfo",
          "30 22 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
          "31 22 0:27 " +
              seen +
              " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
              "32 22 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  }
  MachineLimit limit() const { return find_machine_limit(root()); }

 private:
  TemporaryFolder folder_;
};

MemoryLimit limit_of(const std::string& word) {
  MemoryLimit limit;
  const Words words{word};
  REQUIRE(limit.read(words, Reading::first).is_ok());
  return limit;
}

bool is_refused(const std::string& word) {
  MemoryLimit limit = limit_of("7mb");
  const Words words{word};
  const bool refused = !limit.read(words, Reading::first).is_ok();
  CHECK(limit == limit_of("7mb"));
  return refused;
}

TEST_CASE("memory limit: without groups it is the machine") {
  FakeMachine machine;
  CHECK(machine.limit().bytes == 8192 * kMegabyte);
  CHECK(machine.limit().source == "machine");
}

TEST_CASE("memory limit: nothing is known where there are no files") {
  TemporaryFolder empty;
  const MachineLimit limit = find_machine_limit(empty.path("."));
  CHECK(limit.bytes == 0);
  CHECK(limit.source.empty());
}

TEST_CASE("memory limit: the group's memory.max") {
  FakeMachine machine;
  machine.use_v2("/app");
  machine.write("/sys/fs/cgroup/app/cgroup.procs", "1\n");
  machine.write("/sys/fs/cgroup/app/memory.max", "536870912\n");
  CHECK(machine.limit().bytes == 512 * kMegabyte);
  CHECK(machine.limit().source == "/sys/fs/cgroup/app/memory.max");
}

TEST_CASE("memory limit: memory.high counts where it is lower, max is no number") {
  FakeMachine machine;
  machine.use_v2("/app");
  machine.write("/sys/fs/cgroup/app/cgroup.procs", "1\n");
  machine.write("/sys/fs/cgroup/app/memory.max", "max\n");
  machine.write("/sys/fs/cgroup/app/memory.high", "104857600\n");
  CHECK(machine.limit().bytes == 100 * kMegabyte);
  CHECK(machine.limit().source == "/sys/fs/cgroup/app/memory.high");
}

TEST_CASE("memory limit: groups above count too") {
  FakeMachine machine;
  machine.use_v2("/system/app/inner");
  machine.write("/sys/fs/cgroup/system/app/inner/cgroup.procs", "1\n");
  machine.write("/sys/fs/cgroup/system/app/inner/memory.max", "max\n");
  machine.write("/sys/fs/cgroup/system/app/memory.max", "2147483648\n");
  machine.write("/sys/fs/cgroup/system/memory.max", "1073741824\n");
  CHECK(machine.limit().bytes == 1024 * kMegabyte);
  CHECK(machine.limit().source == "/sys/fs/cgroup/system/memory.max");
}

TEST_CASE("memory limit: a container sees its own group as the root") {
  FakeMachine machine;
  machine.use_v2("/");
  machine.write("/sys/fs/cgroup/cgroup.procs", "1\n");
  machine.write("/sys/fs/cgroup/memory.max", "268435456\n");
  CHECK(machine.limit().bytes == 256 * kMegabyte);
  CHECK(machine.limit().source == "/sys/fs/cgroup/memory.max");
}

TEST_CASE("memory limit: a container that knows its name on the machine") {
  FakeMachine machine;
  machine.use_v1("/docker/4f1e", "/docker/4f1e");
  machine.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
  CHECK(machine.limit().bytes == 512 * kMegabyte);
}

TEST_CASE("memory limit: a group that cannot be seen counts as the mount") {
  FakeMachine machine;
  machine.use_v1("/docker/4f1e");
  machine.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
  CHECK(machine.limit().bytes == 512 * kMegabyte);
}

TEST_CASE("memory limit: v1 and its number for no limit") {
  FakeMachine machine;
  machine.use_v1("/a/b");
  machine.write("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  machine.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(machine.limit().source == "machine");
  machine.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "67108864\n");
  CHECK(machine.limit().bytes == 64 * kMegabyte);
}

TEST_CASE("memory limit: what the group takes, in both versions") {
  FakeMachine machine;
  machine.write("/v2/memory.stat", "anon 1000\nfile 5000\nkernel 200\nsock 30\nanon_thp 7\n");
  CHECK(group_memory({1, "/v2/memory.max"}, machine.root()) == 1230);
  machine.write("/v1/memory.stat", "cache 5000\nrss 700\ntotal_cache 5000\ntotal_rss 900\n");
  CHECK(group_memory({1, "/v1/memory.limit_in_bytes"}, machine.root()) == 900);
  CHECK(group_memory({1, "machine"}, machine.root()) == 0);
  CHECK(group_memory({1, "/missing/memory.max"}, machine.root()) == 0);
}

TEST_CASE("memory limit: stalls of the group, else of the machine") {
  FakeMachine machine;
  CHECK(memory_stall_percent({1, "machine"}, machine.root()) == 0);
  machine.write("/proc/pressure/memory",
                "some avg10=1.25 avg60=0.10 avg300=0.00 total=5\nfull avg10=9\n");
  CHECK(memory_stall_percent({1, "machine"}, machine.root()) == 1.25);
  CHECK(memory_stall_percent({1, "/g/memory.max"}, machine.root()) == 1.25);
  machine.write("/g/memory.pressure", "some avg10=40.00 avg60=0.10 avg300=0.00 total=5\n");
  CHECK(memory_stall_percent({1, "/g/memory.max"}, machine.root()) == 40);
}

TEST_CASE("memory limit: this machine has one") {
  CHECK(find_machine_limit().bytes > 64 * kMegabyte);
  CHECK(!find_machine_limit().source.empty());
}

TEST_CASE("maxmemory: bytes, percentages and auto") {
  CHECK(MemoryLimit().bytes(1000) == 0);
  CHECK(limit_of("100mb").bytes(5) == 100 * kMegabyte);
  CHECK(limit_of("50%").bytes(1000) == 500);
  CHECK(limit_of("100%").bytes(1000) == 1000);
  CHECK(limit_of("auto").bytes(1000) == 800);
  CHECK(limit_of("AUTO").bytes(0) == 0);
  CHECK(limit_of("auto").is_relative());
  CHECK(limit_of("1%").is_relative());
  CHECK(!limit_of("1").is_relative());
}

TEST_CASE("maxmemory: reads back what it shows") {
  for (const char* word : {"0", "1", "auto", "1%", "75%", "104857600"}) {
    CHECK(limit_of(word).text() == word);
  }
  CHECK(limit_of("1gb").text() == "1073741824");
  CHECK(limit_of("1gb").lines() == std::vector<Words>{{"1gb"}});
  CHECK(limit_of("Auto").lines() == std::vector<Words>{{"auto"}});
  CHECK(limit_of("75%").lines() == std::vector<Words>{{"75%"}});
  CHECK(limit_of("0").lines() == std::vector<Words>{{"0"}});
}

TEST_CASE("maxmemory: what it refuses stays without effect") {
  for (const char* word :
       {"", "many", "-1", "10zb", "0%", "101%", "%", "5.5%", "-5%", "auto%", "1 gb"}) {
    INFO(word);
    CHECK(is_refused(word));
  }
}

}  // namespace
}  // namespace larder
