#include "server/config/example.h"

#include <algorithm>

#include "server/base/text.h"
#include "server/config/file_writer.h"

namespace larder {
namespace {

constexpr size_t kWidth = 100;

constexpr std::string_view kIntroduction =
    "Larder's options, each with its default. Start with it: larder-server larder.conf. Sizes may "
    "have units: 1k is 1000 bytes, 1kb 1024; m, mb, g and gb follow suit. Words with spaces go "
    "into "
    "quotes. \"include other.conf\" reads another file in the place of that line; later lines "
    "override earlier ones, and options of the command line override the file.";

void add_comment(std::string& text, std::string_view comment) {
  size_t column = kWidth;
  bool is_first = true;
  for (const std::string_view word : split(comment, ' ')) {
    if (word.empty()) continue;
    if (column + 1 + word.size() > kWidth) {
      if (!is_first) text += '\n';
      text += '#';
      column = 1;
    }
    text += ' ';
    text += word;
    column += 1 + word.size();
    is_first = false;
  }
  text += '\n';
}

void add_heading(std::string& text, std::string_view title) {
  const size_t bars = (kWidth - title.size() - 2) / 2;
  text += '\n' + std::string(bars, '#') + ' ';
  text += title;
  text += ' ' + std::string(bars, '#') + '\n';
}

void add_option(std::string& text, const OptionBase& option) {
  const OptionAttributes& attributes = option.attributes();
  std::string comment(attributes.help);
  if (const std::string range = option.range(); !range.empty()) comment += " (" + range + ")";
  if (attributes.immutable) comment += " Cannot be changed while the server runs.";
  text += '\n';
  add_comment(text, comment);
  for (const Words& words : option.default_lines()) text += directive_text(option, words) + '\n';
}

}  // namespace

std::string example_config(const Options& options) {
  std::string text;
  add_comment(text, kIntroduction);
  std::vector<std::string_view> titles;
  for (const OptionGroup* group : options.groups()) {
    if (std::ranges::find(titles, group->title()) == titles.end()) titles.push_back(group->title());
  }
  for (const std::string_view title : titles) {
    bool has_heading = false;
    for (const OptionGroup* group : options.groups()) {
      if (group->title() != title) continue;
      for (const OptionBase* option : group->options()) {
        if (option->attributes().hidden || option->attributes().help.empty()) continue;
        if (!has_heading) add_heading(text, title);
        has_heading = true;
        add_option(text, *option);
      }
    }
  }
  return text;
}

}  // namespace larder
