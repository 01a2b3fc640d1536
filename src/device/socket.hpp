#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_queue.hpp"
#include "device/core.hpp"
#include "device/message_queue.hpp"
#include "device/outbox.hpp"
#include "device/socket_state.hpp"
#include "socketcore/device.hpp"
#include "transport/transport.hpp"

namespace socketcore {

/// What a socket has of its device. Gone for a socket that lingers after its device was destroyed.
struct Home {
  MessageQueue& queue;
  const DeviceOptions& options;
  bool link_up;  // the network under the sockets
};

/// What only a socket that is not connected yet needs.
struct Attempt {
  std::string host;                            // as the script gave it
  std::uint16_t port = 0;
  std::uint16_t local_port = 0;
  bool is_name = false;
  std::vector<Address> candidates;             // not tried yet
  OwnedFd fd;                                  // of a literal: opened at once, so that its lack shows at once
  std::vector<std::pair<OsOption, int>> options;
  std::unique_ptr<const Layer> layer;          // TLS, or nothing
  int answers_missing = 0;                     // of the two families
  Instant resolve_deadline{};
  Instant connect_deadline{};
  bool connect_started = false;
  Failure failure;                             // of the address or question tried last
};

/// One socket of a script: a state machine (socket_state.hpp) between the script's calls and a transport.
///
/// Calls come from the device (script side) and from the loop (on_...); messages leave through the device's queue. Nothing
/// here calls up. A message is decided when it is delivered, not when it is posted: so it always says what is true then.
class Socket final : public Handler, private ReceiveBuffer::Holder {
 public:
  /// Throws std::bad_alloc only.
  Socket(Core& core, Home& home, SocketType type, SocketId id, std::uint32_t serial);
  ~Socket() override;

  // ---- The script's side.
  /// Sets out for the request's address. Fails with enobufs (descriptors) or ssl_einit. Throws std::bad_alloc only.
  [[nodiscard]] Err connect(const ConnectRequest& request);
  /// The caller has promised the queue room for one more message. Throws std::bad_alloc only, and then took nothing.
  [[nodiscard]] Err send(std::span<const std::byte> data);
  /// Answers a send() for which memory was lacking.
  [[nodiscard]] Err refuse_for_memory() noexcept;
  [[nodiscard]] std::size_t send_space() const noexcept;
  [[nodiscard]] std::span<const std::byte> peek(std::size_t limit) noexcept;
  /// Takes what the last peek(limit) showed: `peeked` bytes.
  void consume(std::size_t peeked, std::size_t limit) noexcept;
  /// False while an earlier close is under way.
  bool close() noexcept;
  [[nodiscard]] bool set_option(SocketOption option, int value);

  /// Completes `message` for a note of this socket. False: the note is not true any more.
  [[nodiscard]] bool deliver(Note note, Message& message);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] SocketId id() const noexcept { return id_; }
  [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }
  [[nodiscard]] Token token() const noexcept { return token_; }
  /// Whether a message may still come of itself.
  [[nodiscard]] bool active() const noexcept { return state_ != State::closed; }

  /// The network under the socket is gone, and with it the connection.
  void link_lost() noexcept;

  /// The device is gone: closes. True if bytes are left to deliver, and the loop should own the socket until they are.
  [[nodiscard]] bool orphan() noexcept;

  // ---- The loop's side.
  void on_ready(Readiness what) noexcept override;
  void on_timer(std::uint32_t cookie) noexcept override;
  void on_turn() noexcept override;
  void on_resolved(const Resolution& resolution) noexcept;

 private:
  // The words of what went wrong, kept for the messages that will tell. Where memory is short there are none.
  struct Trouble {
    std::string words;
    std::string verification;
    std::string peer;
  };

  void move(Event event) noexcept;
  [[nodiscard]] Note note(Note::Kind kind, Err error = Err::ok, std::uint32_t size = 0) const noexcept {
    return {.kind = kind, .error = error, .id = id_, .serial = serial_, .size = size};
  }
  void post(Note note) noexcept {
    if (home_ != nullptr) home_->queue.post(note);
  }
  [[nodiscard]] Interest idle_interest() const noexcept {
    return is_stream() ? Interest::input_and_output : Interest::input;
  }
  [[nodiscard]] bool is_stream() const noexcept { return type_ == SocketType::tcp || type_ == SocketType::ssl; }
  [[nodiscard]] const Profile& profile() const noexcept { return *home_->options.profile; }
  [[nodiscard]] Instant now() const noexcept { return core_.os().now(); }
  void arm(Duration after) noexcept;
  void disarm() noexcept;

