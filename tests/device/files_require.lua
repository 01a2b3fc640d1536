-- Boot and require, as the device has them.
assert(package.path == "/lua/?.lua;/lua/?.luac;/lua/?.luae")
assert(debug.getinfo(1, "S").source:find("^@/lua/files_require%.lua$"), "scripts go by the device's paths")

-- The project is flat, for require and for io.
require "flat_module"
assert(flat_module.count(1, nil, 3) == 3)
assert(package.loaded.flat_module == flat_module)
local file = assert(io.open("/lua/flat_text.crt"))
assert(file:read("*a") == "certificate\n")
file:close()
assert(io.open("/ldata/flat_text.crt"))
assert(io.open("/lua/deeper/flat_text.crt") == nil)

-- A missing module lists where it was looked for.
local found, message = pcall(require, "not.there")
assert(not found)
for _, ending in ipairs {"lua", "luac", "luae"} do
  assert(message:find("\n\tno file '/lua/not/there." .. ending .. "'", 1, true), message)
end

-- The parameter store: shipped defaults are copied to the flash, changed there and required from there, by a path that
-- is put before package.path for one call.
require "defaults"
assert(defaults.interval == 60)
local text = io.open("/lua/defaults.lua"):read("*a")
local store = io.open("/nvm_para.lua", "w")
store:write((text:gsub("60", "75")))
store:close()
local path = package.path
package.path = "/?.lua;/?.luae;/#lua_user#/?.lua;/#lua_user#/?.luae;" .. path
require "nvm_para"
package.path = path
assert(nvm_para.interval == 75)
package.loaded.nvm_para = nil
assert(not pcall(require, "nvm_para"), "the path counts afresh each time")
package.path = "/?.lua"
assert(require("nvm_para").interval == 75)
package.path = ";;" .. path .. ";"
package.loaded.defaults = nil
assert(require("defaults").interval == 60, "empty templates are none")
package.path = nil
found, message = pcall(require, "elsewhere")
assert(not found and message:find("'package.path' must be a string", 1, true), message)
package.path = path

-- package.preload comes first.
package.preload.flat_text = function(name) return {name = name} end
assert(require("flat_text").name == "flat_text")

-- A module that does not compile, and one that raises.
local bad = io.open("/bad.lua", "w")
bad:write("x = = 1")
bad:close()
bad = io.open("/raises.lua", "w")
bad:write("#!first line\n\nerror('wrong')")
bad:close()
package.path = "/?.lua;" .. path
found, message = pcall(require, "bad")
assert(not found and message:find("error loading module 'bad' from file '/bad.lua':\n\t/bad.lua:1:", 1, true), message)
found, message = pcall(require, "raises")
assert(not found and message == "/raises.lua:3: wrong", message)
package.path = path

-- loadfile and dofile.
local chunk
chunk, message = loadfile("/none.lua")
assert(chunk == nil and message == "cannot open /none.lua: No such file or directory", message)
chunk, message = loadfile("/bad.lua")
assert(chunk == nil and message:find("^/bad.lua:1:"), message)
found, message = pcall(dofile, "raises.lua")
assert(not found and message == "raises.lua:3: wrong", message)
local results = io.open("/results.lua", "w")
results:write("return 1, nil, nil")
results:close()
assert(select("#", dofile("/results.lua")) == 3 and select("#", loadfile("/results.lua")()) == 3)
local compiled = io.open("/compiled.luac", "wb")
compiled:write(string.dump(function() return 7 end))
compiled:close()
assert(dofile("/compiled.luac") == 7)
assert(not pcall(dofile, "/"), "a folder is no script")
