// Writes Prometheus's text format (version 0.0.4).
//
//   # HELP redis_db_keys Total number of keys by DB
//   # TYPE redis_db_keys gauge
//   redis_db_keys{db="db0"} 12
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

enum class MetricType : uint8_t { counter, gauge, summary, histogram };

class Exposition {
 public:
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // Where the text goes. Set before anything is written, and again whenever it was taken away.
  void set_output(std::string& out) { out_ = &out; }

  // Begins a family; the samples follow. False if there was one of this name already: the format
  // allows a family once, in one piece, so neither this nor the samples that follow are written.
  bool family(std::string_view name, MetricType type, std::string_view help);
  // A sample of the family that was begun last: its name, with a suffix for parts of summaries and
  // histograms ("_sum"). Label values may be any bytes.
  void sample(Labels labels, double value, std::string_view suffix = {}) {
    sample(std::span(labels.begin(), labels.size()), value, suffix);
  }
  void sample(std::span<const Label> labels, double value, std::string_view suffix = {});
  // A family of one sample.
  void single(std::string_view name, MetricType type, std::string_view help, double value);

 private:
  void label(const Label& label, bool is_first);

  std::string* out_ = nullptr;
  std::string name_;
  bool is_open_ = false;
  std::set<std::string, std::less<>> families_;
};

// As the format allows it: every other character becomes '_'.
std::string metric_name(std::string_view text);

// The shortest text that reads back as the same number: "12", "0.5", "1e+30", "NaN", "+Inf".
void append_metric_number(std::string& out, double value);

}  // namespace larder
