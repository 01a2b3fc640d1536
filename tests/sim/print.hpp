#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "socketcore/device.hpp"

/// How GoogleTest shows the engine's types, and messages as lines that a test can compare.
namespace socketcore {

inline std::string_view name_of(MessageKind kind) noexcept {
  switch (kind) {
    case MessageKind::timer: return "timer";
    case MessageKind::connect_cnf: return "connect_cnf";
    case MessageKind::send_cnf: return "send_cnf";
    case MessageKind::receive_ind: return "receive_ind";
    case MessageKind::close_ind: return "close_ind";
    case MessageKind::close_cnf: return "close_cnf";
    case MessageKind::event: return "event";
  }
  return "?";
}

/// "send_cnf 3 512", "close_ind 3 ERST", "timer 7".
inline std::string line_of(const Message& message) {
  std::string line(name_of(message.kind));
  line += ' ';
  if (message.kind == MessageKind::event) {
    return line + std::to_string(static_cast<int>(message.event)) + ' ' + std::to_string(message.first) + ' ' +
           std::to_string(message.second);
  }
  line += std::to_string(message.kind == MessageKind::timer ? message.timer : message.socket);
  const bool sized = message.kind == MessageKind::send_cnf || message.kind == MessageKind::receive_ind;
  if (sized && (message.error == Err::ok || message.size > 0)) line += ' ' + std::to_string(message.size);
  if (message.error != Err::ok) line += ' ' + std::string(name_of(message.error));
  return line;
}

inline void PrintTo(Err err, std::ostream* out) { *out << name_of(err); }
inline void PrintTo(MessageKind kind, std::ostream* out) { *out << name_of(kind); }
inline void PrintTo(const Message& message, std::ostream* out) { *out << line_of(message) << " \"" << message.reason << '"'; }
inline void PrintTo(Waited waited, std::ostream* out) {
  constexpr std::string_view kNames[]{"message", "timeout", "interrupted", "idle"};
  *out << kNames[static_cast<std::size_t>(waited)];
}

}  // namespace socketcore
