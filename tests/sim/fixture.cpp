#include "sim/fixture.hpp"

namespace socketcore::test {

void World::finish() {
  const PromisesChecked promises;
  faults.pause();
  if (tortured && os.on_send) {
    os.on_send = nullptr;  // the test has been left before it did so
    for (const int fd : os.watched) os.report(fd, {.writable = true});
  }
  if (device) {
    (void)lines_within(300s);
    device->check_answered(false);
  }
  device.reset();
  EXPECT_TRUE(reactor.drain());
  EXPECT_EQ(reactor.lingering(), 0U);
  EXPECT_EQ(sim.open_descriptors(), 0U) << "a descriptor was left open";
}

SocketId World::connect(const ConnectRequest& request) {
  const Opened opened = device->connect(request);
  EXPECT_EQ(opened.error, Err::ok) << "connect to " << request.address;
  return opened.id;
}

Message World::take(Duration limit) {
  Message message;
  const Waited waited = device->receive(message, limit);
  EXPECT_EQ(waited, Waited::message) << "no message came";
  return message;
}

Message World::expect(std::string_view line, Duration limit) {
  Message message;
  const Waited waited = device->receive(message, limit);
  if (waited != Waited::message) {
    ADD_FAILURE() << "instead of \"" << line << "\": " << testing::PrintToString(waited);
    return message;
  }
  EXPECT_EQ(line_of(message), line) << message.reason;
  return message;
}

Lines World::lines_within(Duration time) {
  Lines lines;
  const Instant end = sim.now() + time;
  Message message;
  for (;;) {
    const Waited waited = device->receive(message, std::max(Duration::zero(), end - sim.now()));
    if (waited == Waited::timeout) break;
    if (waited == Waited::message) lines.push_back(line_of(message));
    if (lines.size() > 100'000) {
      ADD_FAILURE() << "messages without end, the last: " << lines.back();
      break;
    }
  }
  return lines;
}

World::Connection World::open(int window, const ConnectRequest* request) {
  const std::uint16_t port = next_port++;
  Listener listener(sim, at("192.0.2.1", port), 16, window);
  ConnectRequest wanted = request != nullptr ? *request : ConnectRequest{};
  wanted.address = "192.0.2.1";
  wanted.port = port;
  Connection connection;
  connection.id = connect(wanted);
  expect("connect_cnf " + std::to_string(connection.id));
  sim.advance(1ms);
  connection.peer = listener.accept();
  return connection;
}

World::TlsConnection World::open_tls(int window) {
  const std::uint16_t port = next_port++;
  Listener listener(sim, at("192.0.2.1", port), 16, window);
  TlsConnection connection;
  connection.id = connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = port});
  Message message;
  for (int i = 0; i < 100; ++i) {
    if (device->receive(message, 1ms) == Waited::message) {
      EXPECT_EQ(line_of(message), "connect_cnf " + std::to_string(connection.id)) << message.reason;
      (void)connection.peer.pump();
      sim.advance(1ms);
      (void)connection.peer.pump();
      EXPECT_TRUE(connection.peer.pump());
      return connection;
    }
    if (!connection.peer.valid()) {
      Peer accepted = listener.try_accept();
      if (accepted.valid()) connection.peer = TlsPeer(std::move(accepted), tls_server());
    } else {
      (void)connection.peer.pump();
    }
  }
  ADD_FAILURE() << "the handshake does not end";
  return connection;
}

void World::close_in_order(SocketId id) {
  const std::string name = std::to_string(id);
  EXPECT_TRUE(device->close(id));
  expect("close_cnf " + name);
  EXPECT_TRUE(device->destroy(id));
}

}  // namespace socketcore::test
