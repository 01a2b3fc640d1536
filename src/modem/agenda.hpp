#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "socketcore/os.hpp"

namespace socketcore {

/// What the modem may be waiting for: one thing of each kind at a time.
enum class Topic : std::uint8_t { boot, sim, services, registration, command, ring, call };

/// The modem's own appointments.
class Agenda {
 public:
  using Action = std::function<void()>;

  /// Replaces what was there for that topic.
  void set(Topic topic, Instant at, Action action) { slot(topic) = Entry{at, std::move(action)}; }
  void cancel(Topic topic) noexcept { slot(topic).reset(); }
  /// When that topic is due; nothing if nothing is planned.
  [[nodiscard]] std::optional<Instant> at(Topic topic) const noexcept {
    const auto& entry = entries_[static_cast<std::size_t>(topic)];
    return entry ? std::optional(entry->at) : std::nullopt;
  }
  [[nodiscard]] std::optional<Instant> next() const noexcept {
    const Entry* first = nullptr;
    for (const auto& entry : entries_) {
      if (entry && (first == nullptr || entry->at < first->at)) first = &*entry;
    }
    return first != nullptr ? std::optional(first->at) : std::nullopt;
  }
  /// Runs what is due at `now`, in the order of its times; also what these actions add, if that is due. What throws is
  /// done again in a second, unless something else has taken its place.
  void run(Instant now) {
    while (true) {
      std::optional<Entry>* first = nullptr;
      for (auto& entry : entries_) {
        if (entry && entry->at <= now && (first == nullptr || entry->at < (*first)->at)) first = &entry;
      }
      if (first == nullptr) return;
      Action action = std::move((*first)->action);
      first->reset();
      try {
        action();
      } catch (...) {
        if (!*first) *first = Entry{now + std::chrono::seconds(1), std::move(action)};
        throw;
      }
    }
  }

 private:
  struct Entry {
    Instant at;
    Action action;
  };
  std::optional<Entry>& slot(Topic topic) noexcept { return entries_[static_cast<std::size_t>(topic)]; }

  std::array<std::optional<Entry>, 7> entries_;
};

}  // namespace socketcore
