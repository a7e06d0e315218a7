#include "server/memory/memory_limit.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/config/option_values.h"

namespace larder {
namespace {

// No machine has a group this deep; a wrong path must not become a long loop.
constexpr int kMaxDepth = 64;

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) {
  return std::ifstream(path).is_open();
}

// A mounted hierarchy of control groups, and what of it can be seen there: in a container `root` is
// its own group as the machine names it.
struct Mount {
  std::string root;
  std::string point;
};

enum class Version { v1, v2 };

// A line of mountinfo: id parent device ROOT POINT options [more] - TYPE source SUPER-OPTIONS.
std::optional<Mount> find_mount(const std::string& mounts, Version version) {
  for (const std::string_view line : split(mounts, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto front = split(line.substr(0, dash), ' ');
    const auto back = split(line.substr(dash + 3), ' ');
    if (front.size() < 5 || back.size() < 3) continue;
    const bool is_wanted =
        version == Version::v2
            ? back[0] == "cgroup2"
            : back[0] == "cgroup" &&
                  ("," + std::string(back[2]) + ",").find(",memory,") != std::string::npos;
    if (is_wanted) return Mount{std::string(front[3]), std::string(front[4])};
  }
  return std::nullopt;
}

// The process's group, from a line "4:memory:/a/b" or, for v2, "0::/a/b".
std::optional<std::string> find_group(const std::string& groups, Version version) {
  for (const std::string_view line : split(groups, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers =
        "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    const bool is_wanted = version == Version::v2
                               ? line.starts_with("0::")
                               : controllers.find(",memory,") != std::string::npos;
    if (is_wanted) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

// The group's path below the mount, "" for the mount itself. A group that cannot be seen from here
// (the names are those of the machine, the mount is the container's) counts as the mount itself.
std::string path_below(const Mount& mount, std::string group) {
  if (mount.root != "/" && group.starts_with(mount.root)) group.erase(0, mount.root.size());
  if (group == "/" || group.find("..") != std::string::npos) return "";
  return group;
}

std::optional<size_t> read_limit(const std::string& path) {
  const std::string text = read_text(path);
  const auto bytes = parse_uint64(trim(text));  // "max" is no number
  if (!bytes || *bytes == 0) return std::nullopt;
  return static_cast<size_t>(*bytes);
}

void take_smaller(MachineLimit& limit, const std::string& root, const std::string& path) {
  const auto bytes = read_limit(root + path);
  if (!bytes || (limit.bytes != 0 && *bytes >= limit.bytes)) return;
  limit = {*bytes, path};
}

// The folder of the process's group, and where the walk upwards ends.
struct Place {
  std::string mount;
  std::string below;  // "", "/a/b"
};

std::optional<Place> find_place(const std::string& root, Version version) {
  const auto mount = find_mount(read_text(root + "/proc/self/mountinfo"), version);
  const auto group = find_group(read_text(root + "/proc/self/cgroup"), version);
  if (!mount || !group) return std::nullopt;
  std::string below = path_below(*mount, *group);
  const char* const any_file = version == Version::v2 ? "/cgroup.procs" : "/memory.limit_in_bytes";
  if (!exists(root + mount->point + below + any_file)) below.clear();
  return Place{mount->point, std::move(below)};
}

void add_groups(MachineLimit& limit, const std::string& root, Version version) {
  auto place = find_place(root, version);
  if (!place) return;
  for (int depth = 0; depth < kMaxDepth; depth++) {
    const std::string folder = place->mount + place->below;
    if (version == Version::v2) {
      take_smaller(limit, root, folder + "/memory.max");
      take_smaller(limit, root, folder + "/memory.high");
    } else {
      take_smaller(limit, root, folder + "/memory.limit_in_bytes");
    }
    if (place->below.empty()) return;
    place->below.erase(place->below.rfind('/'));
  }
}

// The folder of the group that sets the limit; "" for the machine.
std::string folder_of(const MachineLimit& limit) {
  const size_t slash = limit.source.rfind('/');
  return slash == std::string::npos ? "" : limit.source.substr(0, slash);
}

// The first line of meminfo: "MemTotal:       24683724 kB".
size_t machine_bytes(const std::string& root) {
  std::istringstream text(read_text(root + "/proc/meminfo"));
  std::string name;
  size_t kilobytes = 0;
  if (!(text >> name >> kilobytes) || name != "MemTotal:") return 0;
  return kilobytes * 1024;
}

}  // namespace

MachineLimit find_machine_limit(const std::string& root) {
  MachineLimit limit{machine_bytes(root), "machine"};
  add_groups(limit, root, Version::v2);
  add_groups(limit, root, Version::v1);
  if (limit.bytes == 0) limit.source.clear();
  return limit;
}

size_t group_memory(const MachineLimit& limit, const std::string& root) {
  const std::string folder = folder_of(limit);
  if (folder.empty()) return 0;
  const bool is_v1 = limit.source.ends_with("/memory.limit_in_bytes");
  size_t bytes = 0;
  std::istringstream text(read_text(root + folder + "/memory.stat"));
  std::string name;
  size_t value = 0;
  while (text >> name >> value) {
    const bool counts =
        is_v1 ? name == "total_rss" : name == "anon" || name == "kernel" || name == "sock";
    if (counts) bytes += value;
  }
  return bytes;
}

// "some avg10=1.25 avg60=..."
double memory_stall_percent(const MachineLimit& limit, const std::string& root) {
  const std::string folder = folder_of(limit);
  std::string text;
  if (!folder.empty()) text = read_text(root + folder + "/memory.pressure");
  if (text.empty()) text = read_text(root + "/proc/pressure/memory");
  constexpr std::string_view kBegin = "some avg10=";
  if (!text.starts_with(kBegin)) return 0;
  const size_t end = text.find(' ', kBegin.size());
  return parse_double(std::string_view(text).substr(kBegin.size(), end - kBegin.size()))
      .value_or(0);
}

size_t MemoryLimit::bytes(size_t machine_bytes) const {
  switch (kind_) {
    case Kind::bytes:
      return amount_;
    case Kind::percent:
      return machine_bytes / 100 * amount_;
    case Kind::automatic:
      return machine_bytes / 100 * kAutoPercent;
  }
  return 0;
}

Status MemoryLimit::read(WordsView words, Reading) {
  if (words.size() != 1) return errors::wrong_number_of_words();
  const std::string_view word = words[0];
  if (equals_ignoring_case(word, "auto")) {
    *this = {};
    kind_ = Kind::automatic;
    return ok;
  }
  if (word.ends_with('%')) {
    const auto percent = parse_uint64(word.substr(0, word.size() - 1));
    if (!percent || *percent == 0) return errors::not_a_memory_value();
    if (*percent > 100) return errors::percentage_over("100");
    kind_ = Kind::percent;
    amount_ = *percent;
    return ok;
  }
  const auto bytes = parse_memory_size(word);
  if (!bytes) return errors::not_a_memory_value();
  kind_ = Kind::bytes;
  amount_ = *bytes;
  return ok;
}

std::string MemoryLimit::text() const {
  switch (kind_) {
    case Kind::bytes:
      return std::to_string(amount_);
    case Kind::percent:
      return std::to_string(amount_) + '%';
    case Kind::automatic:
      return "auto";
  }
  return "";
}

std::vector<Words> MemoryLimit::lines() const {
  if (is_relative() || amount_ > INT64_MAX) return {{text()}};
  return {
      {option_values::integer_word(static_cast<int64_t>(amount_), option_values::Notation::bytes)}};
}

}  // namespace larder
