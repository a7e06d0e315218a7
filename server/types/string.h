// The string type: bytes, or a number that is kept as one.
//
// Encodings: integer (8 bytes, little endian), embedded (the bytes themselves, at most 32 KB), and
// shared (a pointer to a SharedBytes block, for everything larger): such values arrive from the socket in
// the memory that will hold them and leave without being copied. OBJECT ENCODING answers with Redis's
// names: int, embstr up to 44 bytes, raw for longer or modified ones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/base/result.h"
#include "server/base/shared_bytes.h"
#include "server/types/value.h"

namespace larder {

class String {
 public:
  static constexpr Type kType = Type::string;
  // The longest value that lies in the entry itself.
  static constexpr size_t kMaxEmbedded = 32 * 1024;
  // Room for the digits of a value that is kept as a number.
  using Digits = std::array<char, 20>;

  explicit String(ValueView view) : view_(view) {}
  explicit String(ValuePlace& place) : view_{}, place_(&place) {}

  // --- Reading ---
  size_t length() const;
  // The bytes. `digits` is written only for a number and has to outlive the result.
  std::string_view bytes(Digits& digits) const;
  // The number, if the value is one in canonical form (whatever its encoding).
  std::optional<int64_t> integer() const;
  // The block of a large value, shared, or an empty handle.
  SharedBytes shared() const;
  std::string_view encoding_name() const;
  // Allocator bytes outside the entry.
  size_t memory(size_t samples = 0) const;

  // --- Changing; only through an Edit ---
  // A text in canonical integer form is kept as a number.
  void assign(std::string_view bytes);
  // Kept as text in any case, as Redis keeps what INCRBYFLOAT makes.
  void assign_text(std::string_view bytes);
  void assign(SharedBytes bytes);
  void assign(int64_t number);
  void assign(const String& other);
  // Errors: the sum leaves int64, the value is no integer. A new key counts from 0.
  Result<int64_t> add(int64_t delta);
  // Appends and returns the new length. The caller has checked the limit.
  size_t append(std::string_view bytes);
  // Overwrites from `offset` on, filling up with zeros. Returns the new length.
  size_t set_range(size_t offset, std::string_view bytes);
  // The value as plain bytes for changing in place: at least `size` of them, filled up with zeros.
  // Valid until the next change. Copies only what lies in the entry, what grows, and a large value
  // that somebody else holds (a reply on its way out, a copy under another key).
  std::span<char> writable(size_t size = 0);
  // Cuts off the end, or adds undefined bytes. Returns all.
  std::span<char> resize(size_t size) { return {grow_bytes(size), size}; }

  static void release(ValueView view);
  static bool is_heavy(ValueView) { return false; }
  // Its memory is all the entry's.
  static bool lies_in_entry(ValueView view) { return view.encoding != kShared; }
  static bool drain(ValueView view, Deadline) {
    release(view);
    return true;
  }

 private:
  enum Encoding : uint8_t { kInteger = 0, kEmbedded = 1, kEmbeddedRaw = 2, kShared = 3 };

  ValueView view() const { return place_ == nullptr ? view_ : place_->view(); }
  // Makes the value plain bytes of `size`, keeping what it has; the rest is undefined.
  char* grow_bytes(size_t size);
  // Gives a value that is not kept as a block yet, or becomes much larger, a new one.
  std::span<char> move_to_zeros(size_t size);
  void drop_shared();

  ValueView view_;
  ValuePlace* place_ = nullptr;
};

}  // namespace larder
