#include "transport/tls_context.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "transport/tls_error.hpp"
#include "transport/tls_openssl.hpp"
#include "transport/tls_pem.hpp"

namespace socketcore {
namespace {

enum class Role : unsigned char { client, server };

using Digest = std::array<unsigned char, 32>;
using Entries = std::map<Digest, std::weak_ptr<const TlsContext>>;
using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX_free>>;

/// Names a context by all that went into it. A digest, so that no secret stays behind.
Digest digest_of(Role role, const TlsIdentity& identity) {
  const DigestPtr hash(EVP_MD_CTX_new());
  must(hash && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1);
  const auto add = [&](const void* data, std::size_t size) { must(EVP_DigestUpdate(hash.get(), data, size) == 1); };
  const auto add_text = [&](std::string_view text) {
    const std::size_t size = text.size();  // first, so that no two lists of texts look the same
    add(&size, sizeof size);
    add(text.data(), size);
  };
  const unsigned char flags[] = {static_cast<unsigned char>(role), identity.key_password.has_value(),
                                 identity.system_store};
  add(flags, sizeof flags);
  add_text(identity.ca_cert);
  add_text(identity.cert);
  add_text(identity.key);
  add_text(identity.key_password.value_or(std::string_view()));
  Digest digest{};
  must(EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr) == 1);
  return digest;
}

// The first of these sets OpenSSL up, with the machine's configuration: its policies and providers are the owner's choice.
// 1 is the security level of an OpenSSL older than 3.2 that nobody configured; who needs less than 2 has to say 0.
SslCtxPtr bare_context(Role role) {
  SslCtxPtr made(SSL_CTX_new(role == Role::client ? TLS_client_method() : TLS_server_method()));
  must(made != nullptr);
  SSL_CTX* const ctx = made.get();
  if (SSL_CTX_get_security_level(ctx) == 1) SSL_CTX_set_security_level(ctx, 2);
  if (SSL_CTX_get_min_proto_version(ctx) < TLS1_2_VERSION) must(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
  // A server that asks for another handshake is answered with an alert; nobody needs it, and attacks were built on it.
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One call of the kernel fetches a record's head and body, and what follows.
  SSL_CTX_set_read_ahead(ctx, 1);
  if (role == Role::server) must(SSL_CTX_set_num_tickets(ctx, 0) == 1);
  return made;
}

// Nothing is trusted, so that there is nothing to find out: spares a client the work.
int verify_nothing(X509_STORE_CTX* /*store*/, void* /*argument*/) noexcept {
  return 1;
}

void trust_nothing(SSL_CTX* ctx) {
  SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, verify_nothing, nullptr);
}

// The device takes an intermediate, or the server's own certificate, for a CA.
void trust_partial_chains(SSL_CTX* ctx) {
  must(X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN) == 1);
}

Failure trust(SSL_CTX* ctx, std::string_view pem, Role role) {
  const auto read = read_certificates(pem, "CA certificate");
  if (!read) return read.failure();
  X509_STORE* const store = SSL_CTX_get_cert_store(ctx);
  for (const CertPtr& certificate : read.value()) {
    must(X509_STORE_add_cert(store, certificate.get()) == 1);
    if (role == Role::server) must(SSL_CTX_add_client_CA(ctx, certificate.get()) == 1);
  }
  trust_partial_chains(ctx);
  SSL_CTX_set_verify(ctx, role == Role::server ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER,
                     nullptr);
  return {};
}

/// Gives the context a certificate, its chain and its key.
Failure identify(SSL_CTX* ctx, const TlsIdentity& identity, std::string_view cert_name, std::string_view key_name) {
  auto read = read_certificates(identity.cert, cert_name);
  if (!read) return read.failure();
  const auto key = read_key(identity.key, identity.key_password, key_name);
  if (!key) return key.failure();

  auto& chain = read.value();
  X509* const own = chain.front().get();
  forget_tls_errors();
  bool taken = X509_check_private_key(own, key.value().get()) == 1 && SSL_CTX_use_certificate(ctx, own) == 1 &&
               SSL_CTX_use_PrivateKey(ctx, key.value().get()) == 1;
  for (std::size_t i = 1; i < chain.size() && taken; ++i) taken = SSL_CTX_add1_chain_cert(ctx, chain[i].get()) == 1;
  if (taken) return {};
  const TlsError error = take_tls_error();
  must(!error.no_memory);
  const EVP_PKEY* const wanted = X509_get0_pubkey(own);
  const bool match = wanted == nullptr || EVP_PKEY_eq(wanted, key.value().get()) == 1;
  forget_tls_errors();
  if (!match) return make_failure(Err::ssl_einit, {"the ", key_name, " does not match the ", cert_name});
  // A key too short for the security level, above all.
  return make_failure(Err::ssl_einit, {"the ", cert_name, " cannot be used: ", error.words});
}

}  // namespace

