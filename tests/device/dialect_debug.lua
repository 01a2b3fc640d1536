-- What functions and objects of the core hold is out of a script's reach; what its own hold is not.
for _, library in pairs {io = io, os = os, rtos = rtos, base = _G} do
  for name, call in pairs(library) do
    if type(call) == "function" and debug.getinfo(call, "S").what == "C" then
      assert(debug.getupvalue(call, 1) == nil and debug.setupvalue(call, 1, nil) == nil, name)
      assert(debug.getfenv(call) == nil and debug.setfenv(call, {}) == nil, name)
    end
  end
end
assert(io.opendir("/") == 1)

local file = io.open("/file", "w")
assert(debug.getfenv(file) == nil and debug.setfenv(file, {}) == nil and debug.setmetatable(file, {}) == nil)
assert(debug.setmetatable(newproxy(), getmetatable(file)) == nil)
assert(file:write("x") and file:close())

local count = 1
local function counts() return count end
local name, value = debug.getupvalue(counts, 1)
assert(name == "count" and value == 1)
assert(debug.setupvalue(counts, 1, 2) == "count" and counts() == 2 and count == 2)
assert(not pcall(debug.getupvalue, 1, 1) and not pcall(debug.setupvalue, counts))
assert(debug.getfenv(counts) == _G and debug.setfenv(counts, {}) == counts and next(debug.getfenv(counts)) == nil)
assert(debug.setmetatable(nil, {__index = function() return "none" end}) and (nil).field == "none")
assert(debug.setmetatable(nil, nil))
