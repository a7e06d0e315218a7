#include "tests/support/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>

namespace larder {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(FILE* file) const { std::fclose(file); }
};
template <class T>
using Pointer = std::unique_ptr<T, Deleter>;

void must(bool worked) {
  if (!worked) throw std::runtime_error("cannot make a certificate");
}

Pointer<EVP_PKEY> make_key(bool is_rsa = false) {
  Pointer<EVP_PKEY> key(is_rsa ? EVP_RSA_gen(2048U) : EVP_EC_gen("P-256"));
  must(key != nullptr);
  return key;
}

void add_extension(X509& certificate, X509& issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const Pointer<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  must(extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1);
}

// Whose names may hold zero bytes.
Pointer<X509> begin_certificate(EVP_PKEY& key, const TestCertificates::Wish& wish) {
  Pointer<X509> certificate(X509_new());
  must(certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  uint32_t serial = 0;
  must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wish.begins_in_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wish.ends_in_s);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (const std::string& name : wish.common_names) {
    must(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1);
  }
  must(X509_set_pubkey(certificate.get(), &key) == 1);
  return certificate;
}

void write_certificate(const std::string& path, X509& certificate) {
  const Pointer<FILE> file(std::fopen(path.c_str(), "w"));
  must(file != nullptr && PEM_write_X509(file.get(), &certificate) == 1);
}

void write_key(const std::string& path, EVP_PKEY& key, const std::string& passphrase) {
  const Pointer<FILE> file(std::fopen(path.c_str(), "w"));
  const bool is_encrypted = !passphrase.empty();
  must(file != nullptr &&
       PEM_write_PKCS8PrivateKey(file.get(), &key, is_encrypted ? EVP_aes_256_cbc() : nullptr,
                                 is_encrypted ? passphrase.c_str() : nullptr,
                                 static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
}

}  // namespace

struct TestCertificates::Authority {
  Pointer<EVP_PKEY> key;
  Pointer<X509> certificate;
};

TestCertificates::TestCertificates() : own_(std::make_unique<Authority>()) {
  own_->key = make_key();
  own_->certificate = begin_certificate(*own_->key, {.common_names = {"Test authority"}});
  X509& certificate = *own_->certificate;
  must(X509_set_issuer_name(&certificate, X509_get_subject_name(&certificate)) == 1);
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  must(X509_sign(&certificate, own_->key.get(), EVP_sha256()) > 0);
  authority_file_ = folder_.path("authority.crt");
  write_certificate(authority_file_, certificate);
  server_ = make("server", {.common_names = {"localhost"}, .is_for_server = true});
}

TestCertificates::~TestCertificates() = default;

TestCertificates::Pair TestCertificates::make(std::string_view name, const Wish& wish) const {
  const Pointer<EVP_PKEY> key = make_key(wish.has_rsa_key);
  const Pointer<X509> certificate = begin_certificate(*key, wish);
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(own_->certificate.get())) ==
       1);
  add_extension(*certificate, *own_->certificate, NID_ext_key_usage,
                wish.is_for_server ? "serverAuth" : "clientAuth");
  if (wish.is_for_server) {
    add_extension(*certificate, *own_->certificate, NID_subject_alt_name,
                  "DNS:localhost,IP:127.0.0.1");
  }
  must(X509_sign(certificate.get(), own_->key.get(), EVP_sha256()) > 0);
  Pair pair{folder_.path(std::string(name) + ".crt"), folder_.path(std::string(name) + ".key")};
  write_certificate(pair.certificate, *certificate);
  write_key(pair.key, *key, wish.passphrase);
  return pair;
}

std::vector<std::string> TestCertificates::server_arguments() const {
  return {"--tls-cert-file", server_.certificate,  "--tls-key-file",
          server_.key,       "--tls-ca-cert-file", authority_file_};
}

}  // namespace larder
