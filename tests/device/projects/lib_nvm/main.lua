-- Parameters: values of all kinds, over restarts, with broken files.
PROJECT, VERSION = "LIB_NVM", "1.0.0"
require "sys"
require "nvm"

local function same(what, actual, expected)
  print(actual == expected and "ok" or "WRONG", what)
  if actual ~= expected then
    print("expected", expected, "got", actual)
    os.exit(1)
  end
end
sys.timerStart(function()
  print("not done in time")
  os.exit(1)
end, 20000)

-- What a restart does to the module.
local function restart(...)
  package.loaded.nvm = nil
  require "nvm"
  nvm.init("config.lua", ...)
end

same("not without init", pcall(nvm.get, "server"), false)
nvm.init("config.lua")
same("defaults", nvm.get("server") .. nvm.get("port") .. tostring(nvm.get("enabled")), "example.org1883false")
same("a table", nvm.gett("score", "maths"), 90)
same("nothing", nvm.get("nothing"), nil)
same("no file yet", io.exists("/nvm_para.lua"), false)

same("set", nvm.set("server", "a\0b\r\n\"\\\n\1272"), true)
same("written", io.exists("/nvm_para.lua") and io.exists("/nvm_para_bak.lua"), true)
same("sett", nvm.sett("score", "english", 80), true)
same("sett elsewhere", nvm.sett("port", "x", 1), nil)
nvm.set("tiny", 1 / 3)
nvm.set("huge", math.huge)
nvm.set("end", "a word of Lua")
nvm.set("with blank", { [1.5] = true, ["end"] = { 1 } })
nvm.set("negative", -5)
restart()
same("a string of all kinds", nvm.get("server"), "a\0b\r\n\"\\\n\1272")
same("an element", nvm.gett("score", "english"), 80)
same("an inner table", nvm.gett("score", "names")[2], "b")
same("a fraction", nvm.get("tiny"), 1 / 3)
same("infinity", nvm.get("huge"), math.huge)
same("a word of Lua", nvm.get("end"), "a word of Lua")
same("any key", nvm.gett("with blank", 1.5), true)
same("any inner key", nvm.gett("with blank", "end")[1], 1)
same("negative", nvm.get("negative"), -5)

-- Values are copies.
local score = nvm.get("score")
score.maths = 0
same("a copy", nvm.gett("score", "maths"), 90)

-- Not written at once, then all together; flush.
nvm.set("port", 1, nil, false)
nvm.set("enabled", true, nil, false)
restart()
same("not written", nvm.get("port"), 1883)
nvm.set("port", 1, nil, false)
nvm.set("negative", -5)
restart()
same("written by the next set, even of the same value", nvm.get("port"), 1)
nvm.sett("score", "maths", nil, nil, false)
same("flush", nvm.flush(), true)
restart()
same("removed", nvm.gett("score", "maths"), nil)

-- What cannot be kept.
same("a function", nvm.set("f", print), nil)
same("nil", nvm.set("f", nil), nil)
same("a function inside", nvm.set("f", { print }), nil)
local ring = {}
ring[1] = ring
same("a ring", nvm.set("f", ring), nil)
same("nothing of it", nvm.get("f"), nil)

-- Broken files.
io.writeFile("/nvm_para.lua", "server = \"half")
restart()
same("the spare file", nvm.get("port"), 1)
io.writeFile("/nvm_para.lua", (io.readFile("/nvm_para_bak.lua"):gsub("port=.*$", "")))
restart()
same("the spare file instead of a torn one", nvm.get("port"), 1)
io.writeFile("/nvm_para.lua", "")
io.writeFile("/nvm_para_bak.lua", "error 'no'")
os.remove("/nvm_para.lua")
restart()
same("the defaults", nvm.get("port"), 1883)
io.writeFile("/nvm_para.lua", "os = 5 print = nil port = 7")
restart()
same("a file assigns parameters", nvm.get("port"), 7)
same("and no globals", type(os) .. type(print), "tablefunction")

-- restore, remove, the other folder.
nvm.restore()
restart()
same("restored", nvm.get("port"), 1883)
nvm.set("port", 9)
nvm.remove()
restart()
same("removed", nvm.get("port"), 1883)
restart(true)
nvm.set("port", 10)
same("kept over flashing", io.exists("/#lua_user#/nvm_para.lua"), true)

-- Messages: for another value with a reason.
local heard = {}
sys.subscribe("PARA_CHANGED_IND", function(...) heard[#heard + 1] = table.concat({ ... }, " ") end)
sys.subscribe("TPARA_CHANGED_IND", function(...) heard[#heard + 1] = table.concat({ ... }, " ") end)
nvm.set("port", 11, "TEST")
nvm.set("port", 11, "TEST")
nvm.set("port", 12)
nvm.sett("score", "maths", 1, "TEST")
nvm.sett("score", "maths", 1, "TEST")
sys.timerStart(function()
  same("told", table.concat(heard, "|"), "port 11 TEST|score maths 1 TEST")
  os.exit(0)
end, 10)

sys.init(0, 0)
sys.run()
