// While it lives, requests of a client are being run: pushes to it wait for the end of its reply,
// and whoever hears of a change can tell whose doing it is. It may begin inside another's, when a
// request serves a client that waits.
#pragma once

#include <utility>

#include "server/clients/client.h"
#include "server/clients/client_list.h"

namespace larder {

class Answering {
 public:
  Answering(ClientList& clients, Client& client)
      : clients_(clients), client_(client), former_(std::exchange(clients.running, &client)) {
    client.is_being_answered = true;
  }
  ~Answering() {
    client_.is_being_answered = false;
    clients_.running = former_;
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

 private:
  ClientList& clients_;
  Client& client_;
  Client* former_;
};

}  // namespace larder
