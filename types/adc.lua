---@meta adc

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Virtual analogue inputs, channels 0..7. docs/parts.md tells how they are driven.
---@class adclib
adc = {}

---Opens a channel.
---@param channel integer
---@param scale? integer `adc.SCALE_...`, the range; default 5 V
---@return 0|1 opened 0: no such channel
function adc.open(channel, scale) end

---Measures.
---@param channel integer
---@return integer raw 0..4095; 65535 if the channel is not open
---@return integer millivolt 65535 if the channel is not open
function adc.read(channel) end

---Closes a channel.
---@param channel integer
---@return 0|1 closed 0: no such channel
function adc.close(channel) end

---Up to 1.25 V.
adc.SCALE_1V250 = 0
---Up to 2.444 V.
adc.SCALE_2V444 = 1
---Up to 3.233 V.
adc.SCALE_3V233 = 2
---Up to 5 V.
adc.SCALE_5V000 = 3

return adc
