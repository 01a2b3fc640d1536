#include "lua/device/inventory.hpp"

#include <algorithm>

namespace socketcore::lua {

namespace {

constexpr auto kReal = Status::real;
constexpr auto kVirtual = Status::virtual_part;
constexpr auto kAbsent = Status::absent;
constexpr auto kFunction = EntryKind::function;
constexpr auto kConstant = EntryKind::constant;
constexpr auto kTable = EntryKind::table;

constexpr Entries kSocketcore[] = {
    {kFunction, kReal, "sock_conn sock_conn_ext", "connects a TCP, UDP, TLS or RAW socket"},
    {kFunction, kReal, "sock_send sock_getremainbuf sock_recv", "moves bytes"},
    {kFunction, kReal, "sock_close sock_destroy", "ends a socket"},
    {kFunction, kReal, "sock_setopt", "sets an option of a socket"},
    {kConstant, kReal, "SOL_SOCKET IPPROTO_TCP SO_REUSEADDR SO_KEEPALIVE TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT",
     "options of sockets"},
    {kConstant, kReal,
     "ERR_UNKOWN ERR_OK ERR_ENOMEM ERR_ENOBUFS ERR_ETIMEOUT ERR_ERTE ERR_EINPROGRESS ERR_EINVAL ERR_EWOULDBLOCK "
     "ERR_EADDRINUSE ERR_EALREADY ERR_EISCONN ERR_ENOTCONN ERR_EIF ERR_EABORT ERR_ERST ERR_ECLSD ERR_EARG ERR_EIO "
     "ERR_SSL_EHANDESHAK ERR_SSL_EINIT ERR_SSL_EINVALID",
     "what went wrong"},
};

constexpr Entries kRtos[] = {
    {kFunction, kReal, "receive recv", "waits for the next message"},
    {kFunction, kReal, "timer_start timer_stop sleep tick", "timers and time"},
    {kFunction, kReal, "set_time", "sets the script's clock, never the machine's"},
    {kFunction, kReal, "get_version", "the core's name and version"},
    {kFunction, kAbsent, "get_build_time", "called only if present"},
    {kFunction, kReal, "restart poweroff", "ends the script, or starts it again"},
    {kFunction, kVirtual, "poweron poweron_reason", "why the device started; accepted"},
    {kFunction, kReal, "set_trace", "silences print"},
    {kFunction, kReal, "set_lua_info", "a line in the log"},
    {kFunction, kReal, "get_fatal_info remove_fatal_info", "no crash to report, ever"},
    {kFunction, kReal, "get_fs_free_size get_fs_total_size", "the space of the flash and of the media"},
    {kFunction, kReal, "make_dir remove_dir", "folders of the flash"},
    {kFunction, kAbsent, "openSoftDog eatSoftDog closeSoftDog", "the software watchdog: nothing to guard against"},
    {kFunction, kReal, "fota_start fota_process fota_end",
     "an update of the project: a tar archive, in force from the next start on"},
    {kFunction, kVirtual, "init_module", "switches the keypad or the alarm on"},
    {kFunction, kReal, "set_alarm", "a message at a time of the script's clock"},
    {kFunction, kReal, "toint64", "a decimal number as 8 bytes"},
    {kFunction, kReal, "base64_encode base64_decode", "base64"},
    {kFunction, kReal, "compare_distance", "of two places on earth"},
    {kFunction, kVirtual, "sys32k_clk_out send_ok sendevent notify_sim_detect", "written to the trace"},
    {kConstant, kReal, "INF_TIMEOUT WAIT_MSG_TIMEOUT", "waiting"},
    {kConstant, kReal,
     "MSG_TIMER MSG_SOCK_CONN_CNF MSG_SOCK_SEND_CNF MSG_SOCK_RECV_IND MSG_SOCK_CLOSE_IND MSG_SOCK_CLOSE_CNF "
     "MSG_UART_RXDATA MSG_UART_TX_DONE MSG_PDP_DEACT_IND MSG_ALARM",
     "messages"},
    {kConstant, kVirtual, "MSG_INT MSG_KEYPAD MSG_PMD MSG_AUDIO MSG_RECORD MSG_STREAM_RECORD", "messages of virtual parts"},
    {kConstant, kVirtual,
     "MSG_TTSPLY_STATUS MSG_TTSPLY_ERROR MSG_WIFI MSG_BLUETOOTH MSG_ZBAR MSG_HEADSET MSG_RTMP MSG_SIM_INSERT_IND "
     "MSG_PDP_ACT_CNF MSG_PDP_DEACT_CNF MSG_SOCK_SEND_IND",
     "messages that are never sent"},
    {kConstant, kVirtual, "MOD_KEYPAD MOD_ALARM", "for init_module"},
    {kConstant, kVirtual,
     "POWERON_KEY POWERON_CHARGER POWERON_ALARM POWERON_RESTART POWERON_OTHER POWERON_UNKNOWN POWERON_EXCEPTION "
     "POWERON_HOST POWERON_WATCHDOG",
     "for poweron_reason"},
};

constexpr Entries kUart[] = {
    {kFunction, kReal, "setup close", "opens a port: a serial device, a pseudo terminal, or nothing at the other end"},
    {kFunction, kReal, "read getchar write", "moves bytes"},
    {kFunction, kVirtual, "config", "accepted: a port reports all its events"},
    {kFunction, kVirtual, "set_rs485_oe", "written to the trace"},
    {kConstant, kVirtual, "ATC", "the port of the virtual modem"},
    {kConstant, kReal, "USB", "one more port"},
    {kConstant, kReal, "PAR_EVEN PAR_ODD PAR_NONE STOP_1 STOP_1_5 STOP_2", "for setup"},
    {kConstant, kReal, "NO_TIMEOUT INF_TIMEOUT", "for read, which never waits"},
};

constexpr Entries kPio[] = {
    {kTable, kVirtual, "pin", "the pins"},
    {kFunction, kVirtual,
     "pin.setdir pin.setval pin.getval pin.close pin.setpull pin.sethigh pin.setlow pin.setdebounce pin.plus pin.pwm",
     "a pin has a direction and a level"},
    {kConstant, kVirtual, "INPUT OUTPUT OUTPUT1 INT PULLUP PULLDOWN NOPULL", "directions and resistors"},
    {kConstant, kVirtual, "P0_0 P0_1 P0_31 P1_0 P1_31 P2_0 P2_31", "and all between them: pin numbers, port * 32 + pin"},
};

constexpr Entries kPmd[] = {
    {kFunction, kVirtual, "ldoset", "a regulator has a level"},
    {kFunction, kVirtual, "sleep", "written to the trace"},
    {kFunction, kVirtual, "init charger chrcurrent param_get", "a battery has a voltage, a charge and a charger"},
    {kConstant, kVirtual,
     "LDO_VLCD LDO_VMMC LDO_VSIM1 LDO_VCAMA LDO_VCAMD LDO_VIBR LDO_VBACKLIGHT_R LDO_VBACKLIGHT_G LDO_VBACKLIGHT_B "
     "LDO_VBACKLIGHT_W LDO_HMICBIAS LDO_FLASHIB LDO_VASW LDO_KEYPAD",
     "regulators"},
};

constexpr Entries kCpu[] = {
    {kConstant, kVirtual, "INT_GPIO_POSEDGE INT_GPIO_NEGEDGE", "edges of a pin, in MSG_INT"},
};

constexpr Entries kAdc[] = {
    {kFunction, kVirtual, "open read close", "a converter has a voltage"},
    {kConstant, kVirtual, "SCALE_1V250 SCALE_2V444 SCALE_3V233 SCALE_5V000", "ranges"},
};

constexpr Entries kPwm[] = {
    {kFunction, kVirtual, "open set close", "written to the trace"},
};

constexpr Entries kI2c[] = {
    {kFunction, kVirtual, "setup close", "opens a bus"},
    {kFunction, kVirtual, "send recv write read", "chips on a bus have registers"},
    {kConstant, kVirtual, "SLOW FAST", "speeds"},
};

constexpr Entries kSpi[] = {
    {kFunction, kVirtual, "setup close", "opens a bus"},
    {kFunction, kVirtual, "send recv send_recv", "what a chip answers is set beforehand"},
    {kConstant, kVirtual, "SPI_1 SPI_2", "buses"},
};

constexpr Entries kBit[] = {
    {kFunction, kReal, "band bor bxor bnot lshift rshift arshift rol ror tohex", "results are unsigned"},
    {kFunction, kReal, "bit isset isclear set clear", "single bits"},
};

constexpr Entries kPack[] = {
    {kFunction, kReal, "pack unpack", "numbers and strings as bytes"},
};

constexpr Entries kJson[] = {
    {kFunction, kReal, "encode decode", "raises on bad text"},
    {kConstant, kReal, "null", "in the place of nil"},
    {kFunction, kReal,
     "new encode_sparse_array encode_max_depth decode_max_depth encode_number_precision encode_keep_buffer "
     "encode_invalid_numbers decode_invalid_numbers",
     "settings"},
    {kConstant, kReal, "_NAME _VERSION", "of the module"},
};

constexpr Entries kIconv[] = {
    {kFunction, kReal, "open", "a converter between ucs2, ucs2be, utf8, gb2312 and more"},
    {kConstant, kReal, "ERROR_INVALID ERROR_INCOMPLETE ERROR_UNKNOWN", "what its :iconv() gives besides the text"},
};

constexpr Entries kCrypto[] = {
    {kFunction, kReal, "md5 sha1 sha256 flow_md5", "digests, in upper-case hex"},
    {kFunction, kReal, "hmac_md5 hmac_sha1 hmac_sha256", "digests with a key"},
    {kFunction, kReal, "sm3start", "the digest SM3, piece by piece"},
    {kFunction, kReal, "crc8 crc16 crc16_modbus crc32", "checksums"},
    {kFunction, kReal, "base64_encode base64_decode", "base64"},
    {kFunction, kReal, "aes_encrypt aes_decrypt des_encrypt des_decrypt des3_encrypt des3_decrypt sm4_encrypt sm4_decrypt",
     "block ciphers"},
    {kFunction, kReal, "xxtea_encrypt xxtea_decrypt", "XXTEA"},
    {kFunction, kReal, "rsa_encrypt rsa_decrypt rsa_sha1_sign rsa_sha1_verify rsa_sha256_sign rsa_sha256_verify",
     "RSA, with keys in PEM"},
};

constexpr Entries kAudiocore[] = {
    {kFunction, kVirtual, "setchannel setvol setsphvol setpa pa", "written to the trace"},
    {kFunction, kVirtual, "play playdata stop streamplay streamremain", "silent, and over in due time"},
    {kFunction, kVirtual, "record streamrecord streamrecordread stoprecord deleterecord", "records silence"},
    {kConstant, kVirtual, "PCM WAV AMR MP3 SPX", "kinds of sound"},
    {kConstant, kVirtual, "HANDSET RECEIVER EARPIECE HEADPHONE LOUDSPEAKER SPEAKER CLASS_AB CLASS_D", "ways out"},
    {kConstant, kVirtual, "PLAY_LOCAL PLAY_VOLTE PLAY_POC RECORE_MIC RECORE_VOICE RECORE_VOICE_DUAL RECORE_POC",
     "where to, where from"},
};

constexpr std::string_view kNoShell = "raises: the device has no shell";

constexpr Entries kIo[] = {
    {kFunction, kReal, "open lines input output", "in the device's files"},
    {kFunction, kReal, "close flush read write tmpfile type", "as in Lua"},
    {kConstant, kReal, "stdin stdout stderr", "as in Lua"},
    {kFunction, kReal, "opendir readdir closedir", "what is in a folder"},
    {kFunction, kVirtual, "mount unmount format", "media are folders in the flash"},
    {kConstant, kVirtual, "INTERNAL SDCARD EXTERN_PINLCD EXTERN_PINGPIO USBMSC", "media"},
    {kFunction, kAbsent, "popen", kNoShell},
};

constexpr Entries kOs[] = {
    {kFunction, kReal, "time date", "by the script's clock"},
    {kFunction, kReal, "remove rename tmpname", "in the device's files"},
    {kFunction, kReal, "clock difftime getenv setlocale", "as in Lua"},
    {kFunction, kReal, "exit", "ends the script"},
    {kFunction, kAbsent, "execute", kNoShell},
};

constexpr Entries kString[] = {
    {kFunction, kReal, "byte char dump find format gfind gmatch gsub len lower match rep reverse sub upper",
     "as in Lua 5.1"},
};

constexpr Entries kTableLibrary[] = {
    {kFunction, kReal, "concat foreach foreachi getn insert maxn remove sort", "as in Lua 5.1"},
};

constexpr Entries kMath[] = {
    {kFunction, kReal,
     "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp ldexp log log10 max min mod modf pow rad random "
     "randomseed sin sinh sqrt tan tanh",
     "as in Lua 5.1"},
    {kConstant, kReal, "huge pi", "as in Lua 5.1"},
};

constexpr std::span<const Entries> kNothing;

constexpr ModuleEntry kModules[] = {
    {"adc", kVirtual, "analogue inputs", kAdc},
    {"audiocore", kVirtual, "sound", kAudiocore},
    {"bit", kReal, "operations on bits", kBit},
    {"btcore", kAbsent, "Bluetooth", kNothing},
    {"cpu", kVirtual, "constants of the processor", kCpu},
    {"crypto", kReal, "digests, ciphers and checksums", kCrypto},
    {"disp", kAbsent, "the display and the camera", kNothing},
    {"factory", kAbsent, "the factory's tests", kNothing},
    {"gpscore", kAbsent, "the satellite receiver", kNothing},
    {"i2c", kVirtual, "I2C buses", kI2c},
    {"iconv", kReal, "character sets", kIconv},
    {"json", kReal, "JSON", kJson},
    {"lvgl", kAbsent, "graphics on the display", kNothing},
    {"pack", kReal, "binary data", kPack},
    {"pio", kVirtual, "pins", kPio},
    {"pmd", kVirtual, "power", kPmd},
    {"protobuf.c", kAbsent, "the compiled half of a protobuf library", kNothing},
    {"pwm", kVirtual, "pulse width modulation", kPwm},
    {"qrencode", kAbsent, "QR codes for the display", kNothing},
    {"rtos", kReal, "messages, timers and the device itself", kRtos},
    {"socketcore", kReal, "sockets", kSocketcore},
    {"spi", kVirtual, "SPI buses", kSpi},
    {"ttsply", kAbsent, "speech", kNothing},
    {"uart", kReal, "serial ports", kUart},
    {"watchdog", kAbsent, "the hardware's watchdog", kNothing},
    {"wifi", kAbsent, "the WiFi scanner", kNothing},
    {"zip", kAbsent, "the unpacker of the firmware", kNothing},

    {"io", kReal, "Lua's own, on the device's files", kIo},
    {"math", kReal, "Lua's own", kMath},
    {"os", kReal, "Lua's own, on the device's files and clock", kOs},
    {"string", kReal, "Lua's own", kString},
    {"table", kReal, "Lua's own", kTableLibrary},
};

// "P1_31" of pio: too many to be listed.
bool is_pin_number(std::string_view name) {
  const auto digits = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (name.size() < 4 || name.size() > 5 || name[0] != 'P' || name[1] < '0' || name[1] > '2' || name[2] != '_')
    return false;
  const std::string_view pin = name.substr(3);
  return digits(pin) && (pin.size() == 1 || pin < "32");
}

bool holds(const Entries& entries, std::string_view wanted) {
  for (std::string_view rest = entries.names; !rest.empty();) {
    if (take_name(rest) == wanted) return true;
  }
  return false;
}

const Entries* find_exactly(const ModuleEntry& module, std::string_view name) {
  if (module.name == "pio" && is_pin_number(name)) name = "P0_0";
  const auto found = std::find_if(module.entries.begin(), module.entries.end(),
                                  [name](const Entries& entries) { return holds(entries, name); });
  return found != module.entries.end() ? &*found : nullptr;
}

}  // namespace

std::span<const ModuleEntry> inventory() noexcept {
  return kModules;
}

const ModuleEntry* find_module(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(std::begin(kModules), std::end(kModules), [name](const ModuleEntry& it) { return it.name == name; });
  return found != std::end(kModules) ? found : nullptr;
}

const ModuleEntry* find_absent_module(std::string_view name) noexcept {
  const ModuleEntry* const found = find_module(name);
  return found != nullptr && found->status == Status::absent ? found : nullptr;
}

const Entries* find_entry(const ModuleEntry& module, std::string_view name) noexcept {
  for (std::size_t size = name.find('.');; size = name.find('.', size + 1)) {
    const Entries* const found = find_exactly(module, name.substr(0, size));
    if (found == nullptr || found->kind != EntryKind::table || size == std::string_view::npos) return found;
  }
}

std::string_view take_name(std::string_view& names) noexcept {
  const std::size_t size = std::min(names.find(' '), names.size());
  const std::string_view name = names.substr(0, size);
  names.remove_prefix(std::min(size + 1, names.size()));
  return name;
}

}  // namespace socketcore::lua
