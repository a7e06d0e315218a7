// The names under which the well-known exporter for Redis (prometheus-redis-exporter) shows fields
// of INFO, so that boards and alerts that were made for it work with Larder.
#pragma once

#include <string_view>

#include "modules/metrics/exposition.h"

namespace larder {

struct KnownMetric {
  std::string_view field;  // of INFO
  std::string_view name;   // without "redis_"
  MetricType type;
};

// nullptr: it has none for this field.
const KnownMetric* find_known_metric(std::string_view field);

}  // namespace larder
