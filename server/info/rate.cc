#include "server/info/rate.h"

#include <numeric>

namespace larder {

void Rate::sample(int64_t now_us, uint64_t total) {
  const int64_t elapsed_us = now_us - last_us_;
  if (has_begun_ && elapsed_us < kIntervalUs) return;
  // A total below the last one was set back; what it has counted since is what is known.
  const uint64_t grown = total >= last_total_ ? total - last_total_ : total;
  if (has_begun_) {
    samples_[next_] = static_cast<uint64_t>(static_cast<unsigned __int128>(grown) * 1'000'000 /
                                            static_cast<uint64_t>(elapsed_us));
    next_ = (next_ + 1) % kSamples;
  }
  has_begun_ = true;
  last_us_ = now_us;
  last_total_ = total;
}

uint64_t Rate::per_second() const {
  return std::accumulate(samples_.begin(), samples_.end(), uint64_t{0}) / kSamples;
}

}  // namespace larder
