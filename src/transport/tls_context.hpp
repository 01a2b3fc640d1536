#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "socketcore/error.hpp"
#include "transport/transport.hpp"

// OpenSSL stays behind this header: no type of it appears here.
namespace socketcore {

/// PEM texts of one end. Views need to live through the call only; keys and passwords are wiped from copies made of them.
struct TlsIdentity {
  std::string_view ca_cert{};                        ///< whom to trust; several certificates may follow each other
  std::string_view cert{};                           ///< own certificate, then its chain
  std::string_view key{};
  std::optional<std::string_view> key_password{};
  bool system_store = false;                        ///< trust the machine's CA store where ca_cert is empty
};

/// What one connection asks of the server's certificate.
struct TlsPeer {
  std::string verify_name;   ///< a DNS name or an IP literal; only looked at if the context trusts any CA
  std::string server_name;   ///< sent as SNI; empty or an IP literal: none is sent
  bool insist = true;        ///< go on if the certificate does not verify
};

class TlsContext;

/// Keeps one TLS context per set of certificates, for as long as a connection uses it. Reactor's thread only.
class TlsContexts {
 public:
  TlsContexts();
  ~TlsContexts();
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  /// ssl_einit: a PEM text that does not parse, a certificate without its key or a key without its certificate, a key that
  /// does not match, a missing or wrong password. Never prompts. No secret is in the words. Throws std::bad_alloc only.
  [[nodiscard]] Result<std::shared_ptr<const TlsContext>> client(const TlsIdentity& identity);
  /// The server's end, for the built-in echo server and for tests. `ca_cert`, if given, makes it demand a certificate of
  /// its clients.
  [[nodiscard]] Result<std::shared_ptr<const TlsContext>> server(const TlsIdentity& identity);

 private:
  struct Cache;
  std::unique_ptr<Cache> cache_;
};

/// TLS as a layer over a stream that is connected.
[[nodiscard]] std::unique_ptr<const Layer> tls_client_layer(std::shared_ptr<const TlsContext> context, TlsPeer peer);
[[nodiscard]] std::unique_ptr<const Layer> tls_server_layer(std::shared_ptr<const TlsContext> context);

}  // namespace socketcore
