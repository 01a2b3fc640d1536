#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace socketcore {

/// The limits that a script meets. Make your own as you like.
struct Profile {
  std::string_view name;
  std::size_t max_sockets;         ///< sockets at once, closed ones that were not destroyed included
  bool reuse_ids;                  ///< true: the lowest free id below max_sockets; false: a counter through 0..2^31-1
  std::size_t max_receive_bytes;   ///< largest announcement on a stream, 1..65536; what lies outside is clamped
  std::size_t send_buffer_bytes;   ///< capacity of a socket's send buffer, 2^30 at most
  std::size_t max_address_chars;   ///< longest address or name that connect() takes
  bool confirm_on_ack;             ///< streams: a send is confirmed by the peer's acknowledgement, not by the kernel's taking
};

/// As many sockets as the process may open; 64 KiB announcements; 1 MiB send buffer.
[[nodiscard]] const Profile& host_profile() noexcept;
/// The limits of the Air724U's core: 10 sockets with ids 0..9, 2 KiB announcements, 11200 bytes to send.
[[nodiscard]] const Profile& air724u_profile() noexcept;
/// By name; null if there is none of that name.
[[nodiscard]] const Profile* find_profile(std::string_view name) noexcept;

enum class TlsVerify : std::uint8_t {
  script,  ///< what the script passes decides
  strict,  ///< every certificate must verify, against the system's store where the script gives no CA
};

enum class Sni : std::uint8_t {
  script,     ///< the server name is sent where the script asks for it
  automatic,  ///< it is sent for every name unless the script says no
};

/// Limits may be of any length; a negative one counts as zero.
struct DeviceOptions {
  const Profile* profile = &host_profile();  ///< copied by the device; null: the host's
  TlsVerify tls_verify = TlsVerify::script;
  Sni sni = Sni::script;
  std::chrono::milliseconds resolve_limit{20'000};
  std::chrono::milliseconds connect_limit{75'000};    ///< all addresses of a name together
  std::chrono::milliseconds handshake_limit{30'000};
  std::chrono::milliseconds linger_limit{5'000};
  /// How long unread input holds back the news that the peer has ended the connection.
  std::chrono::milliseconds unread_limit{500};
};

}  // namespace socketcore
