#include "server/network/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "server/base/log.h"
#include "server/base/text.h"

namespace larder {
namespace {

// Sessions of another application that shares keys with this one must not be resumed here.
constexpr std::string_view kSessionContext = "larder";

// A chain of certificates; memory is taken when a peer says how long its is.
constexpr long kMostCertificateBytes = 32 * 1024;

struct Protocol {
  std::string_view name;
  int version;
  uint64_t switched_off_by;
};
constexpr Protocol kProtocols[] = {
    {"tlsv1", TLS1_VERSION, SSL_OP_NO_TLSv1},
    {"tlsv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
    {"tlsv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    {"tlsv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
};
constexpr std::string_view kDefaultProtocols = "TLSv1.2 TLSv1.3";

std::string why() {
  return take_tls_error(TlsComplaint::first);
}

const char* file_name(const Option<std::string>& option) {
  return option.get().empty() ? nullptr : option.get().c_str();
}

int give_passphrase(char* buffer, int size, int /*is_for_writing*/, void* passphrase) {
  const auto& text = *static_cast<const std::string*>(passphrase);
  if (text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

// The lowest and the highest version; those between that are not named are switched off.
Status set_protocols(SSL_CTX* context, const std::string& option) {
  const std::string_view text = option.empty() ? kDefaultProtocols : std::string_view(option);
  std::array<bool, std::size(kProtocols)> is_wanted{};
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    const auto* found = std::ranges::find_if(
        kProtocols, [&](const Protocol& each) { return equals_ignoring_case(each.name, word); });
    if (found == std::end(kProtocols)) {
      return Error(
          "Invalid tls-protocols: use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and "
          "'TLSv1.3'");
    }
    is_wanted[static_cast<size_t>(found - kProtocols)] = true;
  }
  int lowest = 0;
  int highest = 0;
  for (size_t i = 0; i < std::size(kProtocols); i++) {
    if (!is_wanted[i]) {
      SSL_CTX_set_options(context, kProtocols[i].switched_off_by);
      continue;
    }
    if (lowest == 0) lowest = kProtocols[i].version;
    highest = kProtocols[i].version;
  }
  if (lowest == 0) return Error("Invalid tls-protocols: no version is left");
  // Also against what the system's openssl.cnf says.
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_max_proto_version(context, highest);
  return ok;
}

struct KeyPair {
  const char* certificate;
  const char* key;
  const std::string& passphrase;
};

Status load_key_pair(SSL_CTX* context, const KeyPair& pair) {
  SSL_CTX_set_default_passwd_cb(context, give_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&pair.passphrase));
  if (SSL_CTX_use_certificate_chain_file(context, pair.certificate) <= 0) {
    return Error(std::string("Failed to load certificate: ") + pair.certificate + ": " + why());
  }
  if (SSL_CTX_use_PrivateKey_file(context, pair.key, SSL_FILETYPE_PEM) <= 0) {
    return Error(std::string("Failed to load private key: ") + pair.key + ": " + why());
  }
  // A key of another kind than the certificate's passes so far.
  if (SSL_CTX_check_private_key(context) != 1) {
    return Error(std::string("The private key ") + pair.key + " is not that of the certificate " +
                 pair.certificate + ": " + why());
  }
  // The passphrase belongs to the options, which may change before the context goes.
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    log::warning(std::string("The certificate ") + pair.certificate +
                 " has expired: clients will refuse it.");
  }
  return ok;
}

// What both sides have in common.
Result<TlsPointer<SSL_CTX>> make_context(const TlsOptions& options, const KeyPair& pair) {
  TlsPointer<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return Error("Failed to begin with TLS: " + why());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // An idle connection holds no buffers, and what was given to write may move until it is written.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_max_cert_list(raw, kMostCertificateBytes);
  TRY(set_protocols(raw, options.protocols.get()));
  TRY(load_key_pair(raw, pair));
  const char* file = file_name(options.ca_cert_file);
  const char* folder = file_name(options.ca_cert_dir);
  if ((file != nullptr || folder != nullptr) &&
      SSL_CTX_load_verify_locations(raw, file, folder) <= 0) {
    return Error(std::string("Failed to configure CA certificate(s) file/directory: ") +
                 (file != nullptr ? file : folder) + ": " + why());
  }
  if (const char* ciphers = file_name(options.ciphers);
      ciphers != nullptr && SSL_CTX_set_cipher_list(raw, ciphers) == 0) {
    return Error(std::string("Failed to configure ciphers: ") + ciphers + ": " + why());
  }
  if (const char* suites = file_name(options.ciphersuites);
      suites != nullptr && SSL_CTX_set_ciphersuites(raw, suites) == 0) {
    return Error(std::string("Failed to configure ciphersuites: ") + suites + ": " + why());
  }
  return context;
}

Status set_dh_parameters(SSL_CTX* context, const char* file) {
  if (file == nullptr) {
    SSL_CTX_set_dh_auto(context, 1);
    return ok;
  }
  const TlsPointer<BIO> input(BIO_new_file(file, "r"));
  TlsPointer<EVP_PKEY> parameters(input == nullptr ? nullptr
                                                   : PEM_read_bio_Parameters(input.get(), nullptr));
  if (parameters == nullptr || SSL_CTX_set0_tmp_dh_pkey(context, parameters.get()) <= 0) {
    return Error(std::string("Failed to load DH params file: ") + file + ": " + why());
  }
  static_cast<void>(parameters.release());  // it belongs to the context now
  return ok;
}

// Without caching there are no tickets either: they are sessions that the client keeps.
void set_sessions(SSL_CTX* context, const TlsOptions& options) {
  if (!options.session_caching.get()) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, options.session_cache_size.get());
  SSL_CTX_set_timeout(context, options.session_cache_timeout.get());
  SSL_CTX_set_session_id_context(context,
                                 reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned>(kSessionContext.size()));
}

int verification(TlsClientAuth auth) {
  switch (auth) {
    case TlsClientAuth::no:
      return SSL_VERIFY_NONE;
    case TlsClientAuth::optional:
      return SSL_VERIFY_PEER;
    case TlsClientAuth::yes:
      break;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

Status check_that_all_is_given(const TlsOptions& options) {
  if (options.cert_file.get().empty()) return Error("No tls-cert-file configured!");
  if (options.key_file.get().empty()) return Error("No tls-key-file configured!");
  if (options.auth_clients.get() != TlsClientAuth::no && options.ca_cert_file.get().empty() &&
      options.ca_cert_dir.get().empty()) {
    return Error(
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified unless tls-auth-clients is "
        "no: without them no "
        "client's certificate can be checked");
  }
  return ok;
}

KeyPair server_pair(const TlsOptions& options) {
  return {file_name(options.cert_file), file_name(options.key_file), options.key_file_pass.get()};
}

bool has_client_pair(const TlsOptions& options) {
  return !options.client_cert_file.get().empty() && !options.client_key_file.get().empty();
}

KeyPair client_pair(const TlsOptions& options) {
  return {file_name(options.client_cert_file), file_name(options.client_key_file),
          options.client_key_file_pass.get()};
}

}  // namespace

Result<TlsContext> TlsContext::load(const TlsOptions& options) {
  ERR_clear_error();
  TRY(check_that_all_is_given(options));
  TRY(TlsPointer<SSL_CTX> server, make_context(options, server_pair(options)));
  SSL_CTX_set_verify(server.get(), verification(options.auth_clients.get()), nullptr);
  if (options.prefer_server_ciphers.get())
    SSL_CTX_set_options(server.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  TRY(set_dh_parameters(server.get(), file_name(options.dh_params_file)));
  set_sessions(server.get(), options);

  // Nobody connects from here yet; what is wrong with the files for it is to be known at once.
  if (has_client_pair(options)) TRY(load_client(options));
  return TlsContext(std::move(server));
}

Result<TlsPointer<SSL_CTX>> TlsContext::load_client(const TlsOptions& options) {
  TRY(TlsPointer<SSL_CTX> client,
      make_context(options, has_client_pair(options) ? client_pair(options) : server_pair(options)));
  SSL_CTX_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
  return client;
}

std::string take_tls_error(TlsComplaint which) {
  const unsigned long error =
      which == TlsComplaint::first ? ERR_peek_error() : ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "unknown error";
  if (ERR_SYSTEM_ERROR(error)) return std::strerror(ERR_GET_REASON(error));
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "error " + std::to_string(error) : reason;
}

}  // namespace larder
