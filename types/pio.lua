---@meta pio

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Virtual pins, 0..95. `pio.P1_4` is pin 36 (port * 32 + pin); numbers will do. docs/parts.md tells how they are driven.
---@class piolib
---@field [string] integer `P0_0` to `P2_31`
pio = {}

---@alias pio.Level 0|1

---@class pio.pinlib
pio.pin = {}

---Sets up pins.
---@param direction integer `pio.INPUT`, `OUTPUT` (low at first), `OUTPUT1` (high at first), `INT` (an input whose edges are told by `MSG_INT`)
---@param ... integer Pins
function pio.pin.setdir(direction, ...) end

---Sets the level of outputs.
---@param level pio.Level
---@param ... integer Pins
function pio.pin.setval(level, ...) end

---Tells levels: of an output what was set, of an input what is outside.
---@param ... integer Pins
---@return pio.Level ... One for each pin
function pio.pin.getval(...) end

---Gives pins up.
---@param ... integer Pins
function pio.pin.close(...) end

---Chooses the resistor of inputs.
---@param pull integer `pio.PULLUP`, `PULLDOWN`, `NOPULL`
---@param ... integer Pins
function pio.pin.setpull(pull, ...) end

---Makes outputs high.
---@param ... integer Pins
function pio.pin.sethigh(...) end

---Makes outputs low.
---@param ... integer Pins
function pio.pin.setlow(...) end

---How long a level must hold to be an edge: 20 ms at first.
---@param ms integer 0..60000
function pio.pin.setdebounce(ms) end

---Sends pulses. Traced; takes no time.
---@param pin integer
---@param high_us integer
---@param low_us integer
---@param count integer
---@param idle? pio.Level The level after
function pio.pin.plus(pin, high_us, low_us, count, idle) end

---Sends pulses by themselves. Traced.
---@param pin integer
---@param high_us integer
---@param low_us integer
---@param count? integer -1 (default): for ever
function pio.pin.pwm(pin, high_us, low_us, count) end

---A direction: output, low at first.
pio.OUTPUT = 0
---A direction: input.
pio.INPUT = 1
---A direction: output, high at first.
pio.OUTPUT1 = 2
---A direction: input that tells its edges.
pio.INT = 3
---A resistor to the supply.
pio.PULLUP = 0
---A resistor to ground.
pio.PULLDOWN = 1
---No resistor.
pio.NOPULL = 2

return pio
