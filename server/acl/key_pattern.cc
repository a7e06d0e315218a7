#include "server/acl/key_pattern.h"

#include "server/base/glob.h"

namespace larder {

NamePattern::NamePattern(std::string_view text) : text_(text), shape_(Shape::glob) {
  if (glob_is_literal(text)) {
    shape_ = Shape::name;
  } else if (text.ends_with('*') && glob_is_literal(text.substr(0, text.size() - 1))) {
    shape_ = Shape::prefix;
  }
}

bool NamePattern::matches(std::string_view name) const {
  switch (shape_) {
    case Shape::name: return name == text_;
    case Shape::prefix: return name.starts_with(std::string_view(text_).substr(0, text_.size() - 1));
    case Shape::glob: break;
  }
  return glob_matches(text_, name);
}

std::string KeyPattern::rule() const {
  const char* const sign = access == kReadKeys ? "%R~" : access == kWriteKeys ? "%W~" : "~";
  return sign + names.text();
}

}  // namespace larder
