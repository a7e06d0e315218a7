// The patterns of ACL rules: which keys and channels a user may touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace larder {

// A glob pattern that is ready to be asked often. What most rules say, "one name" and "all that begin
// like this", costs a comparison; the others cost what glob_matches costs (server/base/glob.h).
class NamePattern {
 public:
  explicit NamePattern(std::string_view text);

  bool matches(std::string_view name) const {
    if (name.size() < named_bytes_) return false;
    // Patterns of one user often begin alike: the end of what they name tells most of them apart,
    // before anything is called.
    if (named_bytes_ >= sizeof(end_) && end_of(name) != end_) return false;
    return matches_wholly(name);
  }
  const std::string& text() const { return text_; }
  bool operator==(const NamePattern& other) const { return text_ == other.text_; }

 private:
  enum class Shape : uint8_t { name, prefix, glob };

  bool matches_wholly(std::string_view name) const;
  uint64_t end_of(std::string_view name) const {
    uint64_t end;
    std::memcpy(&end, name.data() + named_bytes_ - sizeof(end), sizeof(end));
    return end;
  }

  std::string text_;
  Shape shape_;
  size_t named_bytes_;  // from the beginning, that a name has to have; of a glob: 0
  uint64_t end_ = 0;    // the last bytes of that, if it has as many
};

// What a rule allows to be done with the keys that it names.
enum KeyAccess : uint8_t { kReadKeys = 1, kWriteKeys = 2, kReadAndWriteKeys = 3 };

struct KeyPattern {
  NamePattern names;
  uint8_t access;  // KeyAccess

  // The rule that makes it: "~user:*", "%R~user:*".
  std::string rule() const;
};

}  // namespace larder
