#include "sim/fixture.hpp"

#include "transport/tls_context.hpp"

// SSL sockets as a script sees them. What TLS itself does is tested in unit/transport.
namespace socketcore::test {
namespace {

class Tls : public SimTest {
 protected:
  /// An SSL connection to 192.0.2.1:443, answered by our server; its connect_cnf.
  Message shake_hands(ConnectRequest request, TlsPeer& peer) {
    Listener listener(sim, at("192.0.2.1", 443));
    request.type = SocketType::ssl;
    if (request.address.empty()) request.address = "192.0.2.1";
    request.port = 443;
    connect(request);
    Message message;
    for (int i = 0; i < 200; ++i) {
      if (device->receive(message, 1ms) == Waited::message) return message;
      if (Peer accepted = listener.try_accept(); accepted.valid()) peer = TlsPeer(std::move(accepted), tls_server());
      if (peer.valid()) (void)peer.pump();
    }
    ADD_FAILURE() << "no outcome";
    return message;
  }
  /// A connection whose server does not speak.
  Peer silent_server() {
    Listener listener(sim, at("192.0.2.1", 443));
    connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 443});
    sleep(10ms);
    return listener.accept();
  }
};

TEST_F(Tls, BytesGoBothWays) {
  auto [id, peer] = open_tls();
  EXPECT_EQ(send(id, "question"), Err::ok);
  expect("send_cnf 0 8");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "question");
  peer.send("answer");
  expect("receive_ind 0 6");
  EXPECT_EQ(recv(id), "answer");
}

TEST_F(Tls, LargeAmountsBothWays) {
  auto [id, peer] = open_tls();
  const std::string data = pattern(700'000);
  EXPECT_EQ(send(id, data), Err::ok);
  std::string there;
  std::string back;
  std::size_t offered = 0;
  Message message;
  for (int i = 0; i < 5000 && (there.size() < data.size() || back.size() < data.size()); ++i) {
    there += peer.read();
    offered += peer.stream().write(bytes_of(data).subspan(offered)).size;
    (void)peer.stream().flush();
    while (device->receive(message, 1ms) == Waited::message) {
      if (message.kind == MessageKind::receive_ind) back += recv(id, message.size);
    }
  }
  EXPECT_EQ(there, data);
  EXPECT_EQ(back, data);
}

TEST_F(Tls, WithoutACaNothingIsVerified) {
  TlsPeer peer;
  const Message message = shake_hands({}, peer);
  EXPECT_EQ(line_of(message), "connect_cnf 0");
  EXPECT_EQ(message.verify, "none");
}

TEST_F(Tls, ACertificateThatVerifies) {
  TlsPeer peer;
  const Message message = shake_hands({.tls = {.host_name = "tls.test", .ca_cert = tls_ca()}, .insist = false}, peer);
  EXPECT_EQ(line_of(message), "connect_cnf 0") << message.reason;
  EXPECT_EQ(message.verify, "ok");
}

TEST_F(Tls, TheAddressIsTheNameWhereNoneIsGiven) {
  TlsPeer peer;
  const Message message = shake_hands({.tls = {.ca_cert = tls_ca()}, .insist = false}, peer);
  EXPECT_EQ(message.verify, "ok") << message.reason;
}

TEST_F(Tls, AWrongNameIsToldAndLetThrough) {
  TlsPeer peer;
  const Message message = shake_hands({.tls = {.host_name = "wrong.test", .ca_cert = tls_ca()}}, peer);
  EXPECT_EQ(line_of(message), "connect_cnf 0");
  EXPECT_NE(message.verify, "ok");
  EXPECT_NE(message.verify, "none");
}

TEST_F(Tls, AWrongNameFailsWithoutInsisting) {
  TlsPeer peer;
  const Message message = shake_hands({.tls = {.host_name = "wrong.test", .ca_cert = tls_ca()}, .insist = false}, peer);
  EXPECT_EQ(line_of(message), "connect_cnf 0 SSL_EINVALID");
  EXPECT_NE(message.reason.find("192.0.2.1:443"), std::string::npos) << message.reason;
  EXPECT_NE(message.verify, "ok");
  EXPECT_TRUE(device->destroy(0));
}

TEST_F(Tls, AStrictDeviceNeverInsists) {
  options.tls_verify = TlsVerify::strict;
  use(DeviceOptions(options));
  TlsPeer peer;
  const Message message = shake_hands({.tls = {.host_name = "wrong.test", .ca_cert = tls_ca()}, .insist = true}, peer);
  EXPECT_EQ(line_of(message), "connect_cnf 0 SSL_EINVALID");
}

TEST_F(Tls, CertificatesThatAreNoneFailAtOnce) {
  const auto error = [&](const TlsRequest& tls) {
    return device->connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 443, .tls = tls}).error;
  };
  EXPECT_EQ(error({.ca_cert = "garbage"}), Err::ssl_einit);
  EXPECT_EQ(error({.client_cert = "garbage", .client_key = "garbage"}), Err::ssl_einit);
  EXPECT_EQ(error({.client_cert = tls_ca()}), Err::ssl_einit) << "a certificate without its key";
  expect_silence(1s);
  EXPECT_EQ(sim.open_descriptors(), 0U);
  EXPECT_EQ(connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 9}), 0) << "no id was used up";
}

