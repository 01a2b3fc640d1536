---@meta spi

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Virtual SPI buses. What a script reads comes from control lines (docs/parts.md).
---@class spilib
spi = {}

---Opens a bus.
---@param bus integer `spi.SPI_1`, `spi.SPI_2`
---@param phase 0|1
---@param polarity 0|1
---@param bits integer 1..32
---@param clock? integer Hz
---@return 1
function spi.setup(bus, phase, polarity, bits, clock) end

---Writes.
---@param bus integer
---@param data string|integer|(string|integer)[]
---@return integer sent Bytes; 0: the bus is not open
function spi.send(bus, data) end

---Reads: what was queued, then zeros.
---@param bus integer
---@param size integer
---@return string data `""`: the bus is not open
function spi.recv(bus, size) end

---Writes and reads as many bytes.
---@param bus integer
---@param data string|integer|(string|integer)[]
---@return string data
function spi.send_recv(bus, data) end

---Closes a bus.
---@param bus integer
---@return 0|1 closed 0: it was not open
function spi.close(bus) end

---The first bus.
spi.SPI_1 = 0
---The second bus.
spi.SPI_2 = 1

return spi
