#include "tests/support/reference_server.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace larder {
namespace {

std::optional<std::string> find_on_path(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + '/' + std::string(program);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

}  // namespace

ReferenceServer::ReferenceServer() {
  if (const char* path = std::getenv("LARDER_REFERENCE"); path != nullptr) {
    path_ = path;
  } else if (const auto server = find_on_path("redis-server")) {
    path_ = *server;
  } else if (const auto check_rdb = find_on_path("redis-check-rdb")) {
    path_ = folder_.path("redis-server");
    std::filesystem::create_symlink(*check_rdb, path_);
  } else {
    throw std::runtime_error(
        "there is neither a redis-server nor the redis-check-rdb of redis-tools; LARDER_REFERENCE "
        "can say where one is");
  }
}

}  // namespace larder
