// Options of active defragmentation, with Redis's names and defaults.
#pragma once

#include "server/config/option.h"

namespace larder {

struct DefragmentationOptions : OptionGroup {
  DefragmentationOptions() : OptionGroup("Keys and memory") {}

  Option<bool> activedefrag{
      *this, "activedefrag", false,
      {.help = "Moves data out of memory pages that are nearly empty while the server runs, so that it "
               "takes less of the machine."}};
  Option<int64_t> ignore_bytes{
      *this, "active-defrag-ignore-bytes", 100 << 20,
      {.min = 1, .unit = Unit::bytes, .help = "It does not begin for less than this."}};
  Option<int> threshold_lower{
      *this, "active-defrag-threshold-lower", 10,
      {.max = 1000,
       .help = "It begins when pages are larger than what lies in them by so many percent."}};
  Option<int> threshold_upper{
      *this, "active-defrag-threshold-upper", 100,
      {.max = 1000, .help = "From so many percent on it works with all of active-defrag-cycle-max."}};
  Option<int> cycle_min{*this, "active-defrag-cycle-min", 1,
                        {.min = 1,
                         .max = 99,
                         .help = "The percentage of one processor that it takes at the lower threshold."}};
  Option<int> cycle_max{*this, "active-defrag-cycle-max", 25,
                        {.min = 1, .max = 99, .help = "... and at the upper threshold."}};
  Option<int64_t> max_scan_fields{
      *this, "active-defrag-max-scan-fields", 1000,
      {.min = 1, .help = "Has no effect: values of all sizes are walked in small steps."}};
};

}  // namespace larder
