// Picks requests at random, one of so many in the mean, for Hooks::request_measured.
//
// It draws how many requests lie between one pick and the next instead of asking chance about each,
// so that a batch without a pick costs a comparison and a subtraction. The gaps are uniform between
// 1 and twice the mean, which keeps the picks from falling into step with clients that repeat a
// pattern.
#pragma once

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
    left_ = random_.below(one_of);
  }
  size_t gap() { return 1 + random_.below(2 * uint64_t{one_of_} - 1); }

  Random random_;
  uint32_t one_of_ = 0;
  size_t left_ = 0;  // requests until the next pick
};

}  // namespace larder
