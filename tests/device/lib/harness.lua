-- What the specs of this folder share: the library over the mock, and checks.
-- A spec is run by `socketcore run tests/device/lib/NAME_spec.lua`, or by any Lua 5.1.
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
package.path = here .. "?.lua;" .. here .. "../../../lualib/?.lua"
for _, name in ipairs { "socket", "http", "mqtt", "json", "log", "utils" } do package.loaded[name] = nil end

local harness = { mock = require "mock" }
local checks = 0

PROJECT, VERSION = "LIBRARY", "1.0.0"

function harness.same(what, actual, expected)
  checks = checks + 1
  if actual ~= expected then
    error(("%s: expected %s, got %s"):format(what, tostring(expected), tostring(actual)), 2)
  end
end

function harness.raises(what, pattern, fnc, ...)
  checks = checks + 1
  local good, message = pcall(fnc, ...)
  if good or not tostring(message):find(pattern) then
    error(("%s: expected an error like %s, got %s"):format(what, pattern, tostring(message)), 2)
  end
end

-- What `fnc` prints, as lines; nothing is shown.
function harness.printed(fnc)
  local real, lines = print, {}
  print = function(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
    lines[#lines + 1] = table.concat(texts, " ")
  end
  local good, message = pcall(fnc)
  print = real
  if not good then error(message, 0) end
  return lines
end

function harness.finish()
  print(checks .. " checks")
end

return harness
