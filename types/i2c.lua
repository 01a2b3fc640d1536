---@meta i2c

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Virtual I2C buses, 0..3. Control lines say which devices are there (docs/parts.md).
---@class i2clib
i2c = {}

---A string, one byte, or a list of these.
---@alias i2c.Data string|integer|(string|integer)[]

---Opens a bus.
---@param bus integer
---@param speed? integer `i2c.SLOW` (default), `i2c.FAST`, or bits per second
---@param address? integer Of the device that `write` and `read` mean
---@return integer speed
function i2c.setup(bus, speed, address) end

---Writes to a device.
---@param bus integer
---@param address integer 7 bits
---@param data i2c.Data
---@return integer sent Bytes; 0: nothing acknowledges, or the bus is not open
function i2c.send(bus, address, data) end

---Reads from a device.
---@param bus integer
---@param address integer 7 bits
---@param size integer
---@return string data `""`: nothing acknowledges, or the bus is not open
function i2c.recv(bus, address, size) end

---Writes to a register of the device of `setup`.
---@param bus integer
---@param register integer
---@param data i2c.Data
---@return integer sent Bytes behind the register
function i2c.write(bus, register, data) end

---Reads from a register of the device of `setup`.
---@param bus integer
---@param register integer
---@param size integer
---@return string data
function i2c.read(bus, register, size) end

---Closes a bus.
---@param bus integer
function i2c.close(bus) end

---100 kbit/s.
i2c.SLOW = 100000
---400 kbit/s.
i2c.FAST = 400000

return i2c
