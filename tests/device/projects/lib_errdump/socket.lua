-- Stands for the network: takes reports, and answers as the test says.
local socket = { reports = {}, answers = {} }
_G.socket = socket

local function client(kind)
  local one = {}
  function one.connect(_, host, port)
    one.to = kind .. " " .. host .. " " .. port
    return true
  end
  function one.send(_, text)
    socket.reports[#socket.reports + 1] = one.to .. "\n" .. text
    if socket.meanwhile then socket.meanwhile() end
    return true
  end
  function one.recv()
    local answer = table.remove(socket.answers, 1)
    return answer ~= nil, answer or "timeout"
  end
  function one.close() end
  return one
end

function socket.udp() return client "udp" end
function socket.tcp() return client "tcp" end

return socket
