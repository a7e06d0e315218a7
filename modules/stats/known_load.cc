#include "modules/stats/known_load.h"

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/module/reply_fields.h"

namespace larder {
namespace {

constexpr std::string_view kReports[] = {"hotspots|keys", "hotspots|bigkeys"};
// Of which HOTSPOTS has sorted keys by a third of each share: one with a tenth of either share is
// among the first thirty.
constexpr std::string_view kHotKeys[] = {"HOTSPOTS", "KEYS", "COUNT", "32"};
constexpr std::string_view kBigKeys[] = {"HOTSPOTS", "BIGKEYS", "COUNT", "8"};
constexpr size_t kShownKeyBytes = 64;

std::string key_of(const Reply& row) {
  return shown_key(text_field(row, "key"), static_cast<int64_t>(number_field(row, "db")));
}

}  // namespace

std::string shown_key(std::string_view name, int64_t database) {
  std::string text = quote(name.substr(0, kShownKeyBytes));
  if (database != 0) text += " of database " + to_text(database);
  return text;
}

KnownLoad ask_known_load(Host& host) {
  KnownLoad load;
  const auto measured = host.info_values().value("hotspots_measured_requests");
  if (const auto requests = parse_int64(measured.value_or(""))) {
    load.measured_requests = static_cast<uint64_t>(*requests);
  }
  const auto hot = host.ask(kHotKeys, kReports);
  if (hot.is_ok()) {
    for (const Reply& row : hot.value().children) {
      load.hot_keys.push_back({.name = key_of(row),
                               .requests_percent = number_field(row, "requests-percent"),
                               .requests_per_second = number_field(row, "requests-per-second"),
                               .time_percent = number_field(row, "usec-percent"),
                               .us_per_second = number_field(row, "usec-per-second")});
    }
  }
  const auto big = host.ask(kBigKeys, kReports);
  if (big.is_ok()) {
    for (const Reply& row : big.value().children) {
      load.big_keys.push_back(
          {.name = key_of(row), .bytes = static_cast<size_t>(number_field(row, "bytes"))});
    }
  }
  return load;
}

}  // namespace larder
