#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace socketcore {

/// How a command ended, or that it now waits for the argument behind its prompt.
struct Outcome {
  enum class Kind : std::uint8_t { ok, error, cme, cms, prompt };
  /// Takes the argument; must not prompt again.
  using Continuation = std::function<Outcome(std::string_view argument)>;

  Kind kind = Kind::ok;
  int code = 0;
  Continuation then;

  [[nodiscard]] static Outcome ok() { return {}; }
  [[nodiscard]] static Outcome error() { return {Kind::error, 0, {}}; }
  [[nodiscard]] static Outcome cme(int code) { return {Kind::cme, code, {}}; }
  [[nodiscard]] static Outcome cms(int code) { return {Kind::cms, code, {}}; }
  [[nodiscard]] static Outcome prompt(Continuation then) { return {Kind::prompt, 0, std::move(then)}; }
};

// 3GPP TS 27.007, section 9.2, and TS 27.005, section 3.2.5.
namespace cme {
inline constexpr int not_allowed = 3;
inline constexpr int sim_not_inserted = 10;
inline constexpr int sim_pin = 11;
inline constexpr int sim_puk = 12;
inline constexpr int wrong_password = 16;
inline constexpr int memory_full = 20;
inline constexpr int invalid_index = 21;
inline constexpr int no_network = 30;
}  // namespace cme
namespace cms {
inline constexpr int invalid_pdu = 304;
inline constexpr int invalid_text = 305;
inline constexpr int invalid_index = 321;
inline constexpr int no_network = 331;
}  // namespace cms

}  // namespace socketcore
