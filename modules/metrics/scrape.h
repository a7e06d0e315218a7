// One answer to a scrape: everything that INFO tells and the histograms of commands, as Prometheus
// reads it, made in steps between which the loop may turn to its clients.
//
// Fields for which the well-known exporter has a name have that name, "redis_...", its type and its
// labels. The others are "larder_" and the field; texts are labels of larder_info_text, and fields
// that hold several numbers ("a=1,b=2") a family for their section.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "modules/metrics/exposition.h"
#include "modules/metrics/http_response.h"
#include "modules/metrics/info_rows.h"
#include "server/module/host.h"

namespace larder {

class Scrape final : public HttpBody {
 public:
  explicit Scrape(Host& host) : host_(host) {}

  bool write(std::string& out, Deadline deadline) override;

 private:
  // Does a part, and returns whether the step is at its end.
  using Step = bool (Scrape::*)();
  static const Step kSteps[];

  bool read_group();
  bool write_instance();
  bool write_row();
  bool write_composite();
  bool write_texts();
  bool write_databases();
  bool write_errors();
  bool write_command();
  bool write_percentiles();
  bool write_histogram();
  bool write_spikes();
  bool write_logs();
  bool write_budgets();
  bool write_options();

  bool is_special(const InfoRow& row) const;
  std::string_view value_of(std::string_view field) const;
  void write_parts(std::string_view field, const std::vector<InfoPart>& parts);
  void write_histogram_of(const Command& command, const Reply& counts);
  void write_summary(const std::string& name, const HistogramField& histogram);
  // At the end of a list: the next step begins at its beginning.
  bool next_of(size_t count);

  Host& host_;
  Exposition exposition_;
  size_t step_ = 0;
  size_t index_ = 0;   // within a step
  size_t family_ = 0;  // within the families of commands
  std::vector<InfoRow> rows_;
  // Within the fields of several values of a section.
  std::set<std::string> series_;
  bool is_in_family_ = false;
};

}  // namespace larder
