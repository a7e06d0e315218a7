#include "tests/architecture/checker.h"

#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "tests/architecture/layers.h"
#include "tests/architecture/source_text.h"

namespace larder {
namespace {

constexpr size_t kMaxLines = 800;

// Texts that begin like an error a client sees.
constexpr std::array<std::string_view, 13> kErrorCodes = {
    "ERR ",       "WRONGTYPE ", "NOAUTH ",  "WRONGPASS ", "NOPROTO ", "BUSY ",   "OOM ",
    "EXECABORT ", "NOSCRIPT ",  "LOADING ", "READONLY ",  "MISCONF ", "NOPERM ",
};

// Libraries that only some layers may see, by the beginning of their headers' names.
struct Library {
  std::string_view header;
  std::string_view layers;
};
constexpr std::array kLibraries = {
    Library{"uv.h", "server/network"},
    Library{"uv/", "server/network"},
    Library{"openssl/", "server/network server/base"},
};

bool is_code(std::string_view path) {
  return path.ends_with(".h") || path.ends_with(".cc");
}

class Checker {
 public:
  explicit Checker(const SourceTree& tree) : tree_(tree) {}

  std::vector<std::string> check() {
    for (const auto& [path, text] : tree_) {
      if (is_code(path)) check_file(path, read_source(text));
    }
    check_readmes();
    return std::move(breaches_);
  }

 private:
  void check_file(const std::string& path, const SourceText& source) {
    const auto layer = layer_of(path);
    if (!layer) return report(path, 1, "the folder is no layer that tests/architecture knows");
    for (const Include& include : source.includes) {
      if (include.is_quoted) {
        check_include(path, *layer, include);
      } else {
        check_library(path, *layer, include);
      }
    }
    if (*layer != "tests") check_literals(path, source);
    if (source.lines > kMaxLines) {
      report(path, kMaxLines + 1, "more than 800 lines: probably two subjects");
    }
  }

  void check_include(const std::string& path, const std::string& layer, const Include& include) {
    if (!tree_.contains(include.path)) {
      return report(path, include.line,
                    '"' + include.path + "\" is no file of this tree, written from its root");
    }
    if (layer == "tests") return;
    const auto target = layer_of(include.path);
    if (!target) return;  // reported where that file is checked
    const bool is_module_list = layer == "modules" && target->starts_with("modules/");
    const bool reaches_modules =
        layer == "server/main.cc" && (*target == "modules" || target->starts_with("modules/"));
    if (is_module_list || reaches_modules || allowed_layers(layer).contains(*target)) return;
    report(path, include.line, layer + " may not include " + *target + " (" + include.path + ')');
  }

  void check_library(const std::string& path, const std::string& layer, const Include& include) {
    for (const std::string_view folder : {"protocol/", "server/", "modules/", "tests/"}) {
      if (include.path.starts_with(folder)) {
        report(path, include.line, "own headers are included with quotes: <" + include.path + '>');
      }
    }
    for (const Library& library : kLibraries) {
      if (!include.path.starts_with(library.header) || layer == "tests") continue;
      if ((' ' + std::string(library.layers) + ' ').find(' ' + layer + ' ') != std::string::npos) {
        continue;
      }
      report(path, include.line,
             '<' + include.path + "> belongs to " + std::string(library.layers) + " only");
    }
  }

  void check_literals(const std::string& path, const SourceText& source) {
    if (path == "server/base/errors.cc") return;
    for (const Literal& literal : source.literals) {
      std::string_view text = literal.text;
      if (text.starts_with('-')) text.remove_prefix(1);  // as it stands on the wire
      for (const std::string_view code : kErrorCodes) {
        if (!text.starts_with(code)) continue;
        report(path, literal.line,
               "error texts are in server/base/errors.cc only: \"" + literal.text + '"');
      }
    }
  }

  // Each layer, each module and each folder of tests says what is in it.
  void check_readmes() {
    std::set<std::string> folders;
    for (const auto& [path, text] : tree_) {
      const size_t first = path.find('/');
      const size_t second = path.find('/', first + 1);
      if (path.starts_with("protocol/")) folders.insert("protocol");
      if (path.starts_with("tests/")) folders.insert("tests");
      if (second != std::string::npos && !path.starts_with("protocol/")) {
        folders.insert(path.substr(0, second));
      }
    }
    for (const std::string& folder : folders) {
      if (!tree_.contains(folder + "/README.md")) {
        report(folder + "/README.md", 1, "every folder has a README.md");
      }
    }
  }

  void report(const std::string& path, size_t line, const std::string& rule) {
    breaches_.push_back(path + ':' + std::to_string(line) + ": " + rule);
  }

  const SourceTree& tree_;
  std::vector<std::string> breaches_;
};

}  // namespace

SourceTree read_tree(const std::filesystem::path& root) {
  SourceTree tree;
  for (const char* top : {"protocol", "server", "modules", "tests"}) {
    if (!std::filesystem::exists(root / top)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file()) continue;
      // Every file counts as a sign of its folder; only these are read.
      const std::string path = std::filesystem::relative(entry.path(), root).generic_string();
      std::string& text = tree[path];
      if (!is_code(path)) continue;
      std::ostringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      text = bytes.str();
    }
  }
  return tree;
}

std::vector<std::string> check_tree(const SourceTree& tree) {
  return Checker(tree).check();
}

}  // namespace larder
