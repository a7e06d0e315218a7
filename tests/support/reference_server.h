// The redis-server that Larder is compared with, where a test cannot know the answers by itself.
#pragma once

#include <string>

#include "tests/support/temporary_folder.h"

namespace larder {

// Finds the program: the environment's LARDER_REFERENCE, else redis-server on the PATH, else the
// redis-check-rdb that Debian's redis-tools has, which is the same program and becomes the server
// under the server's name. Nothing is installed and no service started.
class ReferenceServer {
 public:
  // Throws if there is none.
  ReferenceServer();
  // Valid as long as this object is there.
  const std::string& path() const { return path_; }

 private:
  TemporaryFolder folder_;
  std::string path_;
};

}  // namespace larder
