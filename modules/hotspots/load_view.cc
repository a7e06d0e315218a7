#include "modules/hotspots/load_view.h"

#include "server/base/hash.h"

namespace larder {
namespace {

// What tells users of one host apart.
constexpr uint64_t kMix = 0x9e3779b97f4a7c15;

constexpr size_t kMaxClientName = 64;

Load load_of(const MeasuredRequest& request) {
  return {.requests = 1,
          .nanoseconds = static_cast<double>(request.nanoseconds),
          .bytes = static_cast<double>(request.request_bytes + request.reply_bytes),
          .hits = static_cast<double>(request.hits),
          .misses = static_cast<double>(request.misses)};
}

std::string_view user_of(const Client& client) {
  return client.user == nullptr ? std::string_view("default") : client.user->name;
}

}  // namespace

std::string_view host_of(std::string_view address) {
  return address.substr(0, address.rfind(':'));
}

uint64_t client_hash(const Client& client) {
  return hash_bytes(host_of(client.socket.peer_address())) + kMix * hash_bytes(user_of(client));
}

LoadView::LoadView(int64_t half_life_ms, std::string delimiter)
    : fading_(half_life_ms),
      keys_(kKeys, random_seed()),
      clients_(kClients, random_seed()),
      big_keys_(kBigKeys),
      namespaces_(std::move(delimiter), random_seed()) {}

void LoadView::advance(int64_t now_ms) {
  const double factor = fading_.advance(now_ms);
  if (factor == 1) return;
  all_.scale(factor);
  keys_.scale(factor);
  clients_.scale(factor);
  namespaces_.scale(factor);
}

void LoadView::add_request(const MeasuredRequest& request) {
  const Load load = load_of(request);
  const double unit = fading_.unit() * request.weight;
  all_.add(load, unit);
  const std::string_view host = host_of(request.client.socket.peer_address());
  const std::string_view user = user_of(request.client);
  auto* entry = clients_.add(host, client_hash(request.client), unit * weight_of(load, all_));
  if (entry == nullptr) return;
  ClientFigures& figures = entry->figures;
  figures.load.add(load, unit);
  figures.last_id = request.client.id;
  if (figures.user != user) figures.user = user;
  const std::string_view name = std::string_view(request.client.name).substr(0, kMaxClientName);
  if (figures.name != name) figures.name = name;
}

void LoadView::add_key(const MeasuredRequest& request, const UsedKey& key) {
  Load load = load_of(request);
  load.scale(key.part);
  load.writes = key.stores ? load.requests : 0;
  const double unit = fading_.unit() * request.weight;
  const double weight = unit * weight_of(load, all_);
  auto* entry = keys_.add(key.name, key.hash, weight);
  if (entry != nullptr) {
    entry->figures.database = static_cast<int>(request.client.database);
    entry->figures.load.add(load, unit);
  }
  load.scale(request.weight);
  namespaces_.add(key.name, load, weight);
}

}  // namespace larder
