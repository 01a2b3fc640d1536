#include <limits>

#include "socketcore/options.hpp"

namespace socketcore {

const Profile& host_profile() noexcept {
  static constexpr Profile kHost{
      .name = "host",
      .max_sockets = std::numeric_limits<std::size_t>::max(),
      .reuse_ids = false,
      .max_receive_bytes = std::size_t{64} * 1024,
      .send_buffer_bytes = std::size_t{1024} * 1024,
      .max_address_chars = 253,
      .confirm_on_ack = false,
  };
  return kHost;
}

const Profile& air724u_profile() noexcept {
  static constexpr Profile kAir724u{
      .name = "air724u",
      .max_sockets = 10,
      .reuse_ids = true,
      .max_receive_bytes = std::size_t{2} * 1024,
      .send_buffer_bytes = 11200,
      .max_address_chars = 100,
      .confirm_on_ack = true,
  };
  return kAir724u;
}

const Profile* find_profile(std::string_view name) noexcept {
  for (const Profile* profile : {&host_profile(), &air724u_profile()}) {
    if (profile->name == name) return profile;
  }
  return nullptr;
}

}  // namespace socketcore
