#include "board/parts/audio.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace socketcore {

namespace {

constexpr Duration kStopTime = std::chrono::milliseconds(5);
constexpr std::array<std::string_view, 6> kKindNames = {"", "pcm", "wav", "amr", "mp3", "speex"};

std::string_view name_of(SoundKind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::int64_t milliseconds(Duration time) noexcept {
  return time / std::chrono::milliseconds(1);
}

}  // namespace

void Audio::setting(std::string_view name, std::span<const std::int32_t> values) noexcept {
  TraceLine line("audio");
  line.word(name);
  for (const std::int32_t value : values) line.number(value);
  site_.trace(line.view());
}

void Audio::play(std::string_view name, SoundKind kind, std::uint64_t bytes, bool again_and_again) noexcept {
  sound_ = sound_length(kind, bytes);
  playing_ = again_and_again ? Playing::again_and_again : Playing::once;
  site_.trace(TraceLine("audio").word("play").word(name_of(kind)).number(milliseconds(sound_)).text(name).view());
  site_.arm(PartTimer::audio, sound_);
}

void Audio::stop() noexcept {
  stream_left_ = 0;
  if (playing_ != Playing::once && playing_ != Playing::again_and_again) return;
  playing_ = Playing::stopped;
  site_.trace("audio stop");
  site_.arm(PartTimer::audio, kStopTime);
}

std::size_t Audio::stream(SoundKind kind, std::size_t bytes) noexcept {
  drain();
  const std::size_t taken = std::min(bytes, kStreamBytes - stream_left_);
  stream_kind_ = kind;
  stream_left_ += taken;
  if (taken != 0) {
    site_.trace(TraceLine("audio").word("stream").word(name_of(kind)).number(static_cast<std::int64_t>(taken)).view());
  }
  return taken;
}

std::size_t Audio::stream_left() noexcept {
  drain();
  return stream_left_;
}

bool Audio::record(std::string_view name, SoundKind kind, Duration length) noexcept {
  if (recording_.on) return false;
  site_.trace(TraceLine("audio").word("record").word(name_of(kind)).number(milliseconds(length)).text(name).view());
  begin_recording({true, false, kind, length, site_.now(), 0, 0});
  return true;
}

bool Audio::record_stream(SoundKind kind, Duration length, std::size_t piece) noexcept {
  if (recording_.on) return false;
  site_.trace(TraceLine("audio").word("record").word(name_of(kind)).number(milliseconds(length)).view());
  begin_recording({true, true, kind, length, site_.now(), std::max<std::size_t>(piece, 1), 0});
  return true;
}

bool Audio::stop_recording() noexcept {
  if (!recording_.on) return false;
  site_.disarm(PartTimer::record);
  make_stream(true);
  end_recording();
  return true;
}

std::optional<Duration> Audio::recorded() const noexcept {
  if (!recording_.on) return std::nullopt;
  return std::min(site_.now() - recording_.started, recording_.length);
}

std::size_t Audio::peek_recording(std::span<std::byte> into) const noexcept {
  const std::size_t size = std::min(into.size(), unread_);
  // Nobody knows the size of a stream when its head is written.
  fill_silence(recording_.kind, 0xffffffff, read_, into.first(size));
  return size;
}

std::size_t Audio::read_recording(std::span<std::byte> into) noexcept {
  const std::size_t size = peek_recording(into);
  read_ += size;
  unread_ -= size;
  return size;
}

void Audio::on_play_timer() noexcept {
  const Playing was = playing_;
  if (was == Playing::again_and_again) {
    site_.arm(PartTimer::audio, sound_);
    return;
  }
  playing_ = Playing::no;
  if (was == Playing::no) return;
  if (was == Playing::once) site_.trace("audio end");
  site_.post(EventKind::audio, was == Playing::once ? 1 : 0, 0);
}

void Audio::on_record_timer() noexcept {
  if (!recording_.on) return;
  const bool over = site_.now() - recording_.started >= recording_.length;
  make_stream(over);
  if (over) {
    end_recording();
  } else {
    arm_recording();
  }
}

void Audio::begin_recording(const Recording& recording) noexcept {
  recording_ = recording;
  unread_ = 0;
  read_ = 0;
  arm_recording();
}

void Audio::end_recording() noexcept {
  recording_.on = false;
  site_.trace("audio recorded");
  site_.post(EventKind::record, 1, 0);
}

void Audio::make_stream(bool to_the_last) noexcept {
  if (!recording_.to_stream) return;
  const std::uint64_t due = silence_bytes(recording_.kind, recorded().value_or(Duration::zero()));
  while (due - recording_.made >= (to_the_last ? 1 : recording_.piece)) {
    const std::size_t piece = std::min<std::uint64_t>(recording_.piece, due - recording_.made);
    if (piece > kMaxUnreadBytes - unread_) {
      // The script is behind. What is lost is silence.
      recording_.made = due;
      return;
    }
    recording_.made += piece;
    unread_ += piece;
    site_.post(EventKind::stream_record, static_cast<std::int32_t>(piece), 0);
  }
}

void Audio::arm_recording() noexcept {
  const Duration left = recording_.length - (site_.now() - recording_.started);
  const Duration piece = sound_length(recording_.kind, recording_.piece);
  const Duration next = recording_.to_stream ? std::min(left, piece) : left;
  site_.arm(PartTimer::record, std::max(next, Duration::zero()));
}

void Audio::drain() noexcept {
  constexpr Duration kLongest = std::chrono::seconds(10);  // no buffer lasts so long
  const Instant now = site_.now();
  const auto microseconds = std::min(now - stream_drained_, kLongest) / std::chrono::microseconds(1);
  const std::int64_t rate = bytes_per_second(stream_kind_);
  const std::int64_t played = microseconds * rate / 1000000;
  if (static_cast<std::size_t>(played) >= stream_left_) {
    stream_left_ = 0;
    stream_drained_ = now;
  } else {
    stream_left_ -= static_cast<std::size_t>(played);
    stream_drained_ += std::chrono::microseconds(played * 1000000 / rate);
  }
}

}  // namespace socketcore
