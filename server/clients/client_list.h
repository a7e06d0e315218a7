// All clients, in the order in which they came.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "server/clients/client.h"

namespace larder {

class ClientList {
 public:
  void add(Client& client) { clients_.emplace(client.id, &client); }
  void remove(uint64_t id) {
    clients_.erase(id);
    slow_.erase(id);
  }
  // nullptr: gone, or never was.
  Client* find(uint64_t id) const {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : found->second;
  }
  size_t size() const { return clients_.size(); }
  // Whose request is being run; nullptr: nobody's, as for what the server does by itself.
  Client* running = nullptr;
  // By id. Clients are only marked for closing while a list is walked, never removed.
  const std::map<uint64_t, Client*>& all() const { return clients_; }

  // A client is slow while so many bytes of output wait for it.
  static constexpr size_t kSlowBytes = size_t{1} << 20;
  void set_slow(uint64_t id, bool is_slow) {
    if (is_slow) {
      slow_.insert(id);
    } else if (!slow_.empty()) {
      slow_.erase(id);
    }
  }
  // The ids of those that were slow when the server last looked at them, a second ago at most.
  const std::set<uint64_t>& slow() const { return slow_; }

 private:
  std::map<uint64_t, Client*> clients_;
  std::set<uint64_t> slow_;
};

}  // namespace larder