TEST_F(Tls, TheHandshakeTimesOutAfter30Seconds) {
  const Instant start = sim.now();
  const Peer peer = silent_server();
  const Message message = expect("connect_cnf 0 ETIMEOUT");
  EXPECT_NEAR(std::chrono::duration<double>(since(start)).count(), 30, 0.01);
  EXPECT_NE(message.reason.find("192.0.2.1:443"), std::string::npos) << message.reason;
}

TEST_F(Tls, TheConnectLimitDoesNotCutTheHandshakeShort) {
  options.connect_limit = 5s;
  use(DeviceOptions(options));
  const Instant start = sim.now();
  const Peer peer = silent_server();
  expect("connect_cnf 0 ETIMEOUT");
  EXPECT_GE(since(start), 30s);
}

TEST_F(Tls, AServerThatAnswersInPlainText) {
  Peer peer = silent_server();
  peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  const Message message = expect("connect_cnf 0 SSL_EHANDSHAKE");
  EXPECT_NE(message.reason.find("192.0.2.1:443"), std::string::npos) << message.reason;
  EXPECT_EQ(message.verify, "none");
}

TEST_F(Tls, AServerThatClosesInMidHandshake) {
  silent_server().close();
  expect("connect_cnf 0 SSL_EHANDSHAKE");
}

TEST_F(Tls, AServerThatResetsInMidHandshake) {
  silent_server().abort();
  expect("connect_cnf 0 SSL_EHANDSHAKE");
}

TEST_F(Tls, ClosingInMidHandshake) {
  Peer peer = silent_server();
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(100s), Lines{"close_cnf 0"});
  EXPECT_TRUE(device->destroy(0));
}

TEST_F(Tls, SendingInMidHandshake) {
  Peer peer = silent_server();
  EXPECT_EQ(send(0, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
}

TEST_F(Tls, AHandshakeOneByteAtATime) {
  sim.limit_io(1);
  sim.set_latency(1us);
  TlsPeer peer;
  Listener listener(sim, at("192.0.2.1", 443));
  connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 443});
  Message message;
  Waited waited = Waited::timeout;
  for (int i = 0; i < 20000 && waited != Waited::message; ++i) {
    waited = device->receive(message, 10us);
    if (Peer accepted = listener.try_accept(); accepted.valid()) peer = TlsPeer(std::move(accepted), tls_server());
    if (peer.valid()) (void)peer.pump();
  }
  EXPECT_EQ(line_of(message), "connect_cnf 0") << message.reason;
}

TEST_F(Tls, EndsInOrderWithCloseNotify) {
  auto [id, peer] = open_tls();
  peer.send("bye");
  peer.finish();
  expect("receive_ind 0 3");
  EXPECT_EQ(recv(id), "bye");
  expect("close_ind 0");
}

TEST_F(Tls, EndingWithoutCloseNotifyIsAnError) {
  auto [id, peer] = open_tls();
  peer.send("by");
  sim.advance(1ms);
  peer.close();
  expect("receive_ind 0 2");
  EXPECT_EQ(recv(id), "by");
  const Message message = expect("close_ind 0 EIO");
  EXPECT_NE(message.reason.find("close_notify"), std::string::npos) << message.reason;
}

TEST_F(Tls, EndingWithoutCloseNotifyIsAnErrorForOneThatDoesNotReadToo) {
  auto [id, peer] = open_tls();
  peer.send("by");
  sim.advance(1ms);
  peer.close();
  expect("receive_ind 0 2");
  const Instant announced = sim.now();
  expect("close_ind 0 EIO");
  EXPECT_NEAR(std::chrono::duration<double>(since(announced)).count(), 0.5, 0.001);
  EXPECT_EQ(recv(id), "by") << "the rest stays readable";
}

