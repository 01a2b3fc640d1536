-- A modem that says anything, asked and unasked, to all modules that listen to it. A line of the input that begins
-- with `!` comes unasked; each other one answers a command. `|` stands for its line ends.
local core = ...
local mock = require "mock"
require "sys"
for _, name in ipairs { "link", "sms", "cc", "misc", "net", "sim" } do require(name) end
local lines = core.input:sub(3):gsub("\r", "")
local function next_line()
  local line, rest = lines:match("^([^\n]*)\n?(.*)$")
  lines = rest
  return (line:gsub("|", "\r\n"))
end
local function say_unasked()
  while lines:sub(1, 1) == "!" do mock.say(next_line():sub(2)) end
end
function mock.modem(command)
  local line = next_line()
  mock.say(line == "" and (command:find("CMGS=") and "\r\n> " or "\r\nOK\r\n") or line)
  say_unasked()
end
sms.setNewSmsCb(function(number, text, time)
  core.check(type(number) == "string" and type(text) == "string" and type(time) == "string", "a message without its parts")
end)
sys.init(0, 0)
mock.say("\r\nRDY\r\n\r\nSMS READY\r\n")
sys.taskInit(function()
  sms.send("10086", ("x"):rep(80), function() end)
  cc.dial("10086")
  net.startQueryAll(60000, 60000)
  while lines ~= "" do
    sys.wait(1000)
    say_unasked()
    net.getMultiCell(function(list) core.check(type(list) == "table", "no list of cells") end)
    misc.getTemperature(function(degrees) core.check(degrees == nil or type(degrees) == "number", "no temperature") end)
  end
  cc.hangUp()
end)
