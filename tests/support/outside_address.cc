#include "tests/support/outside_address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>

namespace larder {

std::string outside_address() {
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return "";
  std::string found;
  for (const ifaddrs* each = interfaces; each != nullptr && found.empty(); each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if ((each->ifa_flags & IFF_LOOPBACK) != 0 || (each->ifa_flags & IFF_UP) == 0) continue;
    char text[NI_MAXHOST];
    if (::getnameinfo(each->ifa_addr, sizeof(sockaddr_in), text, sizeof(text), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      found = text;
    }
  }
  ::freeifaddrs(interfaces);
  return found;
}

}  // namespace larder
