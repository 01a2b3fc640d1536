--- The mobile network: registration, cell, signal, flight mode.
--
-- Messages: `NET_STATE_REGISTERED`, `NET_STATE_UNREGISTER`; `NET_CELL_CHANGED` when the cell is another one;
-- `NET_UPD_NET_MODE` when the kind of network changes; `GSM_SIGNAL_REPORT_IND` (success, rssi) after each query of the
-- signal; `CELL_INFO_IND` (list of cells) after each query of the cells; `FLYMODE` (boolean) when flight mode was set.
-- @module net
-- @usage net.startQueryAll(60000, 60000)
-- sys.subscribe("GSM_SIGNAL_REPORT_IND", function(success, rssi) log.info("net", success, rssi) end)
require "sys"
require "ril"
require "sim"

local net = {}
_G.net = net

--- What `net.getNetMode` gives.
net.NetMode_noNet = 0
net.NetMode_GSM = 1
net.NetMode_EDGE = 2
net.NetMode_TD = 3
net.NetMode_WCDMA = 4
net.NetMode_LTE = 5

local SEARCHING = 2
local LTE = 7
local MODE_OF_TECHNOLOGY = {
  [0] = net.NetMode_GSM, [1] = net.NetMode_GSM, [2] = net.NetMode_WCDMA, [3] = net.NetMode_EDGE,
  [4] = net.NetMode_WCDMA, [5] = net.NetMode_WCDMA, [6] = net.NetMode_WCDMA, [LTE] = net.NetMode_LTE,
}
local MODE_OF_SYSTEM = { [3] = net.NetMode_GSM, [5] = net.NetMode_WCDMA, [15] = net.NetMode_TD, [17] = net.NetMode_LTE }
local EEMOPT_RETRY_MS = 3000
local RSRP_UNKNOWN = 255

local state = "INIT"
local stats = {} -- "+CREG" and so on -> last <stat>
local lte = false -- known to be on LTE: then only +CEREG lines tell the state
local mode = net.NetMode_noNet
local lac, ci = "", ""
local mcc, mnc, band, ta = "", "", "", 0
local rssi, rsrp = 0, 0
local cells = {}
local flying = false

-- Registration ------------------------------------------------------------------------------------------------------

local function set_mode(new)
  if not new or new == mode then return end
  mode = new
  sys.publish("NET_UPD_NET_MODE")
end

local function is_registered(stat) return stat == 1 or stat == 5 end

local function set_state(new)
  if new == state then return end
  state = new
  if new == "REGISTERED" then
    sys.publish("NET_STATE_REGISTERED")
    net.csqQueryPoll()
    net.cengQueryPoll()
  else
    if new == "UNREGISTER" then sys.publish("NET_STATE_UNREGISTER") end
    set_mode(net.NetMode_noNet)
  end
end

local function set_cell(new_lac, new_ci)
  if not new_lac or new_lac == lac and new_ci == ci then return end
  lac, ci = new_lac, new_ci
  sys.publish("NET_CELL_CHANGED")
end

local function registration(line, name)
  -- The answer to a query has <n> before <stat>; a line that came unasked begins with <stat>.
  local values = line:match("^" .. name:gsub("%+", "%%+") .. ":%s*(.*)$") or ""
  local stat, rest = values:match("^%d+,(%d+)(.*)$")
  if not stat then stat, rest = values:match("^(%d+)(.*)$") end
  if not stat then return end
  local new_lac, new_ci, technology = rest:match('^,"(%x+)","(%x+)",?(%d*)')
  technology = tonumber(technology)
  stat = tonumber(stat)
  stats[name] = stat
  if is_registered(stat) and (technology == LTE or name == "+CEREG") then lte = true end
  local on
  if lte and stats["+CEREG"] then
    on = is_registered(stats["+CEREG"])
  else
    on = is_registered(stats["+CREG"]) or is_registered(stats["+CGREG"])
  end
  if on then
    -- A line without the kind of network: LTE if that is known, else what it was, at least 2G.
    set_mode(MODE_OF_TECHNOLOGY[technology] or lte and net.NetMode_LTE or mode == net.NetMode_noNet and net.NetMode_GSM)
    set_cell(new_lac, new_ci)
    set_state("REGISTERED")
  elseif state ~= "INIT" or stat ~= SEARCHING and not is_registered(stat) then
    set_state("UNREGISTER")
  end
