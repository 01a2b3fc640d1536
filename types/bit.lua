---@meta bit

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Operations on the bits of numbers. Numbers count modulo 2^32, and results are **unsigned** (LuaJIT's own are signed).
---@class bitlib
bit = {}

---@param ... integer Any number of them
---@return integer and_of_all
function bit.band(...) end

---@param ... integer Any number of them
---@return integer or_of_all
function bit.bor(...) end

---@param ... integer Any number of them
---@return integer xor_of_all
function bit.bxor(...) end

---@param n integer
---@return integer complement
function bit.bnot(n) end

---@param n integer
---@param places integer 32 and more leave 0
---@return integer shifted
function bit.lshift(n, places) end

---@param n integer
---@param places integer 32 and more leave 0
---@return integer shifted
function bit.rshift(n, places) end

---Shifts the sign in.
---@param n integer
---@param places integer
---@return integer shifted
function bit.arshift(n, places) end

---@param n integer
---@param places integer Modulo 32
---@return integer rotated
function bit.rol(n, places) end

---@param n integer
---@param places integer Modulo 32
---@return integer rotated
function bit.ror(n, places) end

---@param n integer
---@param digits? integer 8 by default; negative: upper case
---@return string hex
function bit.tohex(n, digits) end

---The number with this one bit.
---@param place integer 0..31
---@return integer n
function bit.bit(place) end

---@param n integer
---@param place integer 0..31
---@return boolean set
function bit.isset(n, place) end

---@param n integer
---@param place integer 0..31
---@return boolean clear
function bit.isclear(n, place) end

---@param n integer
---@param ... integer Places, 0..31
---@return integer n With these bits set
function bit.set(n, ...) end

---@param n integer
---@param ... integer Places, 0..31
---@return integer n With these bits cleared
function bit.clear(n, ...) end

return bit
