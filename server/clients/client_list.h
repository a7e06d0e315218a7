// All clients, in the order in which they came.
#pragma once

#include <cstdint>
#include <map>

#include "server/clients/client.h"

namespace larder {

class ClientList {
 public:
  void add(Client& client) { clients_.emplace(client.id, &client); }
  void remove(uint64_t id) { clients_.erase(id); }
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

 private:
  std::map<uint64_t, Client*> clients_;
};

}  // namespace larder