end

for _, name in ipairs { "+CREG", "+CGREG", "+CEREG" } do
  local function unasked(line) registration(line, name) end
  ril.regUrc(name, unasked)
  ril.regRsp(name, function(_, success, _, line)
    if success and line then registration(line, name) end
  end)
end

ril.regUrc("^MODE", function(line)
  local system = tonumber(line:match("^%^MODE:%s*(%d+)"))
  if system == 17 then lte = true end
  if state == "REGISTERED" then set_mode(MODE_OF_SYSTEM[system]) end
end)

--- The state of the registration.
-- @return "INIT" (starting), "REGISTERED" or "UNREGISTER"
function net.getState() return state end

--- The kind of network.
-- @return `net.NetMode_...`
function net.getNetMode() return mode end

--- Country code of the network in use.
-- @return string of digits, "" while unknown
function net.getMcc() return mcc end

--- Network code of the network in use.
-- @return string of digits, "" while unknown
function net.getMnc() return mnc end

--- Area code of the cell.
-- @return string of hexadecimal digits, "" while unknown
function net.getLac() return lac end

--- Number of the cell.
-- @return string of hexadecimal digits, "" while unknown
function net.getCi() return ci end

--- The frequency band.
-- @return string of digits, "" while unknown
function net.getBand() return band end

--- Timing advance of the cell.
-- @return number
function net.getTa() return ta end

-- Signal and cells --------------------------------------------------------------------------------------------------

--- Strength of the signal, as last asked for.
-- @return 0 (none) .. 31
function net.getRssi() return rssi end

--- Power of the reference signal, as last asked for.
-- @return 0 .. 97 in steps of 1 dB from -141 dBm
function net.getRsrp() return rsrp end

--- The cells last asked for, as text.
-- @return "lac.ci.rssi;" for each cell, decimal
function net.getCellInfo()
  local text = {}
  for i, cell in ipairs(cells) do text[i] = ("%d.%d.%d;"):format(cell.lac, cell.ci, cell.rssi) end
  return table.concat(text)
end

--- The cells last asked for, as text with their networks.
-- @param[opt] signal true: with the signal of each cell
-- @return "mcc.mnc.lac.ci.rssi;" (or without rssi) for each cell, decimal
function net.getCellInfoExt(signal)
  local text = {}
  for i, cell in ipairs(cells) do
    local shown = ("%s.%s.%d.%d"):format(cell.mcc, cell.mnc, cell.lac, cell.ci)
    text[i] = shown .. (signal and "." .. cell.rssi or "") .. ";"
  end
  return table.concat(text)
end

local function copy_of_cells()
  local list = {}
  for i, cell in ipairs(cells) do
    list[i] = {}
    for key, value in pairs(cell) do list[i][key] = value end
  end
  return list
end

-- A query is not put into the queue again while it waits there.
local signal_asked, cells_asked = false, false

local want_cells = {} -- functions that wait for the next answer

