#include <cstring>
#include <string>

#include "parts_test.hpp"

namespace socketcore::test {

namespace {

class PartsAudio : public PartsTest {
 protected:
  static FakeSite::Event played(bool to_the_end) { return {EventKind::audio, to_the_end ? 1 : 0, 0}; }
  static FakeSite::Event recorded() { return {EventKind::record, 1, 0}; }
  std::string read(std::size_t size) {
    std::string result(size, '?');
    result.resize(parts.audio.read_recording(std::as_writable_bytes(std::span(result))));
    return result;
  }
};

TEST_F(PartsAudio, ASoundEndsWhenItIsOver) {
  parts.audio.play("/lua/a.amr", SoundKind::amr, 3200, false);
  site.advance(1999ms);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1ms);
  EXPECT_THAT(site.events, ElementsAre(played(true)));
  EXPECT_THAT(site.lines, ElementsAre("audio play amr 2000 /lua/a.amr", "audio end"));
  parts.audio.stop();
  site.advance(1min);
  EXPECT_EQ(site.events.size(), 1U);
}

TEST_F(PartsAudio, AShortSoundTakesSomeTime) {
  parts.audio.play("a", SoundKind::mp3, 1, false);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(20ms);
  EXPECT_THAT(site.events, ElementsAre(played(true)));
}

TEST_F(PartsAudio, StopIsAMessageOfItsOwn) {
  parts.audio.play("a", SoundKind::pcm, 160000, false);
  site.advance(1s);
  parts.audio.stop();
  parts.audio.stop();
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1min);
  EXPECT_THAT(site.events, ElementsAre(played(false)));
}

TEST_F(PartsAudio, ANewSoundHearsNothingOfTheOld) {
  parts.audio.play("a", SoundKind::pcm, 160000, false);
  parts.audio.stop();
  parts.audio.play("b", SoundKind::pcm, 32000, false);
  site.advance(1900ms);
  EXPECT_THAT(site.events, IsEmpty());
  parts.audio.play("c", SoundKind::pcm, 32000, false);
  site.advance(1900ms);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(100ms);
  EXPECT_THAT(site.events, ElementsAre(played(true)));
}

TEST_F(PartsAudio, AgainAndAgainUntilStopped) {
  parts.audio.play("a", SoundKind::amr, 1600, true);
  site.advance(1min);
  EXPECT_THAT(site.events, IsEmpty());
  parts.audio.stop();
  site.advance(1min);
  EXPECT_THAT(site.events, ElementsAre(played(false)));
}

TEST_F(PartsAudio, AStreamDrainsInRealTime) {
  EXPECT_EQ(parts.audio.stream_left(), 0U);
  EXPECT_EQ(parts.audio.stream(SoundKind::amr, 3000), 3000U);
  EXPECT_EQ(parts.audio.stream(SoundKind::amr, 3000), 1096U);
  EXPECT_EQ(parts.audio.stream(SoundKind::amr, 3000), 0U);
  site.advance(1s);
  EXPECT_EQ(parts.audio.stream_left(), 2496U);
  for (int i = 0; i < 1000; ++i) {
    site.advance(1ms);
    static_cast<void>(parts.audio.stream_left());
  }
  EXPECT_EQ(parts.audio.stream_left(), 896U);
  site.advance(1h);
  EXPECT_EQ(parts.audio.stream_left(), 0U);
  EXPECT_EQ(parts.audio.stream(SoundKind::pcm, 4096), 4096U);
  site.advance(100ms);
  EXPECT_EQ(parts.audio.stream_left(), 2496U);
  parts.audio.stop();
  EXPECT_EQ(parts.audio.stream_left(), 0U);
  site.advance(1h);
  EXPECT_THAT(site.events, IsEmpty());
}

TEST_F(PartsAudio, ARecordingEndsAfterItsTime) {
  EXPECT_TRUE(parts.audio.record("/r.amr", SoundKind::amr, 5s));
  EXPECT_FALSE(parts.audio.record("/r.amr", SoundKind::amr, 5s));
  EXPECT_FALSE(parts.audio.record_stream(SoundKind::amr, 5s, 100));
  site.advance(4s);
  EXPECT_EQ(*parts.audio.recorded(), 4s);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1s);
  EXPECT_THAT(site.events, ElementsAre(recorded()));
  EXPECT_FALSE(parts.audio.stop_recording());
  EXPECT_EQ(site.events.size(), 1U);
}

