#include "server/acl/acl_options.h"

#include <algorithm>
#include <cctype>

#include "server/base/errors.h"

namespace larder {

bool is_user_name(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](char c) {
    return c == '\0' || std::isspace(static_cast<unsigned char>(c)) != 0;
  });
}

Status UserLines::read(WordsView words, Reading reading) {
  if (words.empty()) return errors::wrong_number_of_words();
  const std::string& name = words[0];
  if (!is_user_name(name)) return errors::acl_bad_user_name();
  if (reading == Reading::first) lines_.clear();
  if (std::ranges::any_of(lines_, [&](const Words& line) { return line[0] == name; })) {
    return errors::acl_duplicate_user();
  }
  lines_.emplace_back(words.begin(), words.end());
  return ok;
}

}  // namespace larder
