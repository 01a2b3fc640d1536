#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "socketcore/os.hpp"

/// Sound that nobody hears: how long it lasts, and files of it.
namespace socketcore {

/// By the numbers that scripts have for them.
enum class SoundKind : std::uint8_t { pcm = 1, wav = 2, amr = 3, mp3 = 4, speex = 5 };

[[nodiscard]] constexpr bool is_sound_kind(std::int64_t number) noexcept {
  return number >= 1 && number <= 5;
}
/// By the end of the file's name. Others count as MP3: only the length of the sound is guessed from it.
[[nodiscard]] SoundKind sound_kind_of(std::string_view path) noexcept;
/// A usual rate: AMR and Speex 1600, the others 16000 (16 bits at 8 kHz; 128 kbit/s).
[[nodiscard]] std::int32_t bytes_per_second(SoundKind kind) noexcept;
/// How long `bytes` of it last, at least some milliseconds.
[[nodiscard]] Duration sound_length(SoundKind kind, std::uint64_t bytes) noexcept;

/// Whether silence of this kind can be made: all but Speex.
[[nodiscard]] constexpr bool can_record(SoundKind kind) noexcept {
  return kind != SoundKind::speex;
}
/// The size of a file with that much silence: a head where the kind has one, and whole frames.
[[nodiscard]] std::uint64_t silence_bytes(SoundKind kind, Duration length) noexcept;
/// The bytes from `offset` on of a file of `total` bytes.
void fill_silence(SoundKind kind, std::uint64_t total, std::uint64_t offset, std::span<std::byte> into) noexcept;

}  // namespace socketcore
