---@meta _

-- What `rtos` has besides rtos.lua in a device's project. This file is never run by a script.

---@class rtoslib
rtos = rtos

---A pin's edge.
---@class rtos.PinMessage
---@field id integer `rtos.MSG_INT`
---@field int_id integer `cpu.INT_GPIO_POSEDGE` or `cpu.INT_GPIO_NEGEDGE`
---@field int_resnum integer The pin

---A key was pressed or let go.
---@class rtos.KeyMessage
---@field id integer `rtos.MSG_KEYPAD`
---@field pressed boolean
---@field key_matrix_row integer 255 for the power key
---@field key_matrix_col integer 255 for the power key

---Battery or charger have changed.
---@class rtos.PowerMessage
---@field id integer `rtos.MSG_PMD`
---@field present boolean
---@field voltage integer Millivolts
---@field level integer Percent
---@field charger boolean
---@field state 0|1|2 Not charging, charging, full

---A sound is over.
---@class rtos.AudioMessage
---@field id integer `rtos.MSG_AUDIO`
---@field play_end_ind boolean false: it was stopped

---A recording is over.
---@class rtos.RecordMessage
---@field id integer `rtos.MSG_RECORD`
---@field record_end_ind? boolean
---@field record_error_ind? boolean It could not be made

---A piece of a recorded stream waits.
---@class rtos.StreamRecordMessage
---@field id integer `rtos.MSG_STREAM_RECORD`
---@field wait_read_len integer

---Silences `print`, or lets it speak again.
---@param on 0|1|boolean
---@param port? integer
---@return true
function rtos.set_trace(on, port) end

---Why the device has started.
---@return integer reason `rtos.POWERON_...`: `KEY` at first, `RESTART` after a restart, `EXCEPTION` after an error
function rtos.poweron_reason() end

---Goes on after a start by the charger. Traced.
---@param flag? integer
function rtos.poweron(flag) end

---A line for the log.
---@param text string
function rtos.set_lua_info(text) end

---What a crash of the core has left: never anything.
---@return string text `""`
function rtos.get_fatal_info() end

---@return true
function rtos.remove_fatal_info() end

---@param volume? 0|1|2 Flash, SD card, USB disk
---@param kib? 0|1 1: in KiB
---@return number free
function rtos.get_fs_free_size(volume, kib) end

---@param volume? 0|1|2 Flash, SD card, USB disk
---@param kib? 0|1 1: in KiB
---@return number total
function rtos.get_fs_total_size(volume, kib) end

---Makes a folder, and those above it.
---@param path string
---@return boolean made true as well if it was there
function rtos.make_dir(path) end

---Removes a folder with all that is in it.
---@param path string
---@return boolean removed
function rtos.remove_dir(path) end

---Begins an update of the project.
---@return integer code 0, or why not
function rtos.fota_start() end

---The next piece of it.
---@param piece string
---@param total integer Bytes of the whole
---@return integer code 0, or why not
function rtos.fota_process(piece, total) end

---Ends it: what came, a tar archive, is in force from the next start on.
---@return integer code 0; -1 no room, -2 wrong size, -3 no archive, -94 not started
function rtos.fota_end() end

---Sets the script's clock, never the machine's: seconds since 1970, or six numbers of a local time.
---@param seconds_or_year number
---@param month? integer
---@param day? integer
---@param hour? integer
---@param minute? integer
---@param second? integer
function rtos.set_time(seconds_or_year, month, day, hour, minute, second) end

---Sets the alarm, a local time by the script's clock; `MSG_ALARM` follows.
---@param on 0|1|boolean
---@param year? integer
---@param month? integer
---@param day? integer
---@param hour? integer
---@param minute? integer
---@param second? integer
---@return 0|1 set 0: past, or no such time
function rtos.set_alarm(on, year, month, day, hour, minute, second) end

---Switches a part on.
---@param module integer `rtos.MOD_KEYPAD` or `rtos.MOD_ALARM`
---@param ... integer Of the keypad: not looked at
---@return 0|1 known
function rtos.init_module(module, ...) end

---@param decimal string|number
---@param order? "little"|"big" `"little"` by default
---@return string bytes Eight
function rtos.toint64(decimal, order) end

---@param latitude1 number Degrees
---@param longitude1 number
---@param latitude2 number
---@param longitude2 number
---@param radius number Metres
---@return 1|0|-1 farther 1: farther apart than the radius; -1: nearer
function rtos.compare_distance(latitude1, longitude1, latitude2, longitude2, radius) end

---@param data string
---@return string text
function rtos.base64_encode(data) end

---@param text string
---@return {len: integer, str: string} data
function rtos.base64_decode(text) end

---Traced.
---@param on 0|1|boolean
function rtos.sys32k_clk_out(on) end

---Traced.
---@param text? string
function rtos.send_ok(text) end

---Traced.
---@param event integer
function rtos.sendevent(event) end

---Traced.
---@param slot integer
---@param on 0|1|boolean
function rtos.notify_sim_detect(slot, on) end

---`receive`: a port has bytes; its id is the second result.
rtos.MSG_UART_RXDATA = 7
---`receive`: a write has gone out; the port's id is the second result.
rtos.MSG_UART_TX_DONE = 8
---The data link is gone: a table with `id` only.
rtos.MSG_PDP_DEACT_IND = 9
---See `rtos.PinMessage`.
rtos.MSG_INT = 10
---See `rtos.KeyMessage`.
rtos.MSG_KEYPAD = 11
---See `rtos.PowerMessage`.
rtos.MSG_PMD = 12
---`receive`: the alarm's time has come.
rtos.MSG_ALARM = 13
---See `rtos.AudioMessage`.
rtos.MSG_AUDIO = 14
---See `rtos.RecordMessage`.
rtos.MSG_RECORD = 15
---See `rtos.StreamRecordMessage`.
rtos.MSG_STREAM_RECORD = 16
---Never sent here.
rtos.MSG_TTSPLY_STATUS = 40
---Never sent here.
rtos.MSG_TTSPLY_ERROR = 41
---Never sent here.
rtos.MSG_WIFI = 42
---Never sent here.
rtos.MSG_BLUETOOTH = 43
---Never sent here.
rtos.MSG_ZBAR = 44
---Never sent here.
rtos.MSG_HEADSET = 45
---Never sent here.
rtos.MSG_RTMP = 46
---Never sent here.
rtos.MSG_SIM_INSERT_IND = 47
---Never sent here.
rtos.MSG_PDP_ACT_CNF = 48
---Never sent here.
rtos.MSG_PDP_DEACT_CNF = 49
---Never sent here.
rtos.MSG_SOCK_SEND_IND = 50
---For `init_module`.
rtos.MOD_KEYPAD = 0
---For `init_module`.
rtos.MOD_ALARM = 1
---`poweron_reason`: the power key; so does every run begin.
rtos.POWERON_KEY = 0
---`poweron_reason`: not here.
rtos.POWERON_CHARGER = 1
---`poweron_reason`: not here.
rtos.POWERON_ALARM = 2
---`poweron_reason`: a restart.
rtos.POWERON_RESTART = 3
---`poweron_reason`: not here.
rtos.POWERON_OTHER = 4
---`poweron_reason`: not here.
rtos.POWERON_UNKNOWN = 5
---`poweron_reason`: the script ended with an error, and `--restart` started it again.
rtos.POWERON_EXCEPTION = 6
---`poweron_reason`: not here.
rtos.POWERON_HOST = 7
---`poweron_reason`: not here.
rtos.POWERON_WATCHDOG = 8

return rtos
