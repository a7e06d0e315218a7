// What the verdict about a request costs: `build/tests/bench_acl` prints nanoseconds for users with
// all rights, and with ten patterns of keys of which the last fits.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/user.h"
#include "server/commands/families.h"

namespace larder {
namespace {

constexpr int kRequests = 2'000'000;
constexpr int kRounds = 7;

// The least of some rounds: what disturbs makes it longer and never shorter.
template <class Judge>
double nanoseconds(Judge&& judge) {
  double best = 1e9;
  for (int round = 0; round < kRounds; round++) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRequests; i++) {
      if (!judge()) std::abort();
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kRequests);
  }
  return best;
}

void run() {
  CommandTable commands;
  for (const CommandFamily& family : core_commands()) commands.add(family);
  const auto measure = [&](const char* what, const std::vector<std::string>& rules,
                           const std::vector<std::string_view>& request) {
    User user("ann", commands, false);
    for (const std::string& rule : rules) {
      if (!user.apply(rule).is_ok()) std::abort();
    }
    const Command& command = *commands.resolve(request);
    std::vector<KeyPosition> positions;
    const double ns = nanoseconds([&] {
      // As Acl::check does.
      if (user.is_unrestricted) return true;
      JudgedRequest judged(command, request, positions);
      return user.judge(judged).is_allowed();
    });
    std::printf("%-58s %6.1f ns\n", what, ns);
  };
  // Ten key patterns, of which each has another digit between what stands before and behind it.
  const auto patterns = [](const std::string& before, const std::string& behind) {
    std::vector<std::string> rules = {"on", "+@all"};
    for (int i = 0; i < 10; i++) rules.push_back(before + std::to_string(i) + behind);
    return rules;
  };
  measure("all rights, GET", {"on", "+@all", "~*", "&*"}, {"GET", "service9:user:12345"});
  measure("ten patterns ~serviceN:*, GET", patterns("~service", ":*"),
          {"GET", "service9:user:12345"});
  measure("ten patterns ~serviceN:*, SET", patterns("~service", ":*"),
          {"SET", "service9:user:12345", "value", "EX", "60"});
  measure("ten patterns %R~serviceN:*, GET", patterns("%R~service", ":*"),
          {"GET", "service9:user:12345"});
  measure("ten patterns ~s*N:*, which no shortcut knows, GET", patterns("~s*", ":*"),
          {"GET", "service9:user:12345"});
  std::vector<std::string> limited = patterns("~service", ":*");
  limited[1] = "+@read";
  measure("+@read and ten patterns, GET", limited, {"GET", "service9:user:12345"});
}

}  // namespace
}  // namespace larder

int main() {
  larder::run();
}
