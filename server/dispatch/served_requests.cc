#include "server/dispatch/served_requests.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/dispatch/session.h"

namespace larder {
namespace {

// How many of a session's last shares are looked through for one of the same command: clients that
// alternate between a few commands have one share for each.
constexpr size_t kLookBack = 4;

}  // namespace

void ServedRequests::note(const Session& session, const Command& command, uint64_t calls) {
  const size_t last = shares_.size();
  for (size_t i = last; i > 0 && last - i < kLookBack; i--) {
    Share& share = shares_[i - 1];
    if (share.session != &session) break;
    if (share.command != &command || share.readable_us != session.client.readable_us ||
        share.epoch != hooks_.served_epoch) {
      continue;
    }
    share.calls += calls;
    return;
  }
  shares_.push_back({&session, &command, calls, session.client.readable_us, hooks_.served_epoch});
}

void ServedRequests::tell() {
  if (shares_.empty()) return;
  int64_t now_ns = 0;
  for (const Share& share : shares_) {
    if (share.session == nullptr || share.epoch != hooks_.served_epoch) continue;
    const int64_t readable_ns = share.readable_us * 1000;
    int64_t written_ns = share.session->connection().flushed_ns();
    // Nothing was written for whoever wants no replies.
    if (written_ns < readable_ns) written_ns = now_ns != 0 ? now_ns : now_ns = monotonic_ns();
    hooks_.requests_served(
        {*share.command, share.calls, std::max<int64_t>(written_ns - readable_ns, 0)});
  }
  shares_.clear();
}

void ServedRequests::forget(const Session& session) {
  for (Share& share : shares_) {
    if (share.session == &session) share.session = nullptr;
  }
}

}  // namespace larder
