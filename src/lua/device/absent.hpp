#pragma once

#include <string_view>

namespace socketcore::lua {

/// A module of the device that this host does not have, and what it is for. Scripts look for it before they use it, so it is
/// left out rather than filled with functions that fail.
struct AbsentModule {
  std::string_view name;
  std::string_view what;
};
inline constexpr AbsentModule kAbsentModules[] = {
    {"btcore", "Bluetooth"},
    {"disp", "the display and the camera"},
    {"factory", "the factory's tests"},
    {"gpscore", "the satellite receiver"},
    {"lvgl", "graphics on the display"},
    {"protobuf.c", "the compiled half of a protobuf library"},
    {"qrencode", "QR codes for the display"},
    {"ttsply", "speech"},
    {"watchdog", "the hardware's watchdog"},
    {"wifi", "the WiFi scanner"},
    {"zip", "the unpacker of the firmware"},
};

}  // namespace socketcore::lua
