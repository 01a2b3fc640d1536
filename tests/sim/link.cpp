#include "sim/fixture.hpp"

// The network under the sockets goes and comes back, and events of the device's other parts queue with the sockets'.
namespace socketcore::test {
namespace {

class Link : public SimTest {};

TEST_F(Link, LossBreaksAConnection) {
  auto [id, peer] = open();
  device->set_link(false);
  const Message message = expect("close_ind 0 EIF");
  EXPECT_NE(message.reason.find("the data link is down"), std::string::npos) << message.reason;
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
  expect_silence(100s);
}

TEST_F(Link, WhatWasAnnouncedCanStillBeRead) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  device->set_link(false);
  EXPECT_EQ(recv(id), "hello");
  expect("close_ind 0 EIF");
}

TEST_F(Link, UnansweredSendsFailBeforeTheEnd) {
  auto [id, peer] = open(1000);
  ASSERT_EQ(send(id, pattern(500'000)), Err::ok);
  device->set_link(false);
  expect("send_cnf 0 65536 EIF");
  expect("close_ind 0 EIF");
}

TEST_F(Link, AttemptsUnderWayFail) {
  sim.black_hole(*Address::parse("192.0.2.99"));
  const SocketId named = connect({.type = SocketType::tcp, .address = "nowhere.test", .port = 80});
  const SocketId trying = connect_tcp("192.0.2.99");
  sleep(1ms);
  device->set_link(false);
  EXPECT_EQ(take_line(), "connect_cnf " + std::to_string(named) + " EIF");
  EXPECT_EQ(take_line(), "connect_cnf " + std::to_string(trying) + " EIF");
}

TEST_F(Link, NewOnesFailUntilItIsBack) {
  device->set_link(false);
  connect_tcp();
  connect_udp();
  expect("connect_cnf 0 EIF");
  expect("connect_cnf 1 EIF");
  device->set_link(true);
  auto [id, peer] = open();
  peer.send("back");
  expect("receive_ind 2 4");
  EXPECT_EQ(recv(id), "back");
}

TEST_F(Link, DatagramSocketsAreToldToo) {
  const SocketId id = connect_udp();
  expect("connect_cnf 0");
  device->set_link(false);
  expect("close_ind 0 EIF");
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
}

TEST_F(Link, ACloseUnderWayEndsAtOnce) {
  auto [id, peer] = open(1000);
  ASSERT_EQ(send(id, pattern(500'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  sleep(1ms);
  const Instant before = sim.now();
  device->set_link(false);
  expect("close_cnf 0 EIF");
  EXPECT_EQ(sim.now(), before);
}

TEST_F(Link, TwiceIsOnce) {
  auto [id, peer] = open();
  device->set_link(false);
  device->set_link(false);
  expect("close_ind 0 EIF");
  expect_silence(10s);
}

class Events : public SimTest {};

TEST_F(Events, QueueInTheirTurn) {
  ASSERT_TRUE(device->real().promise_event());
  device->start_timer(7, 5);
  sleep(10ms);
  device->real().post_event(EventKind::pin_edge, 13, 1);
  device->start_timer(8, 5);
  sleep(10ms);
  EXPECT_EQ(take_line(), "timer 7");
  const Message message = take();
  EXPECT_EQ(message.kind, MessageKind::event);
  EXPECT_EQ(message.event, EventKind::pin_edge);
  EXPECT_EQ(message.first, 13);
  EXPECT_EQ(message.second, 1);
  EXPECT_EQ(take_line(), "timer 8");
}

TEST_F(Events, NegativeNumbersSurvive) {
  ASSERT_TRUE(device->real().promise_event());
  device->real().post_event(EventKind::keypad, -5, -1);
  const Message message = take();
  EXPECT_EQ(message.first, -5);
  EXPECT_EQ(message.second, -1);
}

}  // namespace
}  // namespace socketcore::test