TEST_F(Tls, AnOrderlyEndBehindUnreadBytes) {
  use(air724u_profile());
  auto [id, peer] = open_tls();
  peer.send(pattern(40'000));
  peer.finish();
  sim.advance(10ms);
  expect("receive_ind 0 2048");
  const Instant announced = sim.now();
  expect("close_ind 0");
  EXPECT_EQ(since(announced), Duration(500ms));
  std::string got;
  for (std::string more = recv(id, 3000); !more.empty(); more = recv(id, 3000)) got += more;
  EXPECT_EQ(got, pattern(40'000));
}

TEST_F(Tls, AReset) {
  auto [id, peer] = open_tls();
  peer.abort();
  expect("close_ind 0 ERST");
}

TEST_F(Tls, GarbageInsteadOfARecord) {
  auto [id, peer] = open_tls();
  const std::string garbage(100, 'g');
  EXPECT_TRUE(sim.send(peer.fd(), bytes_of(garbage)).ok());
  const Message message = take();
  EXPECT_EQ(message.kind, MessageKind::close_ind);
  EXPECT_NE(message.error, Err::ok);
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
}

TEST_F(Tls, CloseSaysGoodbye) {
  auto [id, peer] = open_tls();
  EXPECT_EQ(send(id, "last"), Err::ok);
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "last");
  EXPECT_TRUE(peer.ended()) << "close_notify";
}

TEST_F(Tls, CloseDeliversWhatWasAccepted) {
  auto [id, peer] = open_tls(5000);
  EXPECT_EQ(send(id, pattern(200'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  std::string got;
  for (int i = 0; i < 1000 && !peer.ended(); ++i) {
    got += peer.read();
    sleep(1ms);
  }
  EXPECT_EQ(got, pattern(200'000));
  EXPECT_TRUE(peer.ended());
  expect("close_cnf 0");
}

TEST_F(Tls, CloseOfAStalledConnectionMeetsTheLingerLimit) {
  auto [id, peer] = open_tls(5000);
  EXPECT_EQ(send(id, pattern(200'000)), Err::ok);
  const Instant start = sim.now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(start), Duration(5s));
}

TEST_F(Tls, TheDeviceMayGoWithOpenConnections) {
  auto [id, peer] = open_tls();
  EXPECT_EQ(send(id, "last"), Err::ok);
  device.reset();
  EXPECT_TRUE(reactor.drain());
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "last");
}

TEST_F(Tls, TwoConnectionsDoNotMix) {
  auto [one, first] = open_tls();
  auto [two, second] = open_tls();
  first.send(pattern(20'000));
  second.send(pattern(20'000, 777));
  EXPECT_EQ(lines_within(10ms), (Lines{"receive_ind 0 20000", "receive_ind 1 20000"}));
  std::string got_one;
  std::string got_two;
  for (int i = 0; i < 30; ++i) {
    got_one += recv(one, 999);
    got_two += recv(two, 999);
  }
  EXPECT_EQ(got_one, pattern(20'000));
  EXPECT_EQ(got_two, pattern(20'000, 777));
}

TEST_F(Tls, TheReceiveBufferOfTheRequestIsIgnored) {
  TlsPeer peer;
  EXPECT_EQ(line_of(shake_hands({.receive_buffer_bytes = 1000}, peer)), "connect_cnf 0");
  EXPECT_EQ(sim.option(os.watched.at(0), OsOption::receive_buffer_bytes), 0);
}

TEST_F(Tls, TheServerNameGoesOutWhereItIsAskedFor) {
  resolver->know("asked.test", Family::v4, {"192.0.2.1"});
  Listener listener(sim, at("192.0.2.1", 443));
  // What the first flight of bytes says, in the clear.
  const auto hello = [&](ConnectRequest request) {
    request.type = SocketType::ssl;
    request.port = 443;
    const SocketId id = connect(request);
    sleep(10ms);
    std::string bytes = listener.accept().read();
    take();
    EXPECT_TRUE(device->destroy(id));
    return bytes;
  };
  const auto says = [](const std::string& bytes, std::string_view name) { return bytes.find(name) != std::string::npos; };
  EXPECT_FALSE(says(hello({.address = "asked.test"}), "asked.test")) << "nobody asked";
  EXPECT_TRUE(says(hello({.address = "asked.test", .send_server_name = true}), "asked.test"));
  const std::string other =
      hello({.address = "asked.test", .tls = {.host_name = "other.test"}, .send_server_name = true});
  EXPECT_TRUE(says(other, "other.test"));
  EXPECT_FALSE(says(other, "asked.test"));
  EXPECT_FALSE(says(hello({.address = "192.0.2.1", .send_server_name = true}), "192.0.2.1")) << "no name";
}

TEST_F(Tls, FailuresNameTheHost) {
  resolver->know("tls.test", Family::v4, {"192.0.2.1"});
  Listener listener(sim, at("192.0.2.1", 443));
  connect({.type = SocketType::ssl, .address = "tls.test", .port = 443});
  sleep(10ms);
  listener.accept().close();
  const Message message = expect("connect_cnf 0 SSL_EHANDSHAKE");
  EXPECT_NE(message.reason.find("tls.test"), std::string::npos) << message.reason;
}

}  // namespace
}  // namespace socketcore::test
