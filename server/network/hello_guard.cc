#include "server/network/hello_guard.h"

#include <algorithm>

namespace larder {
namespace {

constexpr uint8_t kChangeOfCipher = 20;
constexpr uint8_t kAlert = 21;
constexpr uint8_t kHandshake = 22;

}  // namespace

template <size_t kSize>
bool HelloGuard::Header<kSize>::fill(std::string_view& more) {
  const size_t count = std::min(kSize - size, more.size());
  std::copy_n(more.begin(), count, bytes.begin() + static_cast<ptrdiff_t>(size));
  size += count;
  more.remove_prefix(count);
  return size == kSize;
}

bool HelloGuard::pass(std::string_view bytes, bool is_older) {
  while (!bytes.empty() && !is_over_) {
    if (record_left_ == 0) {
      if (!record_.fill(bytes)) return true;
      begin_record(is_older);
      continue;
    }
    const size_t count = std::min(record_left_, bytes.size());
    record_left_ -= count;
    if (is_handshake_ && !pass_messages(bytes.substr(0, count))) return false;
    bytes.remove_prefix(count);
  }
  return true;
}

void HelloGuard::begin_record(bool is_older) {
  record_.size = 0;
  const uint8_t type = record_.bytes[0];
  is_handshake_ = type == kHandshake;
  record_left_ = size_t{record_.bytes[3]} << 8 | record_.bytes[4];
  const bool stays_clear = is_handshake_ || type == kAlert || (type == kChangeOfCipher && !is_older);
  is_over_ = !stays_clear;
}

bool HelloGuard::pass_messages(std::string_view payload) {
  while (!payload.empty()) {
    const size_t count = std::min(message_left_, payload.size());
    message_left_ -= count;
    payload.remove_prefix(count);
    if (payload.empty() || !message_.fill(payload)) return true;
    message_.size = 0;
    message_left_ = size_t{message_.bytes[1]} << 16 | size_t{message_.bytes[2]} << 8 | message_.bytes[3];
    if (message_left_ > kMostBytes) return false;
  }
  return true;
}

}  // namespace larder
