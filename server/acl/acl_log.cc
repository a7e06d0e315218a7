#include "server/acl/acl_log.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace larder {

std::string_view name_of(DenialReason reason) {
  switch (reason) {
    case DenialReason::command: return "command";
    case DenialReason::key: return "key";
    case DenialReason::channel: return "channel";
    case DenialReason::auth: return "auth";
    case DenialReason::certificate: return "tls-cert";
  }
  return "unknown";
}

void AclLog::add(Denial denial, int64_t now_ms) {
  const auto end = entries_.begin() + static_cast<ptrdiff_t>(std::min(kCompared, entries_.size()));
  const auto same = std::find_if(entries_.begin(), end, [&](const Entry& entry) {
    return entry.reason == denial.reason && entry.context == denial.context &&
           std::abs(now_ms - entry.updated_ms) <= kSameWithinMs && entry.object == denial.object &&
           entry.username == denial.username;
  });
  if (same != end) {
    Entry entry = std::move(*same);
    entries_.erase(same);
    entry.client_info = std::move(denial.client_info);
    entry.updated_ms = now_ms;
    entry.count++;
    entries_.push_front(std::move(entry));
  } else {
    entries_.push_front({std::move(denial), next_id_++, 1, now_ms, now_ms});
  }
  set_limit(limit_);
}

void AclLog::set_limit(size_t limit) {
  limit_ = limit;
  if (entries_.size() > limit_) entries_.resize(limit_);
}

}  // namespace larder
