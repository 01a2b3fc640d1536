--- FTP client for tasks: one session, passive mode.
-- Each function returns the server's last code and text, both strings. Where the server did not answer at all, the
-- code is one of "502" (no connection), "426" (the connection broke), "503" (no answer in time), "501" (a wrong
-- argument), "425" (no data connection), "450" (a local file) or "500" (what came is not FTP).
-- @module ftp
-- @usage
-- sys.taskInit(function()
--   if ftp.login("PASV", "ftp.example.com", 21, "me", "secret") == "230" then
--     log.info("ftp", ftp.upload("report.txt", "/report.txt"))
--     log.info("ftp", ftp.list("/"))
--   end
--   ftp.close()
-- end)
require "sys"
require "log"
require "socket"

local ftp = {}
_G.ftp = ftp

local DEFAULT_TIMEOUT_MS = 60000
local LARGEST_LINE = 4096        -- of a reply
local LARGEST_REPLY = 65536
local LARGEST_LISTING = 1048576
local PIECE = 11200              -- of a file that is sent

local control            -- the session's socket
local session = {}       -- host, ssl, cert, and what of its replies was not read yet

local function limit(timeout)
  timeout = tonumber(timeout) or 0
  return timeout > 0 and timeout or DEFAULT_TIMEOUT_MS
end

local function drop()
  local client = control
  control = nil
  if client then client:close() end
end

local function broken(code, text)
  drop()
  return code, text
end

-- Replies -------------------------------------------------------------------------------------------------------------

local function read_line(deadline)
  while true do
    local first, last = session.input:find("\n", 1, true)
    if first then
      local line = session.input:sub(1, first - 1):gsub("\r$", "")
      session.input = session.input:sub(last + 1)
      return line
    end
    if #session.input > LARGEST_LINE then return nil, "500", "a reply that is too long" end
    local left = deadline - os.clockms()
    local good, data
    if left > 0 then good, data = control:recv(math.ceil(left)) else data = "timeout" end
    if not good then
      if data == "timeout" then return nil, "503", "no answer in time" end
      return nil, "426", "the connection has ended"
    end
    session.input = session.input .. data
  end
end

