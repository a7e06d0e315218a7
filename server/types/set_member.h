// A member of a set as it is kept, to be looked for in other sets. Beside PackedText, which is a
// member as a client sends it: both have the same functions, and Set takes either.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "server/structures/packed_entry.h"

namespace larder {

class SetMember {
 public:
  SetMember() = default;
  // Points at the entry of a text; holds a number itself.
  explicit SetMember(PackedEntry entry) : size_(packed::size_of(entry.begin())) {
    if (entry.is_text()) {
      text_ = entry.begin();
    } else {
      std::memcpy(number_.data(), entry.begin(), size_);
    }
  }
  explicit SetMember(int64_t number) {
    const PackedText text(number);
    size_ = text.size();
    text.write(number_.data());
  }

  PackedEntry entry() const { return PackedEntry(begin()); }
  bool is_number() const { return text_ == nullptr; }
  int64_t number() const { return entry().integer(); }
  size_t size() const { return size_; }
  char* write(char* to) const {
    std::memcpy(to, begin(), size_);
    return to + size_;
  }
  // The canonical code makes equal members equal bytes, and the first bytes tell the length.
  bool matches(const char* entry) const {
    return *entry == *begin() && packed::size_of(entry) == size_ &&
           std::memcmp(entry, begin(), size_) == 0;
  }
  // Computed once, as a member is looked for in several sets.
  uint64_t hash() const {
    if (!is_hashed_) {
      hash_ = entry().hash();
      is_hashed_ = true;
    }
    return hash_;
  }

 private:
  const char* begin() const { return text_ == nullptr ? number_.data() : text_; }

  const char* text_ = nullptr;
  size_t size_ = 0;
  mutable uint64_t hash_ = 0;
  mutable bool is_hashed_ = false;
  std::array<char, 1 + sizeof(int64_t)> number_;
};

}  // namespace larder
