#include "modules/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "modules/metrics/utf8.h"

namespace larder {
namespace {

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::summary:
      return "summary";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool Exposition::family(std::string_view name, MetricType type, std::string_view help) {
  is_open_ = families_.emplace(name).second;
  if (!is_open_) return false;
  name_ = name;
  std::string& out = *out_;
  out += "# HELP ";
  out += name;
  out += ' ';
  for (const char c : help) {
    if (c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  out += "\n# TYPE ";
  out += name;
  out += ' ';
  out += type_name(type);
  out += '\n';
  return true;
}

void Exposition::sample(std::span<const Label> labels, double value, std::string_view suffix) {
  if (!is_open_) return;
  std::string& out = *out_;
  out += name_;
  out += suffix;
  bool is_first = true;
  for (const Label& each : labels) {
    label(each, is_first);
    is_first = false;
  }
  out += is_first ? " " : "} ";
  append_metric_number(out, value);
  out += '\n';
}

void Exposition::label(const Label& label, bool is_first) {
  std::string& out = *out_;
  out += is_first ? '{' : ',';
  out += label.first;
  out += "=\"";
  for_each_valid(label.second, [&out](std::string_view valid) {
    for (const char c : valid) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
  });
  out += '"';
}

void Exposition::single(std::string_view name, MetricType type, std::string_view help,
                        double value) {
  if (family(name, type, help)) sample({}, value);
}

std::string metric_name(std::string_view text) {
  std::string name(text);
  std::ranges::replace_if(
      name, [](char c) { return !is_name_character(c); }, '_');
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) name.insert(0, "_");
  return name;
}

void append_metric_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 400> text;
  const auto fits = std::abs(value) < 1e15 ? std::chars_format::fixed : std::chars_format::general;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, fits);
  if (error == std::errc()) out.append(text.data(), end);
}

}  // namespace larder
