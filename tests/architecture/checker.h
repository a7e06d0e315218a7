#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace larder {

// A source tree in memory: path below the root -> text. Made-up ones test the checker itself.
using SourceTree = std::map<std::string, std::string>;

// All files below protocol/, server/, modules/ and tests/; the text of those that are code.
SourceTree read_tree(const std::filesystem::path& root);

// Every breach of a rule, as "file:line: rule".
std::vector<std::string> check_tree(const SourceTree& tree);

}  // namespace larder
