#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace socketcore {

/// The SIM's list of numbers.
class PhoneBook {
 public:
  static constexpr int kPlaces = 250;
  static constexpr std::size_t kLongestName = 64;
  struct Entry {
    std::string number;
    int type = 129;
    std::string name;  ///< as the script wrote it
  };

  /// `place` is 1..kPlaces.
  [[nodiscard]] const std::optional<Entry>& at(int place) const noexcept { return entries_[index(place)]; }
  void set(int place, std::optional<Entry> entry) { entries_[index(place)] = std::move(entry); }
  /// The first free place; 0 if there is none.
  [[nodiscard]] int free_place() const noexcept {
    for (int place = 1; place <= kPlaces; ++place) {
      if (!at(place)) return place;
    }
    return 0;
  }
  [[nodiscard]] int used() const noexcept {
    int count = 0;
    for (const auto& entry : entries_) count += entry ? 1 : 0;
    return count;
  }

 private:
  [[nodiscard]] static std::size_t index(int place) noexcept { return static_cast<std::size_t>(place - 1); }

  std::array<std::optional<Entry>, kPlaces> entries_;
};

}  // namespace socketcore
