---@meta pwm

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Virtual PWM outputs, channels 0..3. What a script sets is traced.
---@class pwmlib
pwm = {}

---Opens a channel.
---@param channel integer
---@return 0|1 opened 0: no such channel
function pwm.open(channel) end

---Sets an open channel. What the numbers mean differs from channel to channel on the device: frequency and duty, or
---period and level.
---@param channel integer
---@param a integer
---@param b integer
---@param divider? integer
---@return 0|1 set 0: not open, or no such channel
function pwm.set(channel, a, b, divider) end

---Closes a channel.
---@param channel integer
---@return 0|1 closed 0: no such channel
function pwm.close(channel) end

return pwm
