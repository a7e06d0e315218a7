// The patterns of ACL rules: which keys and channels a user may touch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

// A glob pattern that is ready to be asked often. What most rules say, "one name" and "all that begin
// like this", costs a comparison; the others cost what glob_matches costs (server/base/glob.h).
class NamePattern {
 public:
  explicit NamePattern(std::string_view text);

  bool matches(std::string_view name) const;
  const std::string& text() const { return text_; }
  bool operator==(const NamePattern& other) const { return text_ == other.text_; }

 private:
  enum class Shape : uint8_t { name, prefix, glob };

  std::string text_;
  Shape shape_;
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
