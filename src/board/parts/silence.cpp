#include "board/parts/silence.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace socketcore {

namespace {

using Byte = unsigned char;

constexpr std::string_view kAmrHead = "#!AMR\n";
// AMR (RFC 4867, 5.3): one frame of 12.2 kbit/s per 20 ms. Type 7, quality bit clear: "damaged", which a decoder that has
// heard nothing yet conceals by silence, whatever the 31 bytes are.
constexpr std::size_t kAmrFrame = 32;
constexpr Byte kAmrFrameHead = 7 << 3;
// MPEG 1 layer 3, 128 kbit/s, 32 kHz, mono: 144 * 128000 / 32000 bytes per 36 ms. All zero behind the head, it has no
// coefficients.
constexpr std::size_t kMp3Frame = 576;
constexpr std::array<Byte, 4> kMp3FrameHead = {0xff, 0xfb, 0x98, 0xc0};
constexpr std::size_t kWavHead = 44;

// RIFF, one channel of 16 bits at 8 kHz.
std::array<Byte, kWavHead> wav_head(std::uint64_t total) noexcept {
  std::array<Byte, kWavHead> head{'R', 'I', 'F', 'F', 0,  0, 0,   0,   'W', 'A',  'V',  'E', 'f', 'm',  't',
                                  ' ', 16,  0,   0,   0,  1, 0,   1,   0,   0x40, 0x1f, 0,   0,   0x80, 0x3e,
                                  0,   0,   2,   0,   16, 0, 'd', 'a', 't', 'a',  0,    0,   0,   0};
  const auto put = [&head](std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 4; ++i) head[at + i] = static_cast<Byte>(value >> 8 * i);
  };
  const std::uint64_t capped = std::min<std::uint64_t>(total, 0xffffffff);
  put(4, capped - 8);
  put(40, capped - kWavHead);
  return head;
}

std::size_t head_bytes(SoundKind kind) noexcept {
  return kind == SoundKind::amr ? kAmrHead.size() : kind == SoundKind::wav ? kWavHead : 0;
}

std::size_t frame_bytes(SoundKind kind) noexcept {
  return kind == SoundKind::amr ? kAmrFrame : kind == SoundKind::mp3 ? kMp3Frame : 2;
}

// `end` is in lower case.
bool ends_with(std::string_view path, std::string_view end) noexcept {
  if (path.size() < end.size()) return false;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::equal(path.end() - static_cast<std::ptrdiff_t>(end.size()), path.end(), end.begin(), same);
}

Byte frame_byte(SoundKind kind, std::size_t place) noexcept {
  if (kind == SoundKind::amr) return place == 0 ? kAmrFrameHead : 0;
  return kind == SoundKind::mp3 && place < kMp3FrameHead.size() ? kMp3FrameHead[place] : 0;
}

}  // namespace

SoundKind sound_kind_of(std::string_view path) noexcept {
  if (ends_with(path, ".amr")) return SoundKind::amr;
  if (ends_with(path, ".pcm")) return SoundKind::pcm;
  if (ends_with(path, ".wav")) return SoundKind::wav;
  if (ends_with(path, ".spx")) return SoundKind::speex;
  return SoundKind::mp3;
}

std::int32_t bytes_per_second(SoundKind kind) noexcept {
  return kind == SoundKind::amr || kind == SoundKind::speex ? 1600 : 16000;
}

Duration sound_length(SoundKind kind, std::uint64_t bytes) noexcept {
  constexpr Duration kLeast = std::chrono::milliseconds(20);
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 40;  // so that nanoseconds do not overflow
  const auto rate = static_cast<std::uint64_t>(bytes_per_second(kind));
  const auto microseconds = std::min(bytes, kMostBytes) * 1000 / rate * 1000;
  return std::max<Duration>(kLeast, std::chrono::microseconds(microseconds));
}

std::uint64_t silence_bytes(SoundKind kind, Duration length) noexcept {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(length / std::chrono::milliseconds(1), 0));
  const std::uint64_t bytes = ms * static_cast<std::uint64_t>(bytes_per_second(kind)) / 1000;
  return head_bytes(kind) + bytes / frame_bytes(kind) * frame_bytes(kind);
}

void fill_silence(SoundKind kind, std::uint64_t total, std::uint64_t offset, std::span<std::byte> into) noexcept {
  const auto wav = wav_head(total);
  const std::size_t head = head_bytes(kind);
  for (std::byte& byte : into) {
    Byte value = 0;
    if (offset >= head) {
      value = frame_byte(kind, static_cast<std::size_t>((offset - head) % frame_bytes(kind)));
    } else {
      value = kind == SoundKind::amr ? static_cast<Byte>(kAmrHead[offset]) : wav[offset];
    }
    byte = std::byte{value};
    ++offset;
  }
}

}  // namespace socketcore