TEST_F(PartsAudio, ARecordingCanBeStopped) {
  EXPECT_TRUE(parts.audio.record("/r.amr", SoundKind::amr, 100000h));
  site.advance(2s);
  EXPECT_TRUE(parts.audio.stop_recording());
  EXPECT_THAT(site.events, ElementsAre(recorded()));
  site.advance(1h);
  EXPECT_EQ(site.events.size(), 1U);
}

TEST_F(PartsAudio, ARecordedStreamComesInPieces) {
  EXPECT_TRUE(parts.audio.record_stream(SoundKind::amr, 1s, 800));
  site.advance(999ms);
  ASSERT_FALSE(site.events.empty());
  EXPECT_EQ(site.events[0], (FakeSite::Event{EventKind::stream_record, 800, 0}));
  site.advance(1s);
  std::size_t size = 0;
  for (const auto& event : site.events) {
    if (event.kind == EventKind::stream_record) size += static_cast<std::size_t>(event.a);
  }
  EXPECT_EQ(site.events.back(), recorded());
  EXPECT_EQ(size, 1606U);
  const std::string all = read(800) + read(5000);
  EXPECT_EQ(all.size(), 1606U);
  EXPECT_EQ(all.substr(0, 7), "#!AMR\n\x38");
  EXPECT_EQ(all[6 + 32], '\x38');
  EXPECT_EQ(read(10), "");
}

TEST_F(PartsAudio, AStreamThatNobodyReadsIsBounded) {
  EXPECT_TRUE(parts.audio.record_stream(SoundKind::pcm, 100000h, 16000));
  site.advance(1min);
  EXPECT_EQ(site.events.size(), 4U);
  EXPECT_EQ(read(1000000).size(), 64000U);
  site.advance(1s);
  EXPECT_EQ(site.events.size(), 5U);
}

TEST(Silence, KnowsTheEndsOfNames) {
  EXPECT_EQ(sound_kind_of("/lua/A.AMR"), SoundKind::amr);
  EXPECT_EQ(sound_kind_of("x.pcm"), SoundKind::pcm);
  EXPECT_EQ(sound_kind_of("x.wav"), SoundKind::wav);
  EXPECT_EQ(sound_kind_of(".spx"), SoundKind::speex);
  EXPECT_EQ(sound_kind_of("x.mp3"), SoundKind::mp3);
  EXPECT_EQ(sound_kind_of(""), SoundKind::mp3);
}

TEST(Silence, LengthsNeverOverflow) {
  EXPECT_GT(sound_length(SoundKind::amr, ~std::uint64_t{0}), 0ns);
  EXPECT_EQ(silence_bytes(SoundKind::pcm, -1s), 0U);
  EXPECT_GT(silence_bytes(SoundKind::pcm, Duration::max()), 0U);
}

TEST(Silence, AWaveFileTellsItsSizes) {
  const auto total = silence_bytes(SoundKind::wav, 1s);
  ASSERT_EQ(total, 16044U);
  std::string file(total, '?');
  // In two pieces, as a file is written.
  fill_silence(SoundKind::wav, total, 0, std::as_writable_bytes(std::span(file).first(30)));
  fill_silence(SoundKind::wav, total, 30, std::as_writable_bytes(std::span(file).subspan(30)));
  const auto number = [&file](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, file.data() + at, 4);
    return value;
  };
  EXPECT_EQ(file.substr(0, 4), "RIFF");
  EXPECT_EQ(number(4), total - 8);
  EXPECT_EQ(file.substr(8, 8), "WAVEfmt ");
  EXPECT_EQ(number(16), 16U);
  EXPECT_EQ(number(20), 0x00010001U);
  EXPECT_EQ(number(24), 8000U);
  EXPECT_EQ(number(28), 16000U);
  EXPECT_EQ(number(32), 0x00100002U);
  EXPECT_EQ(file.substr(36, 4), "data");
  EXPECT_EQ(number(40), total - 44);
  EXPECT_EQ(file.substr(44), std::string(16000, '\0'));
}

TEST(Silence, Mp3HasWholeFrames) {
  const auto total = silence_bytes(SoundKind::mp3, 1s);
  ASSERT_EQ(total, 27U * 576);
  std::string file(total, '?');
  fill_silence(SoundKind::mp3, total, 0, std::as_writable_bytes(std::span(file)));
  for (std::size_t at = 0; at < total; at += 576) EXPECT_EQ(file.substr(at, 5), std::string("\xff\xfb\x98\xc0\0", 5));
}

}  // namespace

}  // namespace socketcore::test