void keep_openssl() noexcept { (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

struct TlsContexts::Cache {
  // Shared with the contexts' deleters: a context may outlive the cache.
  std::shared_ptr<Entries> entries = std::make_shared<Entries>();
  // The machine's CA store, once it was needed: reading some 140 certificates takes long.
  StorePtr system;

  Result<std::shared_ptr<const TlsContext>> get(Role role, const TlsIdentity& identity);
  Result<SslCtxPtr> make(Role role, const TlsIdentity& identity);
  void trust_system(SSL_CTX* ctx);
};

TlsContexts::TlsContexts() : cache_(std::make_unique<Cache>()) {}
TlsContexts::~TlsContexts() = default;

Result<std::shared_ptr<const TlsContext>> TlsContexts::client(const TlsIdentity& identity) {
  return cache_->get(Role::client, identity);
}

Result<std::shared_ptr<const TlsContext>> TlsContexts::server(const TlsIdentity& identity) {
  return cache_->get(Role::server, identity);
}

Result<std::shared_ptr<const TlsContext>> TlsContexts::Cache::get(Role role, const TlsIdentity& identity) {
  keep_openssl();
  const Digest digest = digest_of(role, identity);
  if (const auto found = entries->find(digest); found != entries->end()) {
    if (auto context = found->second.lock()) return context;
  }
  auto ctx = make(role, identity);
  if (!ctx) return ctx.failure();
  const bool trusts = !identity.ca_cert.empty() || (role == Role::client && identity.system_store);
  const auto forget = [digest, cache = std::weak_ptr(entries)](const TlsContext* context) noexcept {
    delete context;
    if (const auto alive = cache.lock()) alive->erase(digest);
  };
  const std::shared_ptr<const TlsContext> context(new TlsContext(std::move(ctx.value()), trusts), forget);
  entries->insert_or_assign(digest, context);
  return context;
}

Result<SslCtxPtr> TlsContexts::Cache::make(Role role, const TlsIdentity& identity) {
  const bool client = role == Role::client;
  const std::string_view cert_name = client ? "client certificate" : "server certificate";
  const std::string_view key_name = client ? "client key" : "server key";
  if (identity.cert.empty() && !identity.key.empty()) {
    return make_failure(Err::ssl_einit, {"the ", key_name, " is given without its certificate"});
  }
  if (identity.key.empty() && !identity.cert.empty()) {
    return make_failure(Err::ssl_einit, {"the ", cert_name, " is given without its key"});
  }
  if (!client && identity.cert.empty()) return make_failure(Err::ssl_einit, {"a TLS server needs a certificate"});

  forget_tls_errors();
  SslCtxPtr ctx = bare_context(role);
  if (!identity.ca_cert.empty()) {
    if (Failure failure = trust(ctx.get(), identity.ca_cert, role); failure.err != Err::ok) return failure;
  } else if (client && identity.system_store) {
    trust_system(ctx.get());
  } else {
    trust_nothing(ctx.get());
  }
  if (!identity.cert.empty()) {
    if (Failure failure = identify(ctx.get(), identity, cert_name, key_name); failure.err != Err::ok) return failure;
  }
  return ctx;
}

void TlsContexts::Cache::trust_system(SSL_CTX* ctx) {
  if (!system) {
    StorePtr fresh(X509_STORE_new());
    must(fresh != nullptr);
    // A missing store is no error of ours: then no certificate verifies, and the words say so.
    (void)X509_STORE_set_default_paths(fresh.get());
    forget_tls_errors();
    system = std::move(fresh);
  }
  SSL_CTX_set1_cert_store(ctx, system.get());
  trust_partial_chains(ctx);
}

}  // namespace socketcore
