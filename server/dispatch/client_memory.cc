#include "server/dispatch/client_memory.h"

#include <algorithm>
#include <string>
#include <vector>

#include "server/base/log.h"
#include "server/dispatch/session.h"

namespace larder {
namespace {

bool may_be_evicted(const Session& session) {
  const Client& client = session.client;
  const bool is_protected = client.no_evict || session.is_closing();
  return !is_protected && (client.type == ClientType::normal || client.type == ClientType::pubsub);
}

}  // namespace

void ClientMemory::set_limit(size_t bytes, const Sessions& sessions) {
  const bool was_counting = has_limit();
  limit_ = bytes == 0 ? 0 : std::max(bytes, kLeastLimit);
  hopeless_total_ = 0;
  if (!has_limit() || was_counting) return;
  total_ = 0;
  for (const auto& [id, session] : sessions) {
    session->counted_bytes = session->memory();
    total_ += session->counted_bytes;
  }
}

void ClientMemory::note(Session& session) {
  const size_t bytes = session.is_closing() ? 0 : session.memory();
  total_ = total_ - session.counted_bytes + bytes;
  session.counted_bytes = bytes;
}

void ClientMemory::forget(Session& session) {
  if (has_limit()) total_ -= session.counted_bytes;
}

size_t ClientMemory::evict(size_t allowed, const Sessions& sessions, int64_t now_ms) {
  struct Candidate {
    size_t bytes;
    Session* session;
  };
  std::vector<Candidate> candidates;
  size_t total = 0;
  for (const auto& [id, session] : sessions) {
    if (session->is_closing()) continue;
    const size_t bytes = session->memory();
    total += bytes;
    if (may_be_evicted(*session)) candidates.push_back({bytes, session.get()});
  }
  if (total <= allowed) return 0;
  std::ranges::sort(candidates, std::greater(), &Candidate::bytes);
  const size_t before = total;
  for (const Candidate& candidate : candidates) {
    if (total <= allowed) break;
    log::notice("Evicting client: " + describe(candidate.session->client, now_ms));
    candidate.session->close_now();
    if (has_limit()) note(*candidate.session);
    total -= candidate.bytes;
    ++evicted_;
  }
  hopeless_total_ = total > allowed ? total + total / 16 : 0;
  return before - total;
}

}  // namespace larder
