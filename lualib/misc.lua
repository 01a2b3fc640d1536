--- The device itself: its numbers, clock, supply, temperature, PWM outputs.
--
-- Messages: `SN_READY_IND`, `IMEI_READY_IND` once the number is known.
-- @module misc
-- @usage sys.subscribe("IMEI_READY_IND", function() log.info("misc", misc.getImei()) end)
require "sys"
require "ril"

local misc = {}
_G.misc = misc

local sn, imei, muid, model = "", "", "", ""
local calibrated = false

--- The serial number.
-- @return string, "" while unknown
function misc.getSn() return sn end

--- The IMEI.
-- @return string of 15 digits, "" while unknown
function misc.getImei() return imei end

--- The module's unique number.
-- @return string, "" while unknown
function misc.getMuid() return muid end

--- The module's model, as "Air724UG".
-- @return string, "" while unknown
function misc.getModelType() return model end

--- The name of the core.
-- @return string
function misc.getVersion() return rtos.get_version() end

--- Whether the radio is calibrated.
-- @return boolean; false while unknown
function misc.getCalib() return calibrated end

-- Writes a number, asks for it, and tells the caller whether the modem has taken it.
local function write_identity(name, text, length, cbFnc)
  if type(text) ~= "string" or #text == 0 or #text > length or text:find('["%c]') then
    error("text without quotes, of at most " .. length .. " bytes, expected", 3)
  end
  ril.request(("AT+%s=\"%s\""):format(name, text), nil, function(_, success)
    if success then ril.request(name == "WISN" and "AT+WISN?" or "AT+CGSN") end
    if cbFnc then cbFnc(success) end
  end)
end

--- Writes the serial number.
-- @param s the number, at most 64 bytes
-- @param[opt] cbFnc function(success)
function misc.setSn(s, cbFnc) write_identity("WISN", s, 64, cbFnc) end

--- Writes the IMEI.
-- @param s 15 digits
-- @param[opt] cbFnc function(success)
function misc.setImei(s, cbFnc) write_identity("WIMEI", s, 15, cbFnc) end

-- Clock -------------------------------------------------------------------------------------------------------------

local CLOCK_FIELDS = { "year", "month", "day", "hour", "min", "sec" }

--- The clock, in local time.
-- @return table `year`, `month`, `day`, `hour`, `min`, `sec`
function misc.getClock()
  local now, clock = os.date("*t"), {}
  for _, name in ipairs(CLOCK_FIELDS) do clock[name] = now[name] end
  return clock
end

--- Sets the clock.
-- @param t table as `misc.getClock` gives
-- @param[opt] cbFnc function(success)
-- @param[opt=8] ttimeZone hours east of UTC of the time in `t`
-- @usage misc.setClock { year = 2026, month = 2, day = 14, hour = 14, min = 2, sec = 58 }
function misc.setClock(t, cbFnc, ttimeZone)
  local values = {}
  for i, name in ipairs(CLOCK_FIELDS) do
    values[i] = tonumber(type(t) == "table" and t[name])
    if not values[i] then error("a table with " .. name .. " expected", 2) end
  end
  values[1] = values[1] % 100
  values[7] = math.floor((ttimeZone or 8) * 4)
  ril.request(('AT+CCLK="%02d/%02d/%02d,%02d:%02d:%02d%+03d"'):format(unpack(values)), nil, function(_, success)
    if cbFnc then cbFnc(success) end
  end)
end

--- The day of the week.
-- @return 1 (Monday) .. 7 (Sunday)
function misc.getWeek()
  return (os.date("*t").wday + 5) % 7 + 1
end

-- Supply, temperature, PWM ------------------------------------------------------------------------------------------

--- The voltage of the battery.
-- @return millivolts
function misc.getVbatt()
  local _, millivolts = pmd.param_get()
  return millivolts
end

--- Whether the charger is there.
-- @return boolean
function misc.getVbus()
  local _, _, _, charger = pmd.param_get()
  return charger and charger ~= 0 or false
end

--- Asks for the module's temperature.
-- @param cbFnc function(degrees): a number, or nil if the modem did not tell
-- @usage misc.getTemperature(function(degrees) log.info("misc", degrees) end)
function misc.getTemperature(cbFnc)
  if type(cbFnc) ~= "function" then error("a function expected", 2) end
  ril.request("AT+RFTEMPERATURE?", nil, function(_, success, _, line)
    cbFnc(success and line and tonumber(line:match(":%s*(%-?[%d%.]+)")) or nil)
  end)
end

--- Starts a PWM output.
-- @param id number of the output
-- @param para1 frequency or period, see `pwm.set`
-- @param para2 duty or level, see `pwm.set`
function misc.openPwm(id, para1, para2)
  pwm.open(id)
  pwm.set(id, para1, para2)
end

--- Stops a PWM output.
-- @param id number of the output
function misc.closePwm(id)
  pwm.close(id)
end

-- At the start ------------------------------------------------------------------------------------------------------

ril.regRsp("+WISN", function(cmd, success, _, line)
  if cmd ~= "AT+WISN?" or not success or not line then return end
  sn = line
  sys.publish("SN_READY_IND")
end, ril.STRING)

ril.regRsp("+CGSN", function(_, success, _, line)
  if not success or not line then return end
  imei = line
  sys.publish("IMEI_READY_IND")
end, ril.NUMBERIC)

ril.regRsp("+MUID", function(_, success, _, line)
  local text = success and line and line:match('%+MUID:%s*"?([^"]*)"?')
  if text then muid = text end
end)

ril.regRsp("+CGMM", function(_, success, _, line)
  local text = success and line and line:match('%+CGMM:%s*"?([^"]*)"?')
  if text then model = text end
end)

ril.regRsp("+CALIBINFO", function(_, success, _, line)
  local found = false
  for flag in (success and line or ""):gmatch("%w+:(%d)") do
    if flag ~= "1" then
      calibrated = false
      return
    end
    found = true
  end
  calibrated = found
end, ril.STRING)

for _, cmd in ipairs { "AT+WISN?", "AT+CGSN", "AT+MUID?", "AT*EXINFO?", "AT+CGMM" } do ril.request(cmd) end

return misc
