// A value without a key or a keyspace: for self-tests, fuzzers and unit tests of a type.
#pragma once

#include <algorithm>
#include <memory>

#include "server/types/value.h"

namespace larder {

// Every size gets memory of exactly that size, so that tools see whoever leaves it.
class DetachedPlace final : public ValuePlace {
 public:
  explicit DetachedPlace(Type type, const TypeLimits& limits = {}) : type_(type), limits_(limits) {}
  ~DetachedPlace() { release_value(view()); }
  DetachedPlace(const DetachedPlace&) = delete;
  DetachedPlace& operator=(const DetachedPlace&) = delete;

  ValueView view() const override {
    return {type_, encoding_, static_cast<uint32_t>(size_), bytes_.get()};
  }
  char* resize(size_t size, uint8_t encoding) override {
    auto bytes = std::make_unique<char[]>(size);
    std::copy_n(bytes_.get(), std::min(size, size_), bytes.get());
    bytes_ = std::move(bytes);
    size_ = size;
    encoding_ = encoding;
    return bytes_.get();
  }
  const TypeLimits& limits() const override { return limits_; }
  TypeLimits& limits() { return limits_; }

 private:
  Type type_;
  TypeLimits limits_;
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  uint8_t encoding_ = kNoValue;
};

}  // namespace larder
