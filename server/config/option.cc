#include "server/config/option.h"

#include "server/base/errors.h"
#include "server/base/text.h"

namespace larder {

Status OptionBase::read(WordsView words, Reading reading) {
  if (!takes_several_words() && words.size() != 1) return errors::wrong_number_of_words();
  TRY(read_words(words, reading));
  was_given_ = true;
  return ok;
}

void on_change(std::span<OptionBase* const> options, OptionBase::ApplyFunction apply) {
  const auto shared = std::make_shared<const OptionBase::ApplyFunction>(std::move(apply));
  for (OptionBase* option : options) option->apply_ = shared;
}

Status RepeatedLines::read(WordsView words, Reading reading) {
  if (reading == Reading::first) lines_.clear();
  lines_.emplace_back(words.begin(), words.end());
  return ok;
}

std::string RepeatedLines::text() const {
  std::string text;
  for (const Words& line : lines_) {
    if (!text.empty()) text += ' ';
    text += join(line, " ");
  }
  return text;
}

}  // namespace larder