  // Connecting (socket_connect.cpp).
  void on_connect_progress(Readiness what) noexcept;
  [[nodiscard]] Err prepare_layer(const ConnectRequest& request);
  void name_peer(const Address& address) noexcept;
  [[nodiscard]] OpenResult open_fd(Family family) noexcept;
  [[nodiscard]] Failure failure_to_open(SysError error) const;
  void ask();
  void try_next();
  [[nodiscard]] bool try_address(const Address& address);
  void share_time() noexcept;
  [[nodiscard]] SysError set_up(int fd, const Address& address) noexcept;
  void connected();
  void shake_hands();
  void ready() noexcept;
  void connect_failed(const Failure& failure);
  void give_up(const Failure& failure) noexcept;
  void on_connect_timer();
  [[nodiscard]] std::string peer_text() const;
  [[nodiscard]] static std::string describe(std::string_view deed, std::string_view cause);
  void remember(Err error, std::string_view words, std::string_view verification) noexcept;

  // Sending and receiving (socket_io.cpp).
  void on_traffic(Readiness what) noexcept;
  void on_stream_error() noexcept;
  [[nodiscard]] Err send_stream(std::span<const std::byte> data);
  [[nodiscard]] Err send_datagram(std::span<const std::byte> data);
  [[nodiscard]] Err refuse(Err error);
  void answer_send(Err error, std::uint32_t size = 0) noexcept;
  void answer_first(Err error, std::uint32_t size) noexcept;
  [[nodiscard]] Outbox& outbox();
  [[nodiscard]] Flow flush_outbox() noexcept;
  void hand_over_more() noexcept;
  [[nodiscard]] Flow flush_stream() noexcept;
  [[nodiscard]] Flow flush_datagrams() noexcept;
  void heed_writable(bool on) noexcept;
  void confirm_sent() noexcept;
  void answer_pending(Err error) noexcept;
  void broken(const Failure& failure) noexcept;
  void transport_broke() noexcept;
  void see_end() noexcept;
  [[nodiscard]] std::span<const std::byte> unread() const noexcept {
    if (kept_) return kept_->front();
    if (core_.received().held_by(*this)) return core_.received().held();
    return {};
  }
  [[nodiscard]] bool has_unread() const noexcept { return has_datagram_ || !unread().empty(); }
  [[nodiscard]] std::span<std::byte> gather_unread() noexcept;
  void fill() noexcept;
  // Queues the next announcement where one is due. What it says is found out when it is delivered.
  void announce() noexcept {
    if (outstanding_ || announcement_posted_ || !(readable_ || has_unread())) return;
    if (state_ == State::open || state_ == State::ending) post_announcement();
  }
  void post_announcement() noexcept;
  void settle_announcement() noexcept;
  void vacate() noexcept override;
  void drop_input(std::size_t size) noexcept;
  void absorb_input() noexcept;

  // Messages (socket_messages.cpp).
  [[nodiscard]] bool deliver_connect_cnf(Message& message);
  [[nodiscard]] bool deliver_send_cnf(Note note, Message& message) const;
  [[nodiscard]] bool deliver_receive_ind(Note note, Message& message);
  [[nodiscard]] bool deliver_close_ind(Message& message);
  [[nodiscard]] bool deliver_close_cnf(Note note, Message& message);
  [[nodiscard]] std::string send_failure(Err error) const;
  [[nodiscard]] std::string end_of_connection() const;
  void tell(std::string_view what, std::string_view more = {}) const noexcept;

  // Closing (socket_close.cpp).
  void on_close_progress(Readiness what) noexcept;
  void advance_close() noexcept;
  void check_lingering() noexcept;
  void finish_broken(Err error) noexcept;
  void finish_close(Err error) noexcept;

  Core& core_;
  Home* home_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Attempt> attempt_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<ByteQueue> kept_;      // input that had to leave the shared buffer
  std::unique_ptr<Trouble> trouble_;
  Token token_;
  TimerKey timer_;
  std::uint64_t to_deliver_ = 0;         // lingering: what the transport must see acknowledged
  Instant since_{};                      // ending: the latest of end, announcement and read; closing: the deadline
  SocketId id_;
  std::uint32_t serial_;
  std::uint32_t announced_ = 0;          // bytes of the outstanding announcement that were not read
  std::uint32_t read_limit_ = 0;         // the most that one announcement may name
  std::uint32_t answers_queued_ = 0;     // send_cnf notes that were not delivered
  std::uint32_t announcement_ = 0;       // which posted announcement is the valid one
  Endpoint peer_;
  SocketType type_;
  State state_ = State::starting;
  Err error_ = Err::ok;                  // why no connection came about, or why it broke
  bool break_told_ = false;              // by close_ind
  bool lost_ = false;                    // it broke before the kernel had all that was accepted
  bool readable_ = false;                // the transport may have more
  bool reported_ = false;                // ... because the kernel said so since the last read
  bool peer_ended_ = false;              // seen before the socket was open
  bool input_over_ = false;              // the transport has answered its end or failure
  std::uint8_t deferrals_ = 0;           // how often close_ind let answers go before it
  bool outstanding_ = false;             // an announcement was delivered and not used up
  bool announcement_posted_ = false;
  bool has_datagram_ = false;            // unread() is one datagram, perhaps empty
};

}  // namespace socketcore
