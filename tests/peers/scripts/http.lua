-- Just enough of HTTP for the tests: a request on a connection, and its answer.
local http = {}

-- Reads one answer with a Content-Length: status, headers (lower case), body. `rest` is what was read too much before.
function http.answer(kit, id, rest)
  local data = rest or ""
  local function more()
    local piece = socketcore.sock_recv(id, 65536)
    if #piece == 0 then
      local message = kit.wait("RECV_IND|CLOSE_IND", id)
      if message.kind == "CLOSE_IND" then error("the server closed in the middle of an answer") end
      piece = socketcore.sock_recv(id, 65536)
    end
    return piece
  end
  while not data:find("\r\n\r\n", 1, true) do data = data .. more() end
  local head, tail = data:match("^(.-)\r\n\r\n(.*)$")
  local headers = {}
  for name, value in head:gmatch("\r\n([^:]+): *([^\r]*)") do headers[name:lower()] = value end
  local parts, have, length = {tail}, #tail, tonumber(headers["content-length"])
  while have < length do
    local piece = more()
    parts[#parts + 1] = piece
    have = have + #piece
  end
  local body = table.concat(parts)
  return tonumber(head:match("^HTTP/1.%d (%d+)")), headers, body:sub(1, length), body:sub(length + 1)
end

function http.request(kit, id, method, path, fields, body)
  local lines = {method .. " " .. path .. " HTTP/1.1", "Host: localhost"}
  for name, value in pairs(fields or {}) do lines[#lines + 1] = name .. ": " .. value end
  if body then lines[#lines + 1] = "Content-Length: " .. #body end
  kit.upload(id, table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or ""))
end

return http
