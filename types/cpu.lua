---@meta cpu

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Which edge a `MSG_INT` tells of (`int_id`).
---@class cpulib
cpu = {}

---The level has risen.
cpu.INT_GPIO_POSEDGE = 1
---The level has fallen.
cpu.INT_GPIO_NEGEDGE = 2

return cpu
