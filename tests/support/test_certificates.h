// Certificates for tests of TLS, made when they are asked for: nothing in the repository expires,
// and nothing that looks like a secret lies in it.
#pragma once

#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace larder {

// An authority of its own, and the certificates that it has signed, as files in PEM.
class TestCertificates {
 public:
  struct Pair {
    std::string certificate;  // paths
    std::string key;
  };
  struct Wish {
    std::vector<std::string> common_names = {"client"};
    bool is_for_server = false;  // it names localhost and 127.0.0.1 then
    int64_t begins_in_s = -3600;
    int64_t ends_in_s = 24 * 3600;
    std::string passphrase = {};  // of the key
    bool has_rsa_key = false;     // and not one of elliptic curves
  };

  TestCertificates();
  ~TestCertificates();

  const std::string& authority() const { return authority_file_; }
  // Good for the server, made once.
  const Pair& server() const { return server_; }
  // One more under this file name; what was made under it before is replaced.
  Pair make(std::string_view name, const Wish& wish) const;
  Pair client(const std::string& common_name) const {
    return make("client-" + common_name, {{common_name}});
  }
  const TemporaryFolder& folder() const { return folder_; }

  // What a server needs to serve them, for its command line; clients have to show a certificate.
  std::vector<std::string> server_arguments() const;

 private:
  struct Authority;

  TemporaryFolder folder_;
  std::unique_ptr<Authority> own_;
  std::string authority_file_;
  Pair server_;
};

}  // namespace larder
