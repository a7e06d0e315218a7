// INFO as rows instead of text, and what a row's value is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/info/info.h"

namespace larder {

struct InfoRow {
  std::string_view section;  // as the group is called, with the group's life
  std::string name;
  std::string value;
  InfoKind kind = InfoKind::plain;
  const HistogramField* histogram = nullptr;  // a distribution; lives as long as the server

  // As numeric_value, but nothing where the value is a text.
  std::optional<double> number() const;
};

// Appends the rows of one group. Cost: that of its fields.
void read_info(const InfoGroup& group, std::vector<InfoRow>& rows);
// Appends the rows of a section, in any case; "" for all of them.
void read_info(const Info& info, std::string_view section, std::vector<InfoRow>& rows);

// "12", "0.5", "3.2%" (3.2), "ok" (1), "err" (0).
std::optional<double> numeric_value(std::string_view value);
// A part of a field that holds several values. A value in quotes (server/base/text.h) is data, a
// name as a rule; here it is without them.
struct InfoPart {
  std::string_view name;
  std::string value;
  bool is_quoted = false;
};

// "keys=1,expires=0", "prefix=\"user:\",keys=3": its parts in their order; empty if it is anything
// else.
std::vector<InfoPart> parts_of(std::string_view value);

}  // namespace larder
