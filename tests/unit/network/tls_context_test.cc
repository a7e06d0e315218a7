#include "server/network/tls_context.h"

#include <openssl/err.h>

#include <catch2/catch.hpp>

#include "tests/support/test_certificates.h"

namespace larder {
namespace {

using Catch::Contains;

struct Fixture {
  TestCertificates certificates;
  TlsOptions options;

  Fixture() {
    options.cert_file.assign(certificates.server().certificate);
    options.key_file.assign(certificates.server().key);
    options.ca_cert_file.assign(certificates.authority());
  }

  // "ok", or what is wrong.
  std::string load() const {
    const auto loaded = TlsContext::load(options);
    // Nothing must be left for whoever asks OpenSSL next.
    CHECK(ERR_peek_error() == 0);
    return loaded.is_ok() ? "ok" : loaded.text();
  }
};

TEST_CASE_METHOD(Fixture, "TLS context: certificate, key and authority are enough") {
  CHECK(load() == "ok");
  options.auth_clients.assign(TlsClientAuth::no);
  options.ca_cert_file.assign("");
  CHECK(load() == "ok");
}

TEST_CASE_METHOD(Fixture, "TLS context: what is missing is named") {
  SECTION("no certificate") {
    options.cert_file.assign("");
    CHECK(load() == "No tls-cert-file configured!");
  }
  SECTION("no key") {
    options.key_file.assign("");
    CHECK(load() == "No tls-key-file configured!");
  }
  SECTION("nobody to check clients") {
    options.ca_cert_file.assign("");
    options.auth_clients.assign(GENERATE(TlsClientAuth::yes, TlsClientAuth::optional));
    CHECK_THAT(load(), Contains("tls-ca-cert-file or tls-ca-cert-dir must be specified"));
  }
}

TEST_CASE_METHOD(Fixture, "TLS context: what is wrong with a file is said with its name") {
  const TemporaryFolder& folder = certificates.folder();
  const std::string rubbish = folder.write("rubbish", "-----BEGIN NONSENSE-----\n");
  SECTION("a certificate that is not there") {
    options.cert_file.assign(folder.path("none"));
    CHECK(load() ==
          "Failed to load certificate: " + folder.path("none") + ": No such file or directory");
  }
  SECTION("a certificate that is none") {
    options.cert_file.assign(rubbish);
    CHECK_THAT(load(), Contains("Failed to load certificate: " + rubbish + ": "));
  }
  SECTION("a key that is none") {
    options.key_file.assign(rubbish);
    CHECK_THAT(load(), Contains("Failed to load private key: " + rubbish + ": "));
  }
  SECTION("another certificate's key") {
    options.key_file.assign(certificates.client("other").key);
    CHECK_THAT(load(), Contains("key values mismatch"));
  }
  SECTION("a key of another kind than the certificate's") {
    const auto rsa = certificates.make("rsa", {.is_for_server = true, .has_rsa_key = true});
    options.cert_file.assign(rsa.certificate);
    CHECK_THAT(load(), Contains("The private key " + certificates.server().key +
                                " is not that of the certificate " + rsa.certificate));
    options.key_file.assign(rsa.key);
    CHECK(load() == "ok");
    options.client_cert_file.assign(rsa.certificate);
    options.client_key_file.assign(certificates.client("other").key);
    CHECK_THAT(load(), Contains("is not that of the certificate"));
  }
  SECTION("an authority that is none") {
    options.ca_cert_file.assign(rubbish);
    CHECK_THAT(load(),
               Contains("Failed to configure CA certificate(s) file/directory: " + rubbish));
  }
  SECTION("parameters that are none") {
    for (const std::string& file : {rubbish, folder.path("none"), certificates.server().key}) {
      options.dh_params_file.assign(file);
      CHECK_THAT(load(), Contains("Failed to load DH params file: " + file));
    }
  }
  SECTION("another certificate for outgoing connections, with the wrong key") {
    options.client_cert_file.assign(certificates.client("one").certificate);
    options.client_key_file.assign(certificates.client("two").key);
    CHECK_THAT(load(), Contains("Failed to load private key: " +
                                certificates.folder().path("client-two.key")));
  }
}

TEST_CASE_METHOD(Fixture, "TLS context: an encrypted key needs its passphrase") {
  const auto pair =
      certificates.make("locked", {.is_for_server = true, .passphrase = "open sesame"});
  options.cert_file.assign(pair.certificate);
  options.key_file.assign(pair.key);
  CHECK_THAT(load(), Contains("Failed to load private key"));
  options.key_file_pass.assign("guess");
  CHECK_THAT(load(), Contains("Failed to load private key"));
  // More than OpenSSL has room for.
  options.key_file_pass.assign(std::string(100'000, 'x'));
  CHECK_THAT(load(), Contains("Failed to load private key"));
  options.key_file_pass.assign("open sesame");
  CHECK(load() == "ok");
}

TEST_CASE_METHOD(Fixture, "TLS context: protocols") {
  const auto versions = [&](const std::string& text) {
    options.protocols.assign(text);
    const auto loaded = TlsContext::load(options);
    REQUIRE(loaded.is_ok());
    SSL_CTX* const context = loaded.value().server();
    return std::pair(SSL_CTX_get_min_proto_version(context),
                     SSL_CTX_get_max_proto_version(context));
  };
  CHECK(versions("") == std::pair<long, long>(TLS1_2_VERSION, TLS1_3_VERSION));
  CHECK(versions("TLSv1.3") == std::pair<long, long>(TLS1_3_VERSION, TLS1_3_VERSION));
  CHECK(versions(" tlsv1.2  ") == std::pair<long, long>(TLS1_2_VERSION, TLS1_2_VERSION));
  CHECK(versions("TLSv1.3 TLSv1") == std::pair<long, long>(TLS1_VERSION, TLS1_3_VERSION));
  options.protocols.assign("TLSv1.3 TLSv1");
  CHECK((SSL_CTX_get_options(TlsContext::load(options).value().server()) & SSL_OP_NO_TLSv1_2) != 0);
  options.protocols.assign("TLSv1.4");
  CHECK_THAT(load(), Contains("Invalid tls-protocols"));
  options.protocols.assign(" ");
  CHECK_THAT(load(), Contains("no version is left"));
}

TEST_CASE_METHOD(Fixture, "TLS context: ciphers") {
  options.ciphers.assign("ECDHE+AESGCM");
  options.ciphersuites.assign("TLS_CHACHA20_POLY1305_SHA256");
  CHECK(load() == "ok");
  options.ciphersuites.assign("TLS_ROT13");
  CHECK_THAT(load(), Contains("Failed to configure ciphersuites: TLS_ROT13"));
  options.ciphersuites.assign("");
  options.ciphers.assign("ROT13");
  CHECK_THAT(load(), Contains("Failed to configure ciphers: ROT13"));
}

TEST_CASE_METHOD(Fixture, "TLS context: nobody may renegotiate, and sessions follow the options") {
  options.session_cache_size.assign(17);
  options.session_cache_timeout.assign(42);
  {
    const auto loaded = TlsContext::load(options);
    REQUIRE(loaded.is_ok());
    SSL_CTX* const context = loaded.value().server();
    CHECK((SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION) != 0);
    CHECK(SSL_CTX_sess_get_cache_size(context) == 17);
    CHECK(SSL_CTX_get_timeout(context) == 42);
    CHECK((SSL_CTX_get_options(context) & SSL_OP_NO_TICKET) == 0);
  }
  options.session_caching.assign(false);
  const auto loaded = TlsContext::load(options);
  REQUIRE(loaded.is_ok());
  CHECK(SSL_CTX_get_session_cache_mode(loaded.value().server()) == SSL_SESS_CACHE_OFF);
  CHECK((SSL_CTX_get_options(loaded.value().server()) & SSL_OP_NO_TICKET) != 0);
}

}  // namespace
}  // namespace larder
