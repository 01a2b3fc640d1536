#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "board/parts/line.hpp"
#include "board/parts/silence.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// Loudspeaker and microphone without sound: what is played lasts as long as it would, what is recorded is silence.
class Audio {
 public:
  static constexpr std::size_t kStreamBytes = 4096;      ///< the buffer of stream()
  static constexpr std::size_t kMaxUnreadBytes = 65536;  ///< of a recorded stream: what comes on top is lost

  explicit Audio(PartsSite& site) noexcept : site_(site) {}

  /// A volume, a channel or the like: one trace line, `audio NAME VALUE...`.
  void setting(std::string_view name, std::span<const std::int32_t> values) noexcept;

  /// Plays `bytes` of a file or text of the script's, called `name` in the trace. A message follows when it is over. What
  /// was playing ends without one: a script would take it for the end of the new sound.
  void play(std::string_view name, SoundKind kind, std::uint64_t bytes, bool again_and_again) noexcept;
  /// Ends the sound and the stream. If a sound was playing, the message "stopped" follows a little later; for the same
  /// reason it does not once another sound has begun.
  void stop() noexcept;
  /// Adds to the stream, which is played in real time and without messages. Returns the bytes taken: what has room.
  std::size_t stream(SoundKind kind, std::size_t bytes) noexcept;
  /// Bytes of the stream that were not played yet.
  [[nodiscard]] std::size_t stream_left() noexcept;

  /// Records until `length` is over or stop_recording() is called; then a message follows. False: it records already.
  bool record(std::string_view name, SoundKind kind, Duration length) noexcept;
  /// The same, with a message for each `piece` bytes that can be read.
  bool record_stream(SoundKind kind, Duration length, std::size_t piece) noexcept;
  /// False: nothing was being recorded.
  bool stop_recording() noexcept;
  /// How long it has been recording. Nothing: it does not.
  [[nodiscard]] std::optional<Duration> recorded() const noexcept;
  [[nodiscard]] SoundKind recorded_kind() const noexcept { return recording_.kind; }
  /// What read_recording() will read next. Returns the bytes: as many as wait, at most.
  std::size_t peek_recording(std::span<std::byte> into) const noexcept;
  std::size_t read_recording(std::span<std::byte> into) noexcept;

  void on_play_timer() noexcept;
  void on_record_timer() noexcept;

 private:
  enum class Playing : std::uint8_t { no, once, again_and_again, stopped };
  struct Recording {
    bool on = false;
    bool to_stream = false;
    SoundKind kind = SoundKind::amr;
    Duration length{};
    Instant started{};
    std::size_t piece = 0;
    std::uint64_t made = 0;  // bytes of the stream so far
  };

  void begin_recording(const Recording& recording) noexcept;
  void end_recording() noexcept;
  void make_stream(bool to_the_last) noexcept;
  void arm_recording() noexcept;
  void drain() noexcept;

  PartsSite& site_;
  Playing playing_ = Playing::no;
  Duration sound_{};

  SoundKind stream_kind_ = SoundKind::amr;
  std::size_t stream_left_ = 0;
  Instant stream_drained_{};  // when stream_left_ was right

  Recording recording_;
  std::size_t unread_ = 0;
  std::uint64_t read_ = 0;  // bytes of the stream that the script has
};

}  // namespace socketcore
