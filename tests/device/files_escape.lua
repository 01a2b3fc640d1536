-- No path and no function leads to the files of the host.
local function refused(file, message, number)
  assert(file == nil)
  assert(message:find("leads out of the device's files", 1, true), message)
  assert(number == 13)
end

for _, path in ipairs {
  "/lua/../../etc/passwd", "../etc/passwd", "/../etc/passwd", "..", "/a/../../etc/passwd", "/./.././etc/passwd",
  "/sdcard0/../../etc/passwd", "//..//etc/passwd",
} do
  refused(io.open(path))
  refused(io.open(path, "w"))
  refused(os.remove(path))
  refused(os.rename(path, "/mine"))
  refused(os.rename("/lua_is_not_asked", path))
  assert(loadfile(path) == nil and not pcall(dofile, path) and not pcall(io.lines, path))
  assert(not pcall(io.input, path) and not pcall(io.output, path))
  assert(io.opendir(path) == 0 and not rtos.make_dir(path) and not rtos.remove_dir(path))
end
assert(io.open("/etc/passwd") == nil, "the device has an /etc of its own, or none")
assert(io.open("/proc/self/environ") == nil and io.opendir("/etc") == 0)

-- A zero byte does not cut a path short.
local file, message, number = io.open("/a\0/../../etc/passwd")
assert(file == nil and number == 22, message)
assert(io.open("/b\0c", "w") == nil and io.open("/b") == nil)
assert(os.remove("/b\0") == nil and loadfile("/lua/defaults.lua\0") == nil and not pcall(dofile, "/lua/defaults.lua\0"))
assert(io.opendir("/\0") == 0 and not rtos.make_dir("/b\0c") and io.opendir("/b") == 0)
assert(io.open(("x"):rep(100000)) == nil)

-- The project is read only.
for _, path in ipairs {"/lua/new", "/ldata/new", "/lua/defaults.lua", "lua/new", "/x/../lua/new"} do
  for _, mode in ipairs {"w", "a", "r+", "w+", "a+", "wb", "r+b"} do
    file, message, number = io.open(path, mode)
    assert(file == nil and message == path .. ": the project's files are read only" and number == 30, message)
  end
  assert(os.remove(path) == nil and os.rename(path, "/x") == nil and os.rename("/x", path) == nil)
end
assert(os.remove("/") == nil and os.rename("/", "/x") == nil)

-- require stays inside, too, and foreign modules are none of its business.
local path = package.path
package.path = "/../?;/?;/etc/?;../../?.lua;" .. path
local found, tried = pcall(require, "passwd")
assert(not found and tried:find("no file '/../passwd' (leads out", 1, true), tried)
package.path = path
assert(package.cpath == "" and #package.loaders == 2 and package.searchpath == nil)
for _, name in ipairs {"socket", "cjson", "lfs", "ffi", "jit.v"} do
  found, tried = pcall(require, name)
  assert(not found and tried:find("no file '/lua/" .. name:gsub("%.", "/") .. ".luae'", 1, true), tried)
  assert(package.loaded[name] == nil)
end

-- A number of LuaJIT's that needs the ffi does not bring it back.
local chunk = loadstring("return 1LL")
if chunk then chunk() end
assert(package.loaded.ffi == nil and not pcall(require, "ffi"))

-- What would lead round all that says why it does not.
for name, call in pairs {
  ["os.execute"] = os.execute, ["io.popen"] = io.popen, ["package.loadlib"] = package.loadlib,
  ["debug.getregistry"] = debug.getregistry,
} do
  local called, why = pcall(call, "true", "*")
  assert(not called and why:find(name, 1, true) and why:find("device", 1, true), why)
end

-- The stock functions are not to be had from ours.
for _, call in ipairs {io.open, io.lines, io.input, io.output, os.remove, os.rename, loadfile, dofile} do
  for place = 1, 5 do
    local _, value = debug.getupvalue(call, place)
    assert(type(value) ~= "function")
  end
end
