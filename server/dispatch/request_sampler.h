// Picks requests at random, one of so many in the mean, for Hooks::request_measured.
//
// It draws how many requests lie between one pick and the next instead of asking chance about each,
// so that a batch without a pick costs a comparison and a subtraction. The gaps are uniform between
// 1 and twice the mean, which keeps the picks from falling into step with clients that repeat a
// pattern. However often the mean changes, the sum of the weights of all picks stays that of the
// requests, because what is left of a gap changes with it.
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
  // While all are picked, the gap that was begun waits.
  void begin(uint32_t one_of) {
    if (one_of_ > 1) {
      waiting_left_ = left_;
      waiting_one_of_ = one_of_;
    }
    left_ = one_of == 1 ? 0 : waiting_one_of_ == 0 ? first_gap(one_of) : stretched_gap(one_of);
    one_of_ = one_of;
  }
  // Requests until the next pick for somebody who comes at any time: the longer a gap, the likelier
  // it is the one in which he comes. n places before its end are so likely as that the smaller of
  // two different numbers is n.
  size_t first_gap(uint64_t one_of) {
    const uint64_t one = random_.below(2 * one_of);
    uint64_t other = random_.below(2 * one_of - 1);
    if (other >= one) other++;
    return one < other ? one : other;
  }
  // What is left of a gap becomes longer or shorter, in the mean by as much as gaps do.
  size_t stretched_gap(uint64_t one_of) {
    const size_t left = (waiting_left_ * one_of + random_.below(one_of)) / waiting_one_of_;
    const size_t longest = 2 * one_of - 2;
    return left < longest ? left : longest;
  }
  size_t gap() { return 1 + random_.below(2 * uint64_t{one_of_} - 1); }

  Random random_;
  uint32_t one_of_ = 0;
  size_t left_ = 0;  // requests until the next pick
  // The last of them with a rate above 1.
  size_t waiting_left_ = 0;
  uint32_t waiting_one_of_ = 0;
};

}  // namespace larder
