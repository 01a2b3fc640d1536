#include "sim/history_link.hpp"

#include <algorithm>
#include <cstring>

namespace socketcore::test {
namespace {

constexpr std::size_t kHead = sizeof(std::uint32_t);

}  // namespace

void Link::accept() {
  if (!listener || peer_there() || peer_left) return;
  Peer came = listener->try_accept();
  if (!came.valid()) return;
  if (type == SocketType::ssl) {
    tls = TlsPeer(std::move(came), tls_server());
  } else {
    peer = std::move(came);
  }
}

void Link::pump() {
  if (!tls.valid() || !tls.pump()) return;
  if (tls_waits > 0) {
    const std::string text = pattern(tls_waits, salt + peer_sent - tls_waits);
    tls_waits -= tls.stream().write(bytes_of(text)).size;
  }
  if (tls_waits == 0 && std::exchange(tls_finishes, false)) {
    peer_finished = true;
    tls.finish();
  }
}

std::size_t Link::read(std::size_t limit) {
  pump();
  const std::size_t before = peer_got;
  if (peer.valid()) {
    take_at_peer(peer.read(limit));
  } else if (tls.valid()) {
    take_at_peer(tls.read());
  } else if (datagrams) {
    for (std::string text = datagrams->read(); text != "nothing"; text = datagrams->read()) {
      take_datagram(text, to_peer, true, "to the peer");
    }
  }
  return peer_got - before;
}

std::size_t Link::offer(std::size_t size) {
  if (peer_finished || tls_finishes) return 0;
  if (tls.valid()) {
    tls_waits += size;
    peer_sent += size;
    pump();
    return size;
  }
  if (!peer.valid()) return 0;
  const std::size_t taken = peer.offer(pattern(size, salt + peer_sent));
  peer_sent += taken;
  return taken;
}

void Link::finish() {
  if (tls.valid()) {
    tls_finishes = !peer_finished;
    pump();
  } else if (peer.valid()) {
    peer_finished = true;
    peer.finish();
  }
}

void Link::abort() {
  peer_left = true;
  if (tls.valid()) tls.abort();
  if (peer.valid()) peer.abort();
}

void Link::leave() {
  peer_left = true;
  if (tls.valid()) tls.close();
  if (peer.valid()) peer.close();
}

void Link::take_at_peer(std::string_view text) {
  EXPECT_TRUE(text == pattern(text.size(), salt + peer_got))
      << "to the peer, from byte " << peer_got << ": lost, doubled or reordered";
  peer_got += text.size();
  EXPECT_LE(peer_got, accepted + refused) << "the peer has more than was sent";
}

void Link::take(std::string_view text) {
  EXPECT_TRUE(text == pattern(text.size(), salt + got)) << "from the peer, from byte " << got << ": lost, doubled or reordered";
  got += text.size();
  EXPECT_LE(got, peer_sent) << "the script has more than was sent";
}

std::string Link::datagram(std::size_t size) {
  const std::uint32_t number = ++last_datagram;
  std::string text = pattern(std::max(size, kHead), salt + number);
  std::memcpy(text.data(), &number, kHead);
  return text;
}

void Link::take_datagram(std::string_view text, std::map<std::uint32_t, std::size_t>& from, bool whole,
                         std::string_view whose) {
  if (text.size() < kHead) {
    EXPECT_FALSE(whole) << whose << ": a datagram that nobody sent";
    return;
  }
  std::uint32_t number = 0;
  std::memcpy(&number, text.data(), kHead);
  const auto sent = from.find(number);
  if (sent == from.end()) {
    ADD_FAILURE() << whose << ": datagram " << number << " was not sent, or came twice";
    return;
  }
  EXPECT_TRUE(whole ? text.size() == sent->second : text.size() <= sent->second) << whose << ": cut or grown";
  EXPECT_TRUE(text.substr(kHead) == std::string_view(pattern(text.size(), salt + number)).substr(kHead)) << whose << ": changed";
  from.erase(sent);
}

void Link::check(bool confirm_on_ack) const {
  if (!stream()) return;
  const auto told = [this] {
    return "accepted " + std::to_string(accepted) + ", confirmed " + std::to_string(confirmed) + ", peer got " +
           std::to_string(peer_got) + "; peer sent " + std::to_string(peer_sent) + ", got " + std::to_string(got);
  };
  if (peer_saw_the_end()) {
    EXPECT_EQ(peer_got, accepted) << "the peer saw an orderly end, and bytes are missing: " << told();
  }
  if (ended && end_error == Err::ok && !close_called) {
    EXPECT_EQ(got, peer_sent) << "the script was told of an orderly end, and bytes are missing: " << told();
  }
  EXPECT_LE(confirmed, accepted) << told();
  if (restarted || peer_left || !peer_there()) return;
  if (confirm_on_ack) {
    EXPECT_GE(peer_got, confirmed) << "told as acknowledged, and the peer has it not: " << told();
  }
  if (connected && !ended && !close_called) {
    EXPECT_EQ(got, peer_sent) << "it stands, and bytes did not come: " << told();
    EXPECT_EQ(peer_got, accepted) << "it stands, and bytes did not go: " << told();
    EXPECT_EQ(confirmed, accepted) << "it stands, and sends were not confirmed: " << told();
  }
  if (close_told && close_error == Err::ok && end_error == Err::ok) {
    EXPECT_EQ(peer_got, accepted) << "closed without a word of a loss, and bytes are missing: " << told();
  }
}

}  // namespace socketcore::test
