#include <algorithm>
#include <utility>

#include "device/socket.hpp"
#include "os/failure.hpp"
#include "transport/datagrams.hpp"
#include "transport/tcp_stream.hpp"

// From the script's address to a transport that works: names, addresses in turn, the layer on top.
namespace socketcore {
namespace {

// How long IPv6 addresses wait for the IPv4 answer, which is preferred.
constexpr std::chrono::milliseconds kIpv4Grace{1000};

constexpr int kHandshakesAtTheEnd = 3;

constexpr int kIcmp = 1;
constexpr int kIcmp6 = 58;
constexpr int kRawProtocol = 255;  // IPPROTO_RAW: the kernel takes it for "the script writes the IP header"

constexpr std::string_view kRawPrivilege =
    "RAW sockets need the privilege CAP_NET_RAW (run as root, or grant it with 'sudo setcap cap_net_raw+ep PROGRAM')";

}  // namespace

Err Socket::connect(const ConnectRequest& request) {
  attempt_ = std::make_unique<Attempt>();
  attempt_->host = request.address;
  attempt_->port = request.port;
  attempt_->local_port = request.local_port;
  read_limit_ = static_cast<std::uint32_t>(std::clamp<std::size_t>(profile().max_receive_bytes, 1, ReceiveBuffer::kBytes));
  if (is_stream()) {
    if (type_ == SocketType::tcp && request.receive_buffer_bytes > 0) {
      read_limit_ = static_cast<std::uint32_t>(std::min<std::size_t>(read_limit_, request.receive_buffer_bytes));
    }
  } else {
    read_limit_ = ReceiveBuffer::kBytes;
  }
  if (request.receive_buffer_bytes > 0 && (type_ == SocketType::tcp || type_ == SocketType::udp)) {
    attempt_->options.emplace_back(
        OsOption::receive_buffer_bytes,
        static_cast<int>(std::min<std::size_t>(request.receive_buffer_bytes, 0x3fffffff)));
  }
  if (type_ == SocketType::ssl) {
    if (const Err error = prepare_layer(request); error != Err::ok) return error;
  }

  if (const auto literal = Address::parse(request.address)) {
    attempt_->candidates.push_back(*literal);
    name_peer(*literal);
    const OpenResult opened = open_fd(literal->family);
    if (opened.ok()) {
      attempt_->fd = OwnedFd(core_.os(), opened.fd);
    } else if (opened.error.no_descriptors()) {
      return Err::enobufs;
    } else {
      attempt_->failure = failure_to_open(opened.error);
    }
  } else {
    attempt_->is_name = true;
  }
  core_.loop().defer(token_);
  return Err::ok;
}

Err Socket::prepare_layer(const ConnectRequest& request) {
  const DeviceOptions& options = home_->options;
  const bool strict = options.tls_verify == TlsVerify::strict;
  const auto context = core_.tls().client({.ca_cert = request.tls.ca_cert,
                                           .cert = request.tls.client_cert,
                                           .key = request.tls.client_key,
                                           .key_password = request.tls.client_password,
                                           .system_store = strict});
  if (!context) {
    core_.log(LogLevel::warning, "SSL socket to " + std::string(request.address) + ": " + context.failure().words);
    return context.failure().err;
  }
  const bool address_is_name = !Address::parse(request.address);
  const bool send_name = request.send_server_name.value_or(options.sni == Sni::automatic);
  TlsPeer peer;
  peer.verify_name = request.tls.host_name.empty() ? request.address : request.tls.host_name;
  if (send_name) {
    if (!request.tls.host_name.empty()) {
      peer.server_name = request.tls.host_name;
    } else if (address_is_name) {
      peer.server_name = request.address;
    }
  }
  peer.insist = request.insist && !strict;
  attempt_->layer = tls_client_layer(context.value(), std::move(peer));
  return Err::ok;
}

OpenResult Socket::open_fd(Family family) noexcept {
  SocketKind kind = SocketKind::stream;
  int protocol = 0;
  if (type_ == SocketType::udp) kind = SocketKind::datagram;
  if (type_ == SocketType::raw) {
    kind = SocketKind::raw;
    protocol = attempt_->port != 0 ? attempt_->port : (family == Family::v4 ? kIcmp : kIcmp6);
  }
  const OpenResult opened = core_.os().open(family, kind, protocol);
  if (opened.ok() && protocol == kRawProtocol && family == Family::v4) {
    (void)core_.os().set_option(opened.fd, OsOption::header_included, 0);
  }
  return opened;
}

void Socket::name_peer(const Address& address) noexcept {
  peer_ = {address, type_ == SocketType::raw ? std::uint16_t{0} : attempt_->port};
}

Failure Socket::failure_to_open(SysError error) const {
  const bool privilege = error.not_permitted() && type_ == SocketType::raw;
  return {privilege ? Err::eif : error.err(),
          "connect to " + peer_text() + ": " + std::string(privilege ? kRawPrivilege : error.words())};
}

void Socket::ask() {
  move(Event::ask);
  const bool first_time = attempt_->resolve_deadline == Instant{};
  if (first_time) {
    attempt_->resolve_deadline = later(now(), home_->options.resolve_limit);
    attempt_->answers_missing = 2;
  }
  core_.loop().timers().arm(timer_, attempt_->resolve_deadline);
  if (!first_time) return;
  for (const Family family : {Family::v4, Family::v6}) {
    core_.resolver().resolve(attempt_->host, family, [&loop = core_.loop(), token = token_](const Resolution& answer) {
      if (Handler* socket = loop.find(token)) static_cast<Socket*>(socket)->on_resolved(answer);
    });
  }
}

void Socket::on_resolved(const Resolution& resolution) noexcept {
  if (state_ != State::resolving && state_ != State::connecting) return;
  try {
    --attempt_->answers_missing;
    auto& candidates = attempt_->candidates;
    const bool v4_answered = !resolution.addresses.empty() && resolution.addresses.front().family == Family::v4;
    // IPv4 first, also where its answer came last.
    candidates.insert(v4_answered ? candidates.begin() : candidates.end(), resolution.addresses.begin(),
                      resolution.addresses.end());
    if (resolution.addresses.empty() && !attempt_->connect_started) attempt_->failure = resolution.failure;
    if (resolution.addresses.empty()) {
      tell("the resolver says: ", resolution.failure.words);
    } else {
      tell(v4_answered ? "IPv4 addresses: " : "IPv6 addresses: ", std::to_string(resolution.addresses.size()));
    }
    if (state_ == State::connecting) {
      share_time();
      return;
    }

    if (!candidates.empty() && (v4_answered || attempt_->answers_missing == 0 || attempt_->connect_started)) {
      try_next();
    } else if (!candidates.empty()) {
      core_.loop().timers().arm(timer_, std::min(attempt_->resolve_deadline, now() + kIpv4Grace));
    } else if (attempt_->answers_missing == 0) {
      give_up(attempt_->failure);
    }
  } catch (...) {
    give_up({Err::enomem, {}});
  }
}

void Socket::on_connect_timer() {
  switch (state_) {
    case State::resolving:
      if (!attempt_->candidates.empty()) {
        try_next();
      } else if (attempt_->connect_started) {
        give_up(attempt_->failure);
      } else {
        give_up({Err::etimeout, "resolve " + attempt_->host + ": no answer in time"});
      }
      return;
    case State::connecting:
      connect_failed({Err::etimeout, "timed out"});
      return;
    case State::handshaking:
      give_up({Err::etimeout, "TLS handshake with " + peer_text() + " timed out"});
      return;
    default:
      return;
  }
}

void Socket::try_next() {
  Attempt& attempt = *attempt_;
  if (!attempt.connect_started) {
    attempt.connect_started = true;
    attempt.connect_deadline = later(now(), home_->options.connect_limit);
  }
  while (!attempt.candidates.empty()) {
    const Address address = attempt.candidates.front();
    attempt.candidates.erase(attempt.candidates.begin());
    if (try_address(address)) return;
  }
  if (attempt.answers_missing > 0) {
    ask();
  } else {
    give_up(attempt.failure);
  }
}

bool Socket::try_address(const Address& address) {
  Attempt& attempt = *attempt_;
  move(Event::attempt);
  name_peer(address);
  OwnedFd fd = std::move(attempt.fd);
  if (!fd.valid()) {
    const OpenResult opened = open_fd(address.family);
    if (!opened.ok()) {
      attempt.failure = failure_to_open(opened.error);
      return false;
    }
    fd = OwnedFd(core_.os(), opened.fd);
  }

  bool connectionless = !is_stream() && (address.is_multicast() || address.is_limited_broadcast());
  SysError error = set_up(fd.get(), address);
  if (error.ok() && !connectionless) error = core_.os().connect(fd.get(), peer_);
  if (!is_stream() && error.not_permitted() && core_.os().set_option(fd.get(), OsOption::broadcast, 1).ok() &&
      core_.os().connect(fd.get(), peer_).ok()) {
    // A subnet's broadcast address: only the kernel knows it. It hears any sender on a descriptor without a peer.
    connectionless = true;
    fd.reset();
    const OpenResult opened = open_fd(address.family);
    error = opened.error;
    if (opened.ok()) {
      fd = OwnedFd(core_.os(), opened.fd);
      error = set_up(fd.get(), address);
    }
  }
  if (error.no_local_address() && attempt.local_port != 0) {
    // bind() let the port pass, as the kernel may for several peers; towards this one it is taken.
    attempt.failure = {Err::eaddrinuse, "connect to " + peer_text() + ": the local port is in use"};
    return false;
  }
  if (!error.ok() && !error.in_progress()) {
    attempt.failure = {error.err(), describe("connect to " + peer_text(), error.words())};
    return false;
  }

  if (is_stream()) {
    transport_ = std::make_unique<TcpStream>(std::move(fd));
  } else {
    if (connectionless) (void)core_.os().set_option(fd.get(), OsOption::broadcast, 1);
    transport_ = std::make_unique<Datagrams>(std::move(fd), connectionless ? std::optional(peer_) : std::nullopt);
  }
  if (const SysError unwatched = core_.loop().watch(transport_->fd(), token_, idle_interest()); !unwatched.ok()) {
    attempt.failure = {unwatched.err(), describe("connect to " + peer_text(), unwatched.words())};
    transport_.reset();
    return false;
  }
  if (!error.in_progress()) {
    connected();
    return true;
  }
  share_time();
  return true;
}

// The time that is left is shared, so that every address gets a turn; an outstanding answer counts as one.
void Socket::share_time() noexcept {
  const auto turns = static_cast<std::int64_t>(attempt_->candidates.size()) + 1 + (attempt_->answers_missing > 0 ? 1 : 0);
  arm(std::max<Duration>(Duration(1), (attempt_->connect_deadline - now()) / turns));
}

SysError Socket::set_up(int fd, const Address& address) noexcept {
  Os& os = core_.os();
  for (const auto& [option, value] : attempt_->options) (void)os.set_option(fd, option, value);
  if (is_stream()) (void)os.set_option(fd, OsOption::urgent_inline, 1);
  if (is_stream() && profile().confirm_on_ack) (void)os.set_option(fd, OsOption::ack_notices, 1);
  if (attempt_->local_port == 0 || type_ == SocketType::raw || type_ == SocketType::ssl) return {};
  Endpoint local;
  local.address.family = address.family;
  local.port = attempt_->local_port;
  return os.bind(fd, local);
}

void Socket::on_connect_progress(Readiness what) noexcept try {
  if (what.urgent) transport_->expect_urgent();
  if (state_ == State::handshaking) {
    peer_ended_ = peer_ended_ || what.ended || what.hangup;
    shake_hands();
    return;
  }
  if (!what.writable && !what.error && !what.hangup) return;
  readable_ = what.readable || what.ended;
  peer_ended_ = what.ended;
  const SysError error = what.error || what.hangup ? core_.os().take_error(transport_->fd()) : SysError();
  if (!error.ok()) {
    connect_failed(failure_of(error));
  } else if (what.hangup) {
    connect_failed({Err::erst, "reset by peer"});
  } else {
    connected();
  }
} catch (...) {
  give_up({Err::enomem, {}});
}

void Socket::connected() {
  if (!attempt_->layer) {
    ready();
    return;
  }
  move(Event::secure);
  auto wrapped = attempt_->layer->wrap(std::move(transport_));
  if (!wrapped) {
    give_up({wrapped.failure().err, "TLS handshake with " + peer_text() + ": " + wrapped.failure().words});
    return;
  }
  transport_ = std::move(wrapped.value());
  arm(home_->options.handshake_limit);
  shake_hands();
}

void Socket::shake_hands() {
  Flow flow = transport_->handshake();
  // It stops at a record that is not whole yet. Once the peer has ended, no edge will tell that it never will be.
  for (int i = 0; i < kHandshakesAtTheEnd && flow == Flow::blocked && peer_ended_; ++i) flow = transport_->handshake();
  switch (flow) {
    case Flow::done:
      readable_ = true;  // the first records may have come with the end of the handshake
      ready();
      return;
    case Flow::blocked:
      return;
    case Flow::end:
    case Flow::failed:
      give_up({transport_->failure().err, "TLS handshake with " + peer_text() + ": " + transport_->failure().words});
      return;
  }
}

void Socket::ready() noexcept {
  disarm();
  move(Event::ready);
  tell("connected");
  attempt_.reset();
  post(note(Note::Kind::connect_cnf));
  if (peer_ended_) see_end();
  announce();
}

void Socket::connect_failed(const Failure& failure) {
  transport_.reset();
  attempt_->failure = {failure.err, describe("connect to " + peer_text(), failure.words)};
  if (attempt_->failure.err == Err::etimeout && now() >= attempt_->connect_deadline) {
    give_up(attempt_->failure);
  } else {
    try_next();
  }
}

void Socket::give_up(const Failure& failure) noexcept {
  disarm();
  move(Event::give_up);
  remember(failure.err, failure.words, transport_ ? transport_->verification() : std::string_view());
  transport_.reset();
  tell("no connection: ", failure.words);
  attempt_.reset();  // the failure may be its own
  post(note(Note::Kind::connect_cnf, error_));
}

std::string Socket::peer_text() const {
  if (trouble_ && !attempt_) return trouble_->peer;
  const bool known = peer_ != Endpoint{};
  if (attempt_ && !known) return attempt_->host;
  std::string address = type_ == SocketType::raw ? peer_.address.text() : peer_.text();
  return attempt_ && attempt_->is_name ? attempt_->host + " (" + address + ")" : address;
}

std::string Socket::describe(std::string_view deed, std::string_view cause) {
  std::string text(deed);
  text += cause == "refused" || cause == "timed out" || cause == "reset by peer" ? " " : ": ";
  text += cause;
  return text;
}

void Socket::remember(Err error, std::string_view words, std::string_view verification) noexcept {
  error_ = error;
  try {
    trouble_ = std::make_unique<Trouble>(Trouble{std::string(words), std::string(verification), peer_text()});
  } catch (...) {
    trouble_.reset();  // the code tells without words, and an older one's words would be wrong
  }
}

}  // namespace socketcore
