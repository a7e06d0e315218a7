#include "server/dispatch/login.h"

#include "server/base/errors.h"

namespace larder {

void Login::set_password(std::string_view password) {
  password_.reset();
  if (!password.empty()) password_ = sha256(password);
}

void Login::log_in_by_default(Client& client) const {
  client.user = "default";
  client.is_authenticated = !needs_password();
}

Status Login::authenticate(Client& client, std::string_view user, std::string_view password) const {
  const bool is_default = user == "default";
  const bool matches = !password_ || equal_in_constant_time(*password_, sha256(password));
  if (!is_default || !matches) return errors::wrong_password();
  client.user = "default";
  client.is_authenticated = true;
  return ok;
}

}  // namespace larder
