// What was measured, second by second: the last hour of a fixed list of series, in memory that is
// allocated once and does not grow.
//
//   rows x (4 bytes of time + 4 bytes for each series): 3600 x 33 x 4 = 475,200
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace larder {

class History {
 public:
  static constexpr size_t kRows = 3600;

  // Holds no memory until the first add().
  explicit History(size_t series, size_t rows = kRows) : series_(series), capacity_(rows) {}

  // A row: seconds since 1970, and a value for each series; NaN: there was none. Over the oldest,
  // when it is full.
  void add(int64_t seconds, std::span<const float> values);

  // Rows have numbers that count from 0 and are never used again; those of [first, end) are there.
  uint64_t first() const { return end_ - size_; }
  uint64_t end() const { return end_; }
  // The number of the first row that is later than this moment; end() if there is none.
  uint64_t first_after(int64_t seconds) const;
  int64_t seconds(uint64_t row) const { return times_[row % capacity_]; }
  std::span<const float> values(uint64_t row) const {
    return std::span(values_).subspan(row % capacity_ * series_, series_);
  }
  size_t memory() const {
    return times_.capacity() * sizeof(uint32_t) + values_.capacity() * sizeof(float);
  }

 private:
  size_t series_;
  size_t capacity_;
  size_t size_ = 0;
  uint64_t end_ = 0;
  std::vector<uint32_t> times_;
  std::vector<float> values_;
};

}  // namespace larder
