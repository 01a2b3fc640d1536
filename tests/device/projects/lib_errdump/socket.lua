-- Stands for the network: takes reports, and answers as the test says.
local socket = { reports = {}, answers = {} }
_G.socket = socket

local function client(kind)
  local self = {}
  function self:connect(host, port)
    self.to = kind .. " " .. host .. " " .. port
    return true
  end
  function self:send(text)
    socket.reports[#socket.reports + 1] = self.to .. "\n" .. text
    if socket.meanwhile then socket.meanwhile() end
    return true
  end
  function self:recv() -- luacheck: no self
    local answer = table.remove(socket.answers, 1)
    return answer ~= nil, answer or "timeout"
  end
  function self:close() end -- luacheck: no self
  return self
end

function socket.udp() return client "udp" end
function socket.tcp() return client "tcp" end

return socket
