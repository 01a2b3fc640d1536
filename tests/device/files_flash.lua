-- The flash: io and os below /.
local function content(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function put(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Read, write, append; relative names are those below /.
put("/a.txt", "one\ntwo\0three\n")
assert(content("/a.txt") == "one\ntwo\0three\n")
assert(content("a.txt") == content("/a.txt"))
local file = assert(io.open("a.txt", "a+"))
file:write("four")
file:close()
assert(content("/./x/../a.txt") == "one\ntwo\0three\nfour")
assert(io.type(io.open("/a.txt")) == "file", "handles are Lua's own")

-- Lines, with their end closing the file.
put("/lines", "1\n2\n3")
local seen = {}
for line in io.lines("/lines") do seen[#seen + 1] = line end
assert(table.concat(seen, ",") == "1,2,3")
local ok, message = pcall(io.lines, "/none")
assert(not ok and message:find("/none: No such file or directory", 1, true), message)

-- The default files by name.
local output = io.output()
io.output("/output")
io.write("written")
io.close()
io.output(output)
assert(content("/output") == "written")
local input = io.input()
io.input("/lines")
assert(io.read() == "1")
local rest = {}
for line in io.lines() do rest[#rest + 1] = line end
assert(table.concat(rest, ",") == "2,3")
io.input(input)
assert(not pcall(io.input, "/none"))

-- Folders.
assert(rtos.make_dir("/user_dir") == true)
assert(rtos.make_dir("/user_dir") == true, "there already")
put("/user_dir/b", "b")
assert(rtos.make_dir("/#lua_user#/") == true)
put("/#lua_user#/p.lua", "return 5")
assert(dofile("/#lua_user#/p.lua") == 5)
for _, path in ipairs {"/", "/lua", "/ldata", "/luazip", "/RecDir"} do
  assert(rtos.make_dir(path) == false, path)
  assert(rtos.remove_dir(path) == false, path)
end
assert(rtos.remove_dir("/user_dir") == true)
assert(io.open("/user_dir/b") == nil)
assert(rtos.remove_dir("/user_dir") == false)

-- rename replaces; remove removes.
put("/old", "old")
put("/new", "new")
assert(os.rename("/old", "/new"))
assert(content("/new") == "old" and io.open("/old") == nil)
assert(os.remove("/new") == true)
local result, why, number = os.remove("/new")
assert(result == nil and why == "/new: No such file or directory" and number == 2)
result, why, number = os.rename("/none", "/other")
assert(result == nil and why:find("^/none: ") and number == 2)

local name = os.tmpname()
assert(name:sub(1, 1) == "/")
put(name, "temporary")
assert(os.remove(name))

-- A wrong type raises and names the argument.
for _, call in ipairs {io.open, os.remove, os.rename, io.opendir, rtos.make_dir, rtos.remove_dir, loadfile, dofile} do
  local called, complaint = pcall(call, {})
  assert(not called and complaint:find("bad argument #1"), complaint)
end
assert(not pcall(os.rename, "/a.txt"))

-- Space: a number for each, mounted or not.
for place = 0, 2 do
  assert(type(rtos.get_fs_free_size(place)) == "number")
  assert(type(rtos.get_fs_total_size(place, 1)) == "number")
end
assert(rtos.get_fs_free_size() > 0 and rtos.get_fs_total_size() >= rtos.get_fs_free_size())
assert(math.abs(rtos.get_fs_total_size(0) / 1024 - rtos.get_fs_total_size(0, 1)) < 1)
assert(rtos.get_fs_free_size(7) == 0 and rtos.get_fs_free_size(0 / 0) == 0 and rtos.get_fs_free_size(-1) == 0)
