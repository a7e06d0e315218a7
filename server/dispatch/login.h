// The login: who may come in with which password. Only the default user and `requirepass` so far; ACL
// users will live in server/acl.
#pragma once

#include <optional>
#include <string_view>

#include "server/base/digest.h"
#include "server/base/result.h"
#include "server/clients/client.h"

namespace larder {

class Login {
 public:
  // `requirepass`; empty: nobody needs a password. Only a digest is kept.
  void set_password(std::string_view password);
  bool needs_password() const { return password_.has_value(); }

  // A new client's login, or one after RESET.
  void log_in_by_default(Client& client) const;
  // AUTH user password. The comparison takes the same time whatever is wrong. Errors: WRONGPASS.
  Status authenticate(Client& client, std::string_view user, std::string_view password) const;

 private:
  std::optional<Sha256> password_;
};

}  // namespace larder
