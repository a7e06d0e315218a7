#include "server/acl/key_pattern.h"

#include "server/base/glob.h"

namespace larder {

NamePattern::NamePattern(std::string_view text) : text_(text), shape_(Shape::glob), named_bytes_(0) {
  if (glob_is_literal(text)) {
    shape_ = Shape::name;
    named_bytes_ = text.size();
  } else if (text.ends_with('*') && glob_is_literal(text.substr(0, text.size() - 1))) {
    shape_ = Shape::prefix;
    named_bytes_ = text.size() - 1;
  }
  if (named_bytes_ >= sizeof(end_)) end_ = end_of(text);
}

bool NamePattern::matches_wholly(std::string_view name) const {
  switch (shape_) {
    case Shape::name: return name == text_;
    case Shape::prefix: return name.starts_with(std::string_view(text_).substr(0, named_bytes_));
    case Shape::glob: break;
  }
  return glob_matches(text_, name);
}

std::string KeyPattern::rule() const {
  if (access == kReadKeys) return "%R~" + names.text();
  if (access == kWriteKeys) return "%W~" + names.text();
  // "~*" is another rule, behind which there may be no pattern: allkeys.
  return (names.text() == "*" ? "%RW~" : "~") + names.text();
}

}  // namespace larder
