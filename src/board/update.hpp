#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace socketcore {

/// An update of the project over the air: an archive (tar, as `tar -cf` makes it) that a script hands over piece by piece. Its
/// files lie flat in a folder of the flash, and are found before the project's own from the next start on.
class Update {
 public:
  /// What fota_start(), fota_process() and fota_end() answer.
  enum class Answer : std::int32_t {
    done = 0,
    not_started = -94,
    no_room = -1,         ///< the flash is full or read only
    wrong_size = -2,      ///< more or less than the announced length
    no_archive = -3,      ///< not a tar archive, damaged, or empty
  };

  /// `data`: the folder that stands for the flash.
  explicit Update(std::filesystem::path data);

  /// Begins anew. None of these throws.
  Answer start() noexcept;
  /// The next piece of `total` bytes in all.
  Answer process(std::string_view piece, std::uint64_t total) noexcept;
  /// Unpacks what has come. Where that fails, what was installed before stays.
  Answer end() noexcept;

  /// Where the files of an installed update are, below the flash.
  static constexpr std::string_view kInstalled = ".update";

 private:
  [[nodiscard]] Answer unpack() const;
  void drop() noexcept;

  const std::filesystem::path data_;
  const std::filesystem::path package_;
  // While an update is unpacked: the new files, and the old ones, if they have to make room.
  const std::filesystem::path fresh_;
  const std::filesystem::path aside_;
  const std::filesystem::path installed_;
  std::ofstream file_;
  std::uint64_t received_ = 0;
  std::uint64_t total_ = 0;
  bool started_ = false;
};

}  // namespace socketcore
