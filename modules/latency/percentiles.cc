#include "modules/latency/percentiles.h"

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {

// One empty word stands for none.
Status Percentiles::read(WordsView words, Reading) {
  std::vector<double> values;
  for (const std::string& word : words) {
    if (words.size() == 1 && word.empty()) break;
    const auto value = parse_double(word);
    if (!value) return errors::invalid_percentile();
    if (*value < 0 || *value > 100) return errors::percentile_out_of_range();
    values.push_back(*value);
  }
  values_ = std::move(values);
  return ok;
}

std::string Percentiles::text() const {
  std::vector<std::string> words;
  for (const double value : values_) words.push_back(format_double(value));
  return join(words, " ");
}

std::vector<Words> Percentiles::lines() const {
  if (values_.empty()) return {{""}};
  Words words;
  for (const double value : values_) words.push_back(format_double(value));
  return {words};
}

}  // namespace larder
