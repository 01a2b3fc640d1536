// What a server may do once the handshake is over, and what may become of its bytes on the way. Input: a list of acts.
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "fuzz/failures.hpp"
#include "fuzz/fixed_random.hpp"
#include "fuzz/input.hpp"
#include "fuzz/tls_identity.hpp"
#include "sim/fixture.hpp"
#include "transport/tls_pem.hpp"

namespace socketcore::fuzz {
namespace {

using namespace std::chrono_literals;

/// OpenSSL itself as a server, whose records pass through our hands.
class Server {
 public:
  explicit Server(bool tls12) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_max_proto_version(context_.get(), tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    const auto chain = read_certificates(kCert, "certificate");
    const auto key = read_key(kKey, {}, "key");
    SSL_CTX_use_certificate(context_.get(), chain.value().front().get());
    SSL_CTX_use_PrivateKey(context_.get(), key.value().get());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
  void take(std::string_view bytes) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl()), bytes.data(), static_cast<int>(bytes.size()));
  }
  /// What it has to say.
  std::string records() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl()), &data);
    std::string taken(data, static_cast<std::size_t>(size));
    (void)BIO_reset(SSL_get_wbio(ssl()));
    return taken;
  }
  /// The client's bytes so far.
  std::string read() {
    std::string all;
    char piece[4096];
    for (int got = 0; (got = SSL_read(ssl(), piece, sizeof piece)) > 0;) all.append(piece, static_cast<std::size_t>(got));
    return all;
  }

 private:
  SslCtxPtr context_;
  SslPtr ssl_;
};

class Run {
 public:
  explicit Run(Input input) : input_(input) {
    fix_openssl_random();
    server_ = std::make_unique<Server>(input_.flag());
  }

  void run() {
    test::Listener listener(world_.sim, test::at("192.0.2.1", 443));
    id_ = world_.connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 443, .tls = {.ca_cert = kCa}});
    world_.sleep(1ms);
    peer_ = listener.accept();
    for (int i = 0; i < 4; ++i) {
      pass();
      world_.sleep(1ms);
    }
    world_.expect("connect_cnf " + std::to_string(id_));
    while (!input_.at_end()) act();
    settle();
    peer_.close();
    listener.close();
    world_.finish();
  }

 private:
  /// Lets both sides speak. The client's bytes always arrive, and as they were sent.
  void pass() {
    if (peer_.valid()) server_->take(peer_.read());
    if (!SSL_is_init_finished(server_->ssl())) (void)SSL_accept(server_->ssl());
    got_ += server_->read();
    check(sent_.starts_with(got_), "other bytes than the script's arrive");
    hand_over(server_->records());
  }
  void hand_over(std::string_view records) {
    wire_ += records;
    while (peer_.valid() && !wire_.empty()) {
      const std::size_t size = piece_ > 0 ? std::min(piece_, wire_.size()) : wire_.size();
      const std::size_t taken = peer_.offer(std::string_view(wire_).substr(0, size));
      wire_.erase(0, taken);
      if (taken < size || piece_ > 0) break;
    }
  }

  void act() {
    SSL* const ssl = server_->ssl();
    const std::uint32_t what = input_.below(16);
    const std::string_view text = what < 3 || what == 8 ? input_.text() : "";
    switch (what) {
      case 0:
        said(text, SSL_write(ssl, text.data(), static_cast<int>(text.size())));
        break;
      case 1:
        harm(text);
        hand_over(text);
        break;  // bytes of nobody's
      case 2:
        send(text);
        break;
      case 3:
        damage(server_->records());
        break;
      case 4:
        (void)SSL_key_update(ssl, input_.flag() ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
        break;
      case 5:
        (void)SSL_new_session_ticket(ssl);
        break;
      case 6:
        (void)SSL_renegotiate(ssl), (void)SSL_do_handshake(ssl);
        break;
      case 7:
        goodbye_ = SSL_shutdown(ssl) >= 0 || goodbye_;
        break;
      case 8:
        flood(text);
        break;
      case 9:
        piece_ = input_.byte();
        break;
      case 10:
        world_.sleep(std::chrono::milliseconds(input_.byte()));
        break;
      case 11:
        if (peer_.valid()) peer_.finish();
        break;
      case 12:
        if (input_.byte() > 127 && peer_.valid()) peer_.abort(), broken_ = true;
        break;
      case 13:
        if (input_.byte() > 127) world_.device->close(id_), closed_ = true;
        break;
      case 14:
        recv(input_.below(20'000));
        break;
      default:
        take();
        break;
    }
    pass();
    world_.sleep(1ms);
  }

  void send(std::string_view text) {
    if (world_.send(id_, text) == Err::ok) sent_ += text;
  }
  void said(std::string_view text, int result) {
    if (result > 0 && !goodbye_) told_ += text;  // behind it, nobody listens
  }
  void flood(std::string_view text) {
    if (text.empty()) return;
    std::string much;
    while (much.size() < 40'000) much += text;
    said(much, SSL_write(server_->ssl(), much.data(), static_cast<int>(much.size())));
  }
  void damage(std::string records) {
    if (records.empty()) return;
    const std::size_t place = input_.below(65'536) % records.size();
    const auto bits = static_cast<char>(input_.byte());
    records[place] = static_cast<char>(records[place] ^ bits);
    if (bits != 0) harm(records);
    hand_over(records);
  }
  void harm(std::string_view bytes) { harmed_ = harmed_ || !bytes.empty(); }

  void recv(std::size_t limit) {
    heard_ += world_.recv(id_, limit);
    check(told_.starts_with(heard_), "other bytes than the server's arrive");
  }
  void take() {
    Message message;
    if (!world_.device->next(message)) return;
    if (message.kind == MessageKind::receive_ind) recv(message.size);
    if (message.kind == MessageKind::close_ind && message.error == Err::ok) orderly_ = true;
  }
  /// An orderly end is one of which nothing is missing.
  void settle() {
    for (int i = 0; i < 40; ++i) {
      pass();
      world_.sleep(100ms);
      take();
    }
    recv(1 << 20);
    if (!orderly_ || closed_) return;
    check(goodbye_, "an orderly end without close_notify");
    check(harmed_ || broken_ || heard_ == told_, "an orderly end, and bytes are missing");
  }

  Input input_;
  test::World world_;
  std::unique_ptr<Server> server_;
  test::Peer peer_;
  SocketId id_ = -1;
  std::string wire_;
  std::size_t piece_ = 0;
  std::string sent_, got_, told_, heard_;
  bool harmed_ = false, broken_ = false, closed_ = false, orderly_ = false, goodbye_ = false;
};

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::abort_on_failure();
  socketcore::fuzz::Run({data, size}).run();
  return 0;
}
