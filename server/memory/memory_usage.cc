#include "server/memory/memory_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace larder {
namespace {

size_t page_size() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// The second number of /proc/self/statm, in pages; read without a stream's allocations.
size_t resident_memory() {
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 128> buffer;
  const ssize_t length = read(fd, buffer.data(), buffer.size());
  close(fd);
  if (length <= 0) return 0;
  const std::string_view text(buffer.data(), static_cast<size_t>(length));
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return 0;
  size_t pages = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), pages);
  return pages * page_size();
}

}  // namespace

void MemoryUsage::sample() {
  refresh_memory_figures();
  allocator_ = memory_figures();
  sampled_used_ = used_memory();
  resident_ = resident_memory();
  peak_ = std::max(peak_, sampled_used_);
}

size_t machine_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  return pages <= 0 ? 0 : static_cast<size_t>(pages) * page_size();
}

}  // namespace larder
