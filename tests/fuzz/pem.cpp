// Certificates, key and password as a script hands them to connect(). Input: flags, then the four texts, with a zero byte
// between them.
#include "fuzz/failures.hpp"
#include "fuzz/input.hpp"
#include "sim/fixture.hpp"
#include "transport/tls_context.hpp"

namespace socketcore::fuzz {
namespace {

void run(Input input) {
  const unsigned flags = input.byte();
  TlsRequest request;
  request.ca_cert = input.part('\0');
  request.client_cert = input.part('\0');
  request.client_key = input.part('\0');
  const std::string_view password = input.rest();
  if (flags & 1) request.client_password = password;
  request.host_name = "tls.test";

  test::World world;
  if (flags & 2) world.use({.tls_verify = TlsVerify::strict});
  const Opened opened =
      world.device->connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 443, .tls = request});
  check(opened.error == Err::ok || opened.error == Err::ssl_einit, "another error than ssl_einit");
  if (opened.error == Err::ok) {
    const bool pair = request.client_cert.empty() == request.client_key.empty();
    check(pair, "a certificate without its key is taken, or a key without its certificate");
  }
  world.finish();

  // The same texts as a server's.
  TlsContexts contexts;
  const auto context = contexts.server({.ca_cert = request.ca_cert,
                                        .cert = request.client_cert,
                                        .key = request.client_key,
                                        .key_password = request.client_password});
  check(context.ok() || context.failure().err == Err::ssl_einit, "another error than ssl_einit");
  if (!context.ok() && password.size() > 8) {
    check(context.failure().words.find(password) == std::string::npos, "a failure tells the password");
  }
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::abort_on_failure();
  socketcore::fuzz::run({data, size});
  return 0;
}
