---@meta pack

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Numbers and strings as bytes. Codes of a format:
---
---- `<` `>` `=` little-endian, big-endian, as the device (little-endian), for what follows
---- `c` `b` 1 byte, signed and unsigned; `h` `H` 2; `i` `I`, `l` `L` 4: signed and unsigned
---- `f` a float of 4 bytes, `d` `n` of 8
---- `z` a string and a zero; `p` `P` `a` a string behind its length in 1, 2, 4 bytes; `A` a bare string
---
---Digits repeat a code; behind `A`, in `unpack`, they are a length.
---@class packlib
pack = {}

---Values that a field cannot hold lose their upper bits. Raises at an unknown code and a missing value.
---@param format string
---@param ... number|string
---@return string bytes
function pack.pack(format, ...) end

---Stops where the bytes end, without an error.
---@param bytes string
---@param format string
---@param position? integer 1 by default
---@return integer next_position
---@return number|string ... values
function pack.unpack(bytes, format, position) end

return pack
