// A server that speaks anything instead of TLS, or nearly TLS. Input: flags, the size of its pieces, its bytes.
#include "fuzz/failures.hpp"
#include "fuzz/fixed_random.hpp"
#include "fuzz/input.hpp"
#include "fuzz/tls_identity.hpp"
#include "sim/fixture.hpp"

namespace socketcore::fuzz {
namespace {

using namespace std::chrono_literals;

enum Flag : unsigned { verifies = 1, insists = 2, identifies = 4, resets = 8, ends = 16, closes = 32, strict = 64 };

void run(Input input) {
  fix_openssl_random();
  test::World world;
  const unsigned flags = input.byte();
  const std::size_t piece = input.byte();
  if (flags & strict) world.use({.tls_verify = TlsVerify::strict});
  test::Listener listener(world.sim, test::at("192.0.2.1", 443));
  ConnectRequest request{.type = SocketType::ssl, .address = "192.0.2.1", .port = 443, .insist = (flags & insists) != 0};
  request.tls.host_name = "tls.test";
  request.send_server_name = true;
  if (flags & (verifies | strict)) request.tls.ca_cert = kCa;
  if (flags & identifies) request.tls.client_cert = kCert, request.tls.client_key = kKey;
  const SocketId id = world.connect(request);
  world.sleep(1ms);
  test::Peer peer = listener.accept();
  while (!input.at_end()) {
    peer.offer(input.bytes(piece > 0 ? piece : ~std::size_t{0}));
    world.sleep(1ms);
    (void)peer.read();
  }
  (void)world.send(id, "question");
  Message message;
  while (world.device->receive(message, 10ms) == Waited::message) {
    if (message.kind == MessageKind::receive_ind) (void)world.recv(id, message.size);
  }
  if (flags & closes) world.device->close(id);
  if (flags & resets) {
    peer.abort();
  } else if (!(flags & ends)) {
    (void)world.lines_within(40s);  // past the limit of a handshake
  }
  peer.close();
  listener.close();
  world.finish();
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::abort_on_failure();
  socketcore::fuzz::run({data, size});
  return 0;
}
