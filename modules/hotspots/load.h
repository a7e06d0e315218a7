// What requests cost and find, as sums that may be estimates from a sample.
#pragma once

namespace larder {

// By which of its figures something is heavy.
enum class Measure { requests, time, bytes };

struct Load {
  double requests = 0;
  double nanoseconds = 0;
  double bytes = 0;  // of requests and replies
  double hits = 0;
  double misses = 0;
  double writes = 0;  // requests that store something in the key

  void add(const Load& other, double times) {
    requests += other.requests * times;
    nanoseconds += other.nanoseconds * times;
    bytes += other.bytes * times;
    hits += other.hits * times;
    misses += other.misses * times;
    writes += other.writes * times;
  }
  void scale(double factor) {
    requests *= factor;
    nanoseconds *= factor;
    bytes *= factor;
    hits *= factor;
    misses *= factor;
    writes *= factor;
  }
  double get(Measure measure) const {
    switch (measure) {
      case Measure::requests:
        return requests;
      case Measure::time:
        return nanoseconds;
      case Measure::bytes:
        return bytes;
    }
    return 0;
  }
};

// The weight of a load where requests, time and bytes count alike: each against the mean of all.
// What has a part of p of any of the three has at least p / 3 of all weight, so that one table
// finds what is heavy in whatever way: asked for often, slow, or large.
inline double weight_of(const Load& load, const Load& all) {
  double weight = load.requests;
  if (all.nanoseconds > 0) weight += load.nanoseconds * all.requests / all.nanoseconds;
  if (all.bytes > 0) weight += load.bytes * all.requests / all.bytes;
  return weight;
}

}  // namespace larder
