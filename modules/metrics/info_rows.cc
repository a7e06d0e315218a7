#include "modules/metrics/info_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "protocol/inline_request.h"
#include "server/base/text.h"

namespace larder {
namespace {

// The length of a text that begins with a quote, with both.
size_t end_of_quoted(std::string_view text) {
  size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? size_t{2} : size_t{1};
  return std::min(at + 1, text.size());
}

}  // namespace

void read_info(const InfoGroup& group, std::vector<InfoRow>& rows) {
  std::string text;
  std::vector<InfoKind> kinds;
  InfoWriter writer(text, &kinds);
  for (const InfoField* field : group.fields()) {
    text.clear();
    kinds.clear();
    field->write(writer);
    const auto* histogram = dynamic_cast<const HistogramField*>(field);
    std::string_view rest = text;
    for (const InfoKind kind : kinds) {
      const size_t end = rest.find("\r\n");
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 2);
      // Names that come from data (prefixes of keys) may hold colons; values as a rule do not.
      const size_t colon = field->name().empty() ? line.find(':') : field->name().size();
      if (colon == std::string_view::npos) continue;
      rows.push_back({group.section(), std::string(line.substr(0, colon)),
                      std::string(line.substr(colon + 1)), kind, histogram});
    }
  }
}

void read_info(const Info& info, std::string_view section, std::vector<InfoRow>& rows) {
  for (const InfoGroup* group : info.groups()) {
    if (section.empty() || equals_ignoring_case(group->section(), section)) read_info(*group, rows);
  }
}

std::optional<double> numeric_value(std::string_view value) {
  if (value == "ok") return 1;
  if (value == "err" || value == "fail") return 0;
  if (value.ends_with('%')) value.remove_suffix(1);
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || at != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<double> InfoRow::number() const {
  return kind == InfoKind::text ? std::nullopt : numeric_value(value);
}

std::vector<InfoPart> parts_of(std::string_view value) {
  std::vector<InfoPart> parts;
  while (!value.empty()) {
    const size_t equals = value.find('=');
    if (equals == std::string_view::npos || equals == 0) return {};
    InfoPart part{value.substr(0, equals), {}, false};
    if (part.name.find(',') != std::string_view::npos) return {};
    value.remove_prefix(equals + 1);
    part.is_quoted = value.starts_with('"');
    if (part.is_quoted) {
      const size_t end = end_of_quoted(value);
      const auto words = split_quoted(value.substr(0, end));
      if (!words || words->size() != 1) return {};
      part.value = words->front();
      value.remove_prefix(end);
      if (!value.empty() && value[0] != ',') return {};
    } else {
      part.value = value.substr(0, value.find(','));
      value.remove_prefix(part.value.size());
    }
    const bool is_last = value.empty();
    if (!is_last) value.remove_prefix(1);
    parts.push_back(std::move(part));
    if (!is_last && value.empty()) return {};
  }
  return parts;
}

}  // namespace larder
