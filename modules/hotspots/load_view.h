// The view of the load that is always on: keys, clients and prefixes that are heavy of late, and
// big keys.
//
// It is told of measured requests (MeasuredRequest), multiplies them by their weight, and lets the
// sums of keys and clients fade with a half-life. With n requests measured in the last two
// half-lives, what has a part p of all requests is told within 2 / sqrt(n * p) of the truth: 6 %
// for a hundredth of 100,000.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "modules/hotspots/big_keys.h"
#include "modules/hotspots/fading.h"
#include "modules/hotspots/heavy_hitters.h"
#include "modules/hotspots/load.h"
#include "modules/hotspots/namespaces.h"
#include "server/command/timing.h"

namespace larder {

class LoadView {
 public:
  static constexpr size_t kKeys = 256;
  static constexpr size_t kClients = 128;
  static constexpr size_t kBigKeys = 64;

  struct KeyFigures {
    Load load;
    int database = 0;
    void scale(double factor) { load.scale(factor); }
  };
  // All connections of one user from one address, because pools and short connections are no
  // heavier for being many.
  struct ClientFigures {
    Load load;
    std::string user;
    std::string name;      // that the last of them had given itself
    uint64_t last_id = 0;  // of the last that was measured: the likelier the heavier
    void scale(double factor) { load.scale(factor); }
  };
  using Keys = HeavyHitters<KeyFigures>;
  using Clients = HeavyHitters<ClientFigures>;

  LoadView(int64_t half_life_ms, std::string delimiter);

  // The time, by a clock that never goes back: to be told some ten times a second.
  void advance(int64_t now_ms);

  void add_request(const MeasuredRequest& request);
  // One of the request's keys, with its part of the request. `stores`: the key was given something.
  struct UsedKey {
    std::string_view name;
    uint64_t hash;  // Database::ghost_hash of it, which tells databases apart
    bool stores;
    double part;
  };
  void add_key(const MeasuredRequest& request, const UsedKey& key);

  const Keys& keys() const { return keys_; }
  const Clients& clients() const { return clients_; }
  // What happens a second, from a figure of a key or client.
  double per_second(double sum) const { return fading_.per_second(sum); }
  // Everything that was measured, in the same unit.
  const Load& all() const { return all_; }
  BigKeys& big_keys() { return big_keys_; }
  Namespaces& namespaces() { return namespaces_; }
  size_t memory() const {
    return sizeof(*this) + keys_.memory() + clients_.memory() + big_keys_.memory() +
           namespaces_.memory();
  }

 private:
  Fading fading_;
  Load all_;
  Keys keys_;
  Clients clients_;
  BigKeys big_keys_;
  Namespaces namespaces_;
};

// An address without its port: "10.0.0.7" of "10.0.0.7:50312".
std::string_view host_of(std::string_view address);
// Of a client's user and host: the hash that it has in LoadView::clients().
uint64_t client_hash(const Client& client);

}  // namespace larder
