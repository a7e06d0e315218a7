// What a test asks of a running server from outside: fields of INFO, its memory, its descriptors.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace larder {

// A number of INFO. Throws where there is none of that name.
template <class Client>
int64_t info_number(Client& client, const std::string& section, const std::string& name) {
  const std::string text = client("INFO", section).text;
  const size_t at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) throw std::runtime_error("INFO has no " + name);
  return std::stoll(text.substr(at + name.size() + 3));
}

// Of memory, in use by the allocator's account; 0 where a sanitizer has replaced the allocator.
template <class Client>
int64_t used_memory(Client& client) {
  return info_number(client, "memory", "used_memory");
}

// What the process has of the machine's memory, or -1.
inline int64_t resident_bytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return -1;
}

inline size_t open_files(pid_t pid) {
  const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

}  // namespace larder
