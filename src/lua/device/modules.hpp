#pragma once

#include "lua/lua_api.hpp"

/// The device's C modules beside socketcore, for the runner.
namespace socketcore::lua {

/// Each pushes the table of its module: plain, the script's to change. The userdata of push_host() is on top of the stack
/// and stays below the table. All raise where there is no memory.
void push_adc(lua_State* L);
void push_audiocore(lua_State* L);
void push_bit(lua_State* L);
void push_cpu(lua_State* L);
void push_crypto(lua_State* L);
void push_i2c(lua_State* L);
void push_iconv(lua_State* L);
void push_json(lua_State* L);
void push_pack(lua_State* L);
void push_pio(lua_State* L);
void push_pmd(lua_State* L);
void push_pwm(lua_State* L);
void push_spi(lua_State* L);
void push_uart(lua_State* L);

/// Each adds calls and constants to the table of `rtos`, on top of the stack. `host`: where the userdata of push_host() is.
void add_rtos_device(lua_State* L, int host);
void add_rtos_codec(lua_State* L);

/// What rtos has for the parts. The functions want the host as their first upvalue; the constants go into the table on top.
extern const luaL_Reg kRtosPartCalls[];
void set_rtos_part_constants(lua_State* L);

/// cpu.INT_GPIO_POSEDGE and cpu.INT_GPIO_NEGEDGE: the int_id of MSG_INT.
inline constexpr int kRisingEdge = 1;
inline constexpr int kFallingEdge = 2;

}  // namespace socketcore::lua