--- Asks for the cells now.
-- @param cbFnc function, called once with the list of cells: each a table `mcc`, `mnc`, `lac`, `ci`, `rssi`, `ta`
function net.getMultiCell(cbFnc)
  if type(cbFnc) ~= "function" then error("a function expected", 2) end
  want_cells[#want_cells + 1] = cbFnc
  net.cengQueryPoll()
end

ril.regRsp("+CSQ", function(_, success, _, line)
  local value = success and line and tonumber(line:match("%+CSQ:%s*(%d+)"))
  if value then rssi = value <= 31 and value or 0 end
  sys.publish("GSM_SIGNAL_REPORT_IND", value ~= nil and value ~= false, rssi)
end)

ril.regRsp("+CESQ", function(_, success, _, line)
  signal_asked = false
  local value = success and line and tonumber(line:match("%+CESQ:%s*%d+,%d+,%d+,%d+,%d+,(%d+)"))
  if value and value ~= RSRP_UNKNOWN then rsrp = value end
end)

-- The modem writes the decimal value of a hexadecimal number whose digits are the decimal ones: 1120 is 0x460.
local function digits_of(value, shortest)
  local digits = ("%x"):format(tonumber(value) or 0)
  return ("0"):rep(shortest - #digits) .. digits
end

local function serving_cell(line)
  local fields = {}
  for field in line:match(":%s*(.*)$"):gmatch("[^,%s]+") do fields[#fields + 1] = tonumber(field) or 0 end
  if #fields < 15 then return nil end
  return {
    mcc = digits_of(fields[1], 3), mnc = digits_of(fields[3], 2), lac = fields[4], ci = fields[10],
    rssi = math.floor(fields[15] / 3), ta = 0, band = fields[8],
  }
end

ril.regRsp("+EEMGINFO", function(_, success, _, text)
  cells_asked = false
  local found
  for line in (success and text or ""):gmatch("[^\r\n]+") do
    if line:match("^%+EEMLTESVC:") then found = found or serving_cell(line) end
  end
  if found then
    band = tostring(found.band)
    found.band = nil
    mcc, mnc, ta = found.mcc, found.mnc, found.ta
    cells = { found }
    sys.publish("CELL_INFO_IND", copy_of_cells())
  end
  local waiting = want_cells
  want_cells = {}
  for _, fnc in ipairs(waiting) do fnc(copy_of_cells()) end
end, ril.SPECIAL)

local function ask_signal()
  if signal_asked or flying then return end
  signal_asked = true
  ril.request("AT+CSQ")
  ril.request("AT+CESQ")
end

local function ask_cells()
  if cells_asked or flying then return end
  cells_asked = true
  ril.request("AT+EEMGINFO?")
end

local function now_and_again(ask, period)
  if period then sys.timerLoopStart(ask, period) end
  ask()
end

--- Asks for the signal now; not in flight mode.
-- @param[opt] period milliseconds: asks again and again, until `net.stopQueryAll`
function net.csqQueryPoll(period)
  now_and_again(ask_signal, period)
end

--- Asks for the cells now; not in flight mode.
-- @param[opt] period milliseconds: asks again and again, until `net.stopQueryAll`
function net.cengQueryPoll(period)
  now_and_again(ask_cells, period)
end

--- Asks for signal and cells now, and again and again.
-- @param[opt] csq_period milliseconds between two questions for the signal
-- @param[opt] cell_period milliseconds between two questions for the cells
-- @return true
-- @usage net.startQueryAll(60000, 60000)
function net.startQueryAll(csq_period, cell_period)
  net.csqQueryPoll(csq_period)
  net.cengQueryPoll(cell_period)
  return true
end

--- Ends the repeated questions for signal and cells.
function net.stopQueryAll()
  sys.timerStop(ask_signal)
  sys.timerStop(ask_cells)
end

-- Flight mode -------------------------------------------------------------------------------------------------------

--- Turns flight mode on or off. `FLYMODE` follows when the modem has done it.
-- @param on boolean
-- @usage net.switchFly(true)
function net.switchFly(on)
  on = on and true or false
  ril.request("AT+CFUN=" .. (on and 0 or 1), nil, function(_, success)
    if not success then return end
    flying = on
    sys.publish("FLYMODE", on)
    if not on then net.startQueryAll() end
  end)
end

-- At the start ------------------------------------------------------------------------------------------------------

local function ask_for_reports()
  ril.request("AT+EEMOPT=1", nil, function(_, success)
    if not success then sys.timerStart(ask_for_reports, EEMOPT_RETRY_MS) end
  end)
end

for _, cmd in ipairs {
  "AT+COPS?", "AT+CREG=2", "AT+CGREG=2", "AT+CEREG=2", "AT+CREG?", "AT+CGREG?", "AT+CEREG?", "AT+CALIBINFO?",
  "AT*BAND?",
} do
  ril.request(cmd)
end
ask_for_reports()
net.startQueryAll()

return net
