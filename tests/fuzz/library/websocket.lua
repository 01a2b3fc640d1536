-- A server that sends anything; in it, ACCEPT stands for what it would have to answer to the client's key. Flags: 16, the
-- script sends too.
local core = ...
require "websocket"
local accept
function core.rewrite(rest)
  local key = core.sent:match("Sec%-WebSocket%-Key: ([^\r]+)")
  if not key then return rest end
  key = key .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
  accept = accept or crypto.base64_encode(crypto.sha1(key, #key):fromHex(), 20)
  return (rest:gsub("ACCEPT", function() return accept end))
end
core.task(function()
  local ws = websocket.new("ws://host.test:81/chat")
  if ws:connect(20000) then
    for _ = 1, 40 do
      local good, data = ws:recv(5000)
      if good then
        core.check(type(data) == "string", "a message that is no string")
      elseif data ~= "timeout" then
        break
      end
      if core.flag(16) then core.check(type(ws:send("text", true)) == "boolean", "send gives no boolean") end
    end
  end
  ws:close()
end)
