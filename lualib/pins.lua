--- General purpose pins: output, input, input with a function for its edges.
-- @module pins
-- @usage local led = pins.setup(pio.P0_10, 0)
-- led(1)
-- local button = pins.setup(pio.P0_11, function(edge)
--   log.info("button", edge == cpu.INT_GPIO_NEGEDGE and "down" or "up")
-- end, pio.PULLUP)
-- log.info("button", button())
local rtos = require "rtos"
require "sys"

local pins = {}
_G.pins = pins

local functions = {} -- pin -> function for its edges
local outputs = {} -- pin -> true

local function make_output(pin, value)
  -- The level is chosen with the direction: the pin never shows the other one.
  pio.pin.setdir(value == 1 and pio.OUTPUT1 or pio.OUTPUT, pin)
  outputs[pin] = true
end

local function make_input(pin, pull)
  pio.pin.setdir(pio.INPUT, pin)
  if pull then pio.pin.setpull(pull, pin) end
  outputs[pin] = nil
end

--- Sets a pin up.
-- @param pin its number, as `pio.P0_10`
-- @param[opt] val 0 or 1: an output with that level; a function: an input, `val(edge)` is called for each edge with
-- `cpu.INT_GPIO_POSEDGE` or `cpu.INT_GPIO_NEGEDGE`; nil: an input
-- @param[opt] pull `pio.PULLUP`, `pio.PULLDOWN` or `pio.NOPULL`, for inputs
-- @return function: with 0 or 1 it sets the level (an input turns into an output), without it gives the level (an input
-- that was turned turns back)
function pins.setup(pin, val, pull)
  if type(pin) ~= "number" then error("a pin expected", 2) end
  pins.close(pin)
  if type(val) == "function" then
    functions[pin] = val
    pio.pin.setdir(pio.INT, pin)
    if pull then pio.pin.setpull(pull, pin) end
    return function() return pio.pin.getval(pin) end
  end
  local stays_output = val ~= nil
  if stays_output then
    make_output(pin, tonumber(val))
  else
    make_input(pin, pull)
  end
  return function(value)
    value = tonumber(value)
    if value then
      if not outputs[pin] then make_output(pin, value) end
      pio.pin.setval(value, pin)
      return value
    end
    if outputs[pin] and not stays_output then make_input(pin, pull) end
    return pio.pin.getval(pin)
  end
end

--- Gives a pin up.
-- @param pin its number
function pins.close(pin)
  functions[pin], outputs[pin] = nil, nil
  pio.pin.close(pin)
end

rtos.on(rtos.MSG_INT, function(message)
  local fnc = functions[message.int_resnum]
  if fnc then fnc(message.int_id) end
end)

return pins
