#include "lua/device/open.hpp"

#include "lua/device/dialect.hpp"
#include "lua/device/files.hpp"
#include "lua/device/modules.hpp"
#include "lua/host.hpp"
#include "lua/modules.hpp"

namespace socketcore::lua {

namespace {

struct Module {
  const char* name;
  void (*push)(lua_State*);
};
// By name, for tools that ask what a device has.
constexpr Module kModules[] = {
    {"adc", push_adc},       {"audiocore", push_audiocore}, {"bit", push_bit}, {"cpu", push_cpu}, {"crypto", push_crypto},
    {"i2c", push_i2c},       {"iconv", push_iconv},         {"json", push_json}, {"pack", push_pack}, {"pio", push_pio},
    {"pmd", push_pmd},       {"pwm", push_pwm},             {"spi", push_spi},   {"uart", push_uart},
};

}  // namespace

void open_device(lua_State* L, FileSystem& files, Clock& clock) {
  const int host_place = lua_gettop(L);
  open_dialect(L);
  open_files(L, files, clock);
  for (const Module& module : kModules) {
    lua_pushvalue(L, host_place);
    module.push(L);
    lua_remove(L, -2);
    publish(L, module.name);
  }
  lua_getglobal(L, "rtos");
  add_rtos_device(L, host_place);
  lua_pushvalue(L, host_place);
  set_functions(L, kRtosPartCalls, 1);
  set_rtos_part_constants(L);
  add_rtos_codec(L);
  add_file_calls(L, files);
  lua_settop(L, host_place);
}

}  // namespace socketcore::lua
