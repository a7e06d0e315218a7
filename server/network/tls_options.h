// The options of TLS, with the names, defaults and limits of Redis 7.2, and what later versions and
// Larder add: tls-auth-clients-user and the two limits of handshakes.
#pragma once

#include <climits>
#include <cstdint>
#include <string>

#include "server/config/option.h"

namespace larder {

enum class TlsClientAuth { no, yes, optional };
enum class TlsUserField { off, common_name };

inline constexpr EnumName<TlsClientAuth> kTlsClientAuthNames[] = {
    {"no", TlsClientAuth::no}, {"yes", TlsClientAuth::yes}, {"optional", TlsClientAuth::optional}};
inline constexpr EnumName<TlsUserField> kTlsUserFieldNames[] = {{"off", TlsUserField::off},
                                                                {"CN", TlsUserField::common_name}};

struct TlsOptions : OptionGroup {
  TlsOptions() : OptionGroup("TLS") {}

  Option<uint16_t> port{
      *this,
      "tls-port",
      0,
      {.max = 65535,
       .help = "Port for clients that speak TLS; 0 closes it. Both may be open; \"port 0\" leaves "
               "only this one."}};
  Option<std::string> cert_file{
      *this,
      "tls-cert-file",
      "",
      {.reapplies = true,
       .help = "The server's certificate, in PEM, and behind it those between it and the root. A "
               "CONFIG SET of this or "
               "another file reads them all again, also when the names stay, and so does SIGHUP: "
               "all of it "
               "or, if anything is wrong, nothing. Connections stay as they are."}};
  Option<std::string> key_file{
      *this,
      "tls-key-file",
      "",
      {.reapplies = true, .help = "The private key of that certificate, in PEM."}};
  Option<std::string> key_file_pass{
      *this,
      "tls-key-file-pass",
      "",
      {.secret = true, .help = "What the private key is encrypted with, if it is."}};
  Option<std::string> client_cert_file{
      *this,
      "tls-client-cert-file",
      "",
      {.reapplies = true,
       .help = "Another certificate for connections that the server makes itself, to its primary; "
               "empty: the same."}};
  Option<std::string> client_key_file{
      *this,
      "tls-client-key-file",
      "",
      {.reapplies = true, .help = "The private key of that other certificate."}};
  Option<std::string> client_key_file_pass{
      *this,
      "tls-client-key-file-pass",
      "",
      {.secret = true, .help = "What that key is encrypted with, if it is."}};
  Option<std::string> dh_params_file{*this,
                                     "tls-dh-params-file",
                                     "",
                                     {.reapplies = true,
                                      .help = "Parameters for Diffie-Hellman over numbers, in PEM; "
                                              "empty: OpenSSL's. Hardly anyone needs them: "
                                              "clients take elliptic curves."}};
  Option<std::string> ca_cert_file{
      *this,
      "tls-ca-cert-file",
      "",
      {.reapplies = true,
       .help = "Certificates, in PEM, of those who may sign the certificates of clients. One of "
               "this and the next is "
               "needed unless tls-auth-clients is no; the system's own list is never used."}};
  Option<std::string> ca_cert_dir{
      *this,
      "tls-ca-cert-dir",
      "",
      {.reapplies = true, .help = "The same as a folder of files that openssl rehash has named."}};
  Option<TlsClientAuth> auth_clients{*this,
                                     "tls-auth-clients",
                                     TlsClientAuth::yes,
                                     kTlsClientAuthNames,
                                     {.help = "Whether clients have to show a certificate (yes), "
                                              "may show one, which then must be good (optional), "
                                              "or are not asked (no)."}};
  Option<TlsUserField> auth_clients_user{
      *this,
      "tls-auth-clients-user",
      TlsUserField::off,
      kTlsUserFieldNames,
      {.help = "CN: a client is logged in as the user whose name its certificate has as common "
               "name. Without such a user it begins as any other client; if the user is switched "
               "off, it has to log in."}};
  Option<std::string> protocols{
      *this,
      "tls-protocols",
      "",
      {.help = "Versions to speak, of TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; empty: the last two. The "
               "first two are broken, "
               "and OpenSSL speaks them only with ciphers of security level 0."}};
  Option<std::string> ciphers{
      *this,
      "tls-ciphers",
      "",
      {.help = "Ciphers up to TLSv1.2, as in ciphers(1ssl); empty: OpenSSL's."}};
  Option<std::string> ciphersuites{
      *this,
      "tls-ciphersuites",
      "",
      {.help = "Ciphers of TLSv1.3, as in ciphers(1ssl); empty: OpenSSL's."}};
  Option<bool> prefer_server_ciphers{*this,
                                     "tls-prefer-server-ciphers",
                                     false,
                                     {.help = "Of the ciphers that both know, take the first in "
                                              "the server's order, not in the client's."}};
  Option<bool> session_caching{
      *this,
      "tls-session-caching",
      true,
      {.help =
           "Clients that come back go on with their session, which spares most of a handshake. New "
           "certificates end all sessions."}};
  Option<int> session_cache_size{*this,
                                 "tls-session-cache-size",
                                 20480,
                                 {.max = INT_MAX, .help = "Sessions to remember; 0: any number."}};
  Option<int> session_cache_timeout{*this,
                                    "tls-session-cache-timeout",
                                    300,
                                    {.max = INT_MAX,
                                     .unit = Unit::seconds,
                                     .help = "Seconds after which a session cannot be resumed."}};
  Option<uint32_t> handshake_max{
      *this,
      "tls-handshake-max",
      256,
      {.min = 1,
       .max = 1'000'000,
       .help = "Handshakes at the same time. Whoever comes beyond waits in the kernel's queue, and "
               "of those who are "
               "in, the ones that keep quiet for a second have to leave."}};
  Option<int> handshake_timeout{
      *this,
      "tls-handshake-timeout",
      10,
      {.min = 1,
       .max = 3600,
       .unit = Unit::seconds,
       .help = "Seconds that a client has for its handshake; then it is disconnected."}};
};

}  // namespace larder
