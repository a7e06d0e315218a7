// Picks requests at random, one of so many in the mean, for Hooks::request_measured.
//
// It draws how many requests lie between one pick and the next instead of asking chance about each,
// so that a batch without a pick costs a comparison and a subtraction. Each request is picked with
// the same chance, whatever was before. That keeps the picks from falling into step with clients
// that repeat a pattern, and the sum of their weights is in the mean that of the requests, however
// often and for whatever reason the rate changes.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "server/base/random.h"
#include "server/dispatch/batch.h"

namespace larder {

class RequestSampler {
 public:
  explicit RequestSampler(uint64_t seed = random_seed()) : random_(seed) {}

  // Marks the picked ones among the requests of a batch that are to run. `one_of`: at least 1.
  void pass(std::span<BatchedRequest> requests, uint32_t one_of) {
    if (one_of != one_of_) [[unlikely]]
      begin(one_of);
    for (; left_ < requests.size(); left_ += gap()) {
      BatchedRequest& request = requests[left_];
      // Large ones are measured whether or not they are picked.
      if (request.kind == BatchedRequest::Kind::ordinary)
        request.kind = BatchedRequest::Kind::picked;
    }
    left_ -= requests.size();
  }
  // The same for one request outside of the batch: its weight, 0 if it is not picked. Another
  // `one_of` counts from the next batch on, because the picked of this one have the weight that it
  // has now.
  uint32_t picks_next(uint32_t one_of) {
    if (one_of == 0 || one_of_ == 0) return 0;
    if (left_ > 0) {
      left_--;
      return 0;
    }
    left_ = gap() - 1;
    return weight();
  }
  // How many requests each of the picked stands for.
  uint32_t weight() const { return one_of_; }

 private:
  void begin(uint32_t one_of) {
    one_of_ = one_of;
    per_log_ = 1 / std::log1p(-1.0 / one_of);  // 0 where all are picked
    left_ = gap() - 1;
  }
  // How many requests it is from one to the next that is picked, if each is with a chance of 1 in
  // `one_of`: geometric, from a number in (0, 1].
  size_t gap() {
    const double chance = static_cast<double>((random_.next() >> 11) + 1) * 0x1p-53;
    return 1 + static_cast<size_t>(std::log(chance) * per_log_);
  }

  Random random_;
  uint32_t one_of_ = 0;
  double per_log_ = 0;
  size_t left_ = 0;  // requests until the next pick
};

}  // namespace larder
