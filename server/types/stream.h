// The stream type: entries in the order of their IDs, and groups of consumers that share them.
//
// A stream has one form: eight bytes in its key's entry that own a StreamLog. An empty stream
// stays.
#pragma once

#include <string_view>

#include "server/types/stream_log.h"
#include "server/types/value.h"

namespace larder {

class Stream {
 public:
  static constexpr Type kType = Type::stream;

  explicit Stream(ValueView view) : view_(view) {}
  explicit Stream(ValuePlace& place) : view_{}, place_(&place) {}

  // What the stream holds; there must be one.
  const StreamLog& log() const { return *load_object<StreamLog>(view()); }
  // The same for changing. A key that is not there comes to life with an empty stream.
  StreamLog& open();

  size_t size() const { return log().length(); }
  std::string_view encoding_name() const { return "stream"; }
  // Bytes outside the entry. All chunks are counted, so nothing is estimated.
  size_t memory(size_t) const { return log().memory(); }
  void assign(const Stream& other);

  // Whether the place holds the address of an object on the heap.
  static bool has_object(ValueView value) { return value.encoding != kNoValue; }
  static bool is_heavy(ValueView view);
  static bool drain(ValueView view, Deadline deadline);

 private:
  static constexpr uint8_t kEncoding = 0;
  ValueView view() const { return place_ == nullptr ? view_ : place_->view(); }

  ValueView view_;
  ValuePlace* place_ = nullptr;
};

}  // namespace larder