-- The code and text of the next reply. What is no reply ends the session.
local function read_reply(timeout)
  if not control then return "502", "not connected" end
  local deadline = os.clockms() + timeout
  local line, why, text = read_line(deadline)
  if not line then return broken(why, text) end
  local code, mark, rest = line:match("^([1-5]%d%d)([ -]?)(.*)$")
  if not code then return broken("500", "a reply that is none") end
  local lines, size = { rest }, #rest
  while mark == "-" do
    line, why, text = read_line(deadline)
    if not line then return broken(why, text) end
    size = size + #line + 1
    if size > LARGEST_REPLY then return broken("500", "a reply that is too long") end
    local last = line:match("^" .. code .. " (.*)$")
    if last then mark = " " end
    lines[#lines + 1] = last or line
  end
  return code, table.concat(lines, "\n")
end

--- Sends a command of FTP and waits for its reply.
-- @param command string, as "SYST"
-- @param[opt=60000] timeout in milliseconds
-- @return code, text
function ftp.command(command, timeout)
  if type(command) ~= "string" or command:find("[\r\n%z]") then return "501", "a command of one line expected" end
  if not control then return "502", "not connected" end
  timeout = limit(timeout)
  if not control:send(command .. "\r\n", timeout / 1000) then return broken("426", "the connection has ended") end
  return read_reply(timeout)
end

local function command_with(word, path, timeout)
  if type(path) ~= "string" or path == "" then return "501", "a path expected" end
  return ftp.command(word .. " " .. path, timeout)
end

--- Connects and logs in. An earlier session is closed.
-- @param ftp_mode "PASV"; nothing else is possible
-- @param host name or address
-- @param[opt=21] port number or string
-- @param[opt="anonymous"] username string
-- @param[opt="anonymous"] password string
-- @param[opt=60000] timeout in milliseconds, for each step
-- @param[opt] ssl true: TLS from the first byte on
-- @param[opt] cert with ssl, as in `socket.tcp`
-- @return code, text; "230" if all is well
function ftp.login(ftp_mode, host, port, username, password, timeout, ssl, cert)
  if ftp_mode == "PORT" then return "502", "only passive mode" end
  timeout = limit(timeout)
  drop()
  local client = socket.tcp(ssl == true, cert)
  if not client:connect(host, port or 21, timeout / 1000) then
    client:close()
    return "502", "no connection"
  end
  control, session = client, { host = host, ssl = ssl == true, cert = cert, input = "" }
  local code, text = read_reply(timeout)
  while code == "120" do code, text = read_reply(timeout) end
  if code ~= "220" then return broken(code, text) end
  code, text = command_with("USER", username or "anonymous", timeout)
  if code == "331" then code, text = ftp.command("PASS " .. (password or "anonymous"), timeout) end
  if code ~= "230" then return broken(code, text) end
  if session.ssl then
    ftp.command("PBSZ 0", timeout)
    ftp.command("PROT P", timeout)
  end
  ftp.command("TYPE I", timeout)
  return code, text
end

-- Transfers -----------------------------------------------------------------------------------------------------------

-- The port that the server waits at; or nil, code, text. Its address is that of the session, whatever it tells.
local function passive_port(timeout)
  local code, text = ftp.command("EPSV", timeout)
  local port = code == "229" and tonumber(text:match("%(|||(%d+)|%)"))
  if not port and control then
    code, text = ftp.command("PASV", timeout)
    local high, low = text:match("%d+,%d+,%d+,%d+,(%d+),(%d+)")
    port = code == "227" and high and high * 256 + low
  end
  if not port or port < 1 or port > 65535 then return nil, code, text end
  return port
end

-- Runs a command with a data connection: `work(data, timeout)` moves the bytes and returns true, or nil, code, text.
-- The connection is made in a task of its own: a server may refuse the command without ever answering it, and with TLS
-- answers it only after the command.
local function transfer(command, timeout, work)
  timeout = limit(timeout)
  local port, why, reason = passive_port(timeout)
  if not port then return why, reason end
  if not control:send(command .. "\r\n", timeout / 1000) then return broken("426", "the connection has ended") end
  local data, connected = socket.tcp(session.ssl, session.cert), nil
  sys.taskInit(function()
    connected = data:connect(session.host, port, timeout / 1000)
    sys.publish("LIB_FTP_DATA", data)
  end)
  local code, text = read_reply(timeout)
  if code:sub(1, 1) ~= "1" then
    data:close()
    return code, text
  end
  while connected == nil do sys.waitUntil("LIB_FTP_DATA") end
  local good, trouble, message
  if connected then
    good, trouble, message = work(data, timeout)
  else
    trouble, message = "425", "no data connection"
  end
  data:close()
  code, text = read_reply(timeout)
  if not good then return trouble, message end
  return code, text
end

-- Hands all that comes to a function until the server ends the connection.
local function receive_all(data, timeout, take)
  while true do
    local good, piece = data:recv(timeout)
    if not good then
      if piece == "timeout" then return nil, "503", "no data in time" end
      return true
    end
    local taken, why = take(piece)
    if not taken then return nil, "450", why end
  end
end

--- Sends a file.
-- @param remote_file its name at the server
-- @param local_file its path here
-- @param[opt=60000] timeout in milliseconds, for each step
-- @return code, text; "226" if all is well
function ftp.upload(remote_file, local_file, timeout)
  if type(remote_file) ~= "string" or remote_file == "" or remote_file:find("[\r\n%z]") then
    return "501", "a path expected"
  end
  if not control then return "502", "not connected" end
  local file, why = io.open(local_file, "rb")
  if not file then return "450", why end
  local code, text = transfer("STOR " .. remote_file, timeout, function(data, patience)
    while true do
      local piece = file:read(PIECE)
      if not piece then return true end
      if not data:send(piece, patience / 1000) then return nil, "426", "the data connection has ended" end
    end
  end)
  file:close()
  return code, text
end

--- Fetches a file. What is there under its name here is replaced once all of it has come.
-- @param remote_file its name at the server
-- @param local_file its path here
-- @param[opt=60000] timeout in milliseconds, for each step
-- @return code, text; "226" if all is well
function ftp.download(remote_file, local_file, timeout)
  if type(remote_file) ~= "string" or remote_file == "" or remote_file:find("[\r\n%z]") then
    return "501", "a path expected"
  end
  if not control then return "502", "not connected" end
  local part = local_file .. ".part"
  local file, why = io.open(part, "wb")
  if not file then return "450", why end
  local code, text = transfer("RETR " .. remote_file, timeout, function(data, patience)
    return receive_all(data, patience, function(piece) return file:write(piece) end)
  end)
  local good, trouble = file:close()
  if code:sub(1, 1) == "2" then
    os.remove(local_file)
    if good then good, trouble = os.rename(part, local_file) end
    if good then return code, text end
    code, text = "450", tostring(trouble)
  end
  os.remove(part)
  return code, text
end

--- Lists a folder, or tells about a file.
-- @param[opt] file_directory path; nil: the present folder
-- @param[opt=60000] timeout in milliseconds, for each step
-- @return code, and the list as the server writes it ("226"), or the text of its refusal
function ftp.list(file_directory, timeout)
  if file_directory and (type(file_directory) ~= "string" or file_directory:find("[\r\n%z]")) then
    return "501", "a path expected"
  end
  if not control then return "502", "not connected" end
  local pieces, size = {}, 0
  local command = "LIST" .. (file_directory and file_directory ~= "" and " " .. file_directory or "")
  local code, text = transfer(command, timeout, function(data, patience)
    return receive_all(data, patience, function(piece)
      size = size + #piece
      if size > LARGEST_LISTING then return nil, "the list is too long" end
      pieces[#pieces + 1] = piece
      return true
    end)
  end)
  if code:sub(1, 1) == "2" then return code, table.concat(pieces) end
  return code, text
end

-- Commands ------------------------------------------------------------------------------------------------------------

--- Sets how the server sends and takes files.
-- @param mode "I": as they are; "A": as text, lines of which the server translates
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "200" if all is well
function ftp.checktype(mode, timeout) return command_with("TYPE", mode, timeout) end

--- The present folder.
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "257" and the path in quotes
function ftp.pwd(timeout) return ftp.command("PWD", timeout) end

--- Changes the present folder.
-- @param path string
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "250" if all is well
function ftp.cwd(path, timeout) return command_with("CWD", path, timeout) end

--- Changes to the folder above.
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "250" or "200" if all is well
function ftp.cdup(timeout) return ftp.command("CDUP", timeout) end

--- Makes a folder.
-- @param path string
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "257" if all is well
function ftp.mkd(path, timeout) return command_with("MKD", path, timeout) end

--- Removes an empty folder.
-- @param path string
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "250" if all is well
function ftp.deletefolder(path, timeout) return command_with("RMD", path, timeout) end

--- Removes a file.
-- @param path string
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "250" if all is well
function ftp.deletefile(path, timeout) return command_with("DELE", path, timeout) end

--- Takes leave and closes the session.
-- @param[opt=60000] timeout in milliseconds
-- @return code, text; "221" if the server said good-bye
function ftp.close(timeout)
  if not control then return "221", "not connected" end
  local code, text = ftp.command("QUIT", timeout)
  drop()
  return code, text
end

return ftp
