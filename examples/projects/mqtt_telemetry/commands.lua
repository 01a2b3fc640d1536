-- Commands are JSON: {"set": {"period_ms": 1000}}, {"get": "period_ms"}, {"restart": true}.
module(..., package.seeall)

-- What may be set, and which values make sense. All else is refused: a typing error must not brick a device.
local settable = {
  period_ms = function(value) return type(value) == "number" and value >= 100 and value <= 86400000 end,
  keepalive_s = function(value) return type(value) == "number" and value >= 10 and value <= 3600 end,
}

restart_wanted = false

-- Does what `text` says; returns the answer.
function obey(text)
  local command, good = json.decode(text)
  if not good or type(command) ~= "table" then return "error not JSON" end
  log.info("commands", text)

  if command.restart == true then
    restart_wanted = true
    return "ok restart"
  end
  if type(command.get) == "string" then
    return json.encode({ [command.get] = nvm.get(command.get) })
  end
  if type(command.set) == "table" then
    for name, value in pairs(command.set) do
      local sensible = settable[name]
      if not sensible or not sensible(value) then return "error cannot set " .. tostring(name) end
    end
    -- The third argument is the reason that PARA_CHANGED_IND tells.
    for name, value in pairs(command.set) do nvm.set(name, value, "command") end
    return "ok set"
  end
  return "error unknown command"
end
