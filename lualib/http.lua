--- HTTP and HTTPS client.
-- A request runs in a task of its own and tells its outcome to a callback. Whatever the server does, that callback is
-- called: all that comes is bounded in size and time.
-- @module http
-- @usage
-- http.request("GET", "http://example.com/hello", nil, nil, nil, 10000, function(result, prompt, head, body)
--   if result then
--     log.info("http", "status", prompt, head["Content-Type"], body)
--   else
--     log.info("http", "failed:", prompt)
--   end
-- end)
require "sys"
require "log"
require "utils"
require "socket"

local http = {}
_G.http = http

local DEFAULT_TIMEOUT_MS = 30000
local LARGEST_HEAD = 32768       -- of an answer, its trailers too
local LARGEST_LINE = 4096        -- of a chunk's size
local LARGEST_BODY = 8 * 1048576 -- in memory
local PROGRESS = 1024            -- so many bytes buy a body another timeout
local MOST_REDIRECTS = 5
local PIECE = 11200              -- of a file that is sent

local METHODS = {
  GET = true, HEAD = true, POST = true, OPTIONS = true, PUT = true, DELETE = true, TRACE = true, CONNECT = true,
  PATCH = true,
}

-- URLs ----------------------------------------------------------------------------------------------------------------

-- A table of scheme, host, port, path, and auth if it names a user; or nil and what is wrong.
local function parse_url(url)
  if url:find("%c") then return nil, "url: control character" end
  url = url:gsub(" ", "%%20"):gsub("#.*$", "")
  local scheme, rest = url:match("^(%a[%w+.-]*)://(.*)$")
  scheme, rest = (scheme or "http"):lower(), rest or url
  if scheme ~= "http" and scheme ~= "https" then return nil, "url: scheme " .. scheme end
  local authority, path = rest:match("^([^/?]*)(.*)$")
  local auth, address = authority:match("^(.*)@(.-)$")
  address = address or authority
  local host, port = address:match("^%[([%x:.%%%w]+)%]:?(%d*)$")
  if not host then host, port = address:match("^([^:%[%]]+):?(%d*)$") end
  if not host then return nil, "url: host" end
  port = port == "" and (scheme == "https" and 443 or 80) or tonumber(port)
  if port < 1 or port > 65535 then return nil, "url: port" end
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  return { scheme = scheme, host = host, port = port, path = path, auth = auth }
end

local function default_port(url)
  return url.port == (url.scheme == "https" and 443 or 80)
end

local function host_field(url)
  local host = url.host:find(":", 1, true) and "[" .. url.host .. "]" or url.host
  return default_port(url) and host or host .. ":" .. url.port
end

-- A path without "." and "..".
local function tidy(path)
  local plain, query = path:match("^([^?]*)(.*)$")
  local names = {}
  for name in plain:gmatch("/([^/]*)") do
    if name == ".." then
      names[#names] = nil
    elseif name ~= "." then
      names[#names + 1] = name
    end
  end
  if plain:match("/%.%.?$") then names[#names + 1] = "" end
  return "/" .. table.concat(names, "/") .. query
end

-- Where a redirection leads.
local function resolve(base, location)
  if location:match("^%a[%w+.-]*://") then return parse_url(location) end
  if location:sub(1, 2) == "//" then return parse_url(base.scheme .. ":" .. location) end
  local start = base.scheme .. "://" .. host_field(base)
  if location:sub(1, 1) == "/" then return parse_url(start .. location) end
  local path = base.path:gsub("%?.*$", "")
  if location:sub(1, 1) == "?" then return parse_url(start .. path .. location) end
  return parse_url(start .. tidy(path:gsub("[^/]*$", "") .. location))
end

-- The request ---------------------------------------------------------------------------------------------------------

-- The body as a list of strings and of { file =, size = }, and its length; or nil and what is wrong.
local function plan_body(body)
  local parts, size = {}, 0
  for at, part in ipairs(type(body) == "table" and body or { body }) do
    if type(part) == "table" then
      local file, why = io.open(part.file or "", "rb")
      if not file then return nil, "file: " .. tostring(why) end
      part = { file = part.file, size = file:seek("end") }
      file:close()
      size = size + part.size
    else
      part = tostring(part)
      size = size + #part
    end
    parts[at] = part
  end
  return parts, size
end

local function request_head(request, url)
  local fields, given = {}, {}
  for name, value in pairs(request.head) do
    name, value = tostring(name), tostring(value)
    if name == "" or name:find("[%c%s:]") or value:find("[\r\n%z]") then return nil, "head: " .. name end
    local lower = name:lower()
    if not (url.foreign and (lower == "authorization" or lower == "cookie" or lower == "host")) then
      given[lower] = true
      fields[#fields + 1] = name .. ": " .. value .. "\r\n"
    end
  end
  local function add(name, value)
    if not given[name:lower()] then fields[#fields + 1] = name .. ": " .. value .. "\r\n" end
  end
  add("Host", host_field(url))
  add("Connection", "close")
  local method = request.method
  if request.size > 0 or method == "POST" or method == "PUT" or method == "PATCH" then
    add("Content-Length", string.format("%d", request.size))
  end
  if url.auth then add("Authorization", "Basic " .. crypto.base64_encode(url.auth, #url.auth)) end
  return method .. " " .. url.path .. " HTTP/1.1\r\n" .. table.concat(fields) .. "\r\n"
end

local function send_file(client, part)
  local file, why = io.open(part.file, "rb")
  if not file then return nil, "file: " .. tostring(why) end
  local left = part.size
  while left > 0 do
    local data = file:read(math.min(left, PIECE))
    if not data then
      why = "file: it became shorter"
      break
    end
    if not client:send(data) then
      why = "send fail"
      break
    end
    left = left - #data
  end
  file:close()
  if left > 0 then return nil, why end
  return true
end

local function send_request(client, request, head)
  local pending = head -- small parts go out together
  for _, part in ipairs(request.parts) do
    if type(part) == "string" then
      pending = pending .. part
    else
      if pending ~= "" and not client:send(pending) then return nil, "send fail" end
      pending = ""
      local good, why = send_file(client, part)
      if not good then return nil, why end
    end
  end
  if pending ~= "" and not client:send(pending) then return nil, "send fail" end
  return true
end

-- Reading the answer --------------------------------------------------------------------------------------------------

local reader = {}
reader.__index = reader

local function new_reader(client, timeout)
  return setmetatable({ client = client, timeout = timeout, buffer = "", at = 1, progress = 0,
    deadline = os.clockms() + timeout }, reader)
end

-- Waits for more. Nil and "timeout" or "closed" if nothing comes.
function reader:more()
  local left = self.deadline - os.clockms()
  if left <= 0 then return nil, "timeout" end
  local good, data = self.client:recv(math.ceil(left))
  if not good then return nil, data == "timeout" and "timeout" or "closed" end
  self.buffer = self.at > #self.buffer and data or self.buffer:sub(self.at) .. data
  self.at = 1
  return true
end

-- A body that grows gets more time, but not for a byte now and then.
function reader:advance(size)
  self.progress = self.progress + size
  if self.progress >= PROGRESS then
    self.progress, self.deadline = 0, os.clockms() + self.timeout
  end
end

-- Everything up to an end, which is passed over; or nil and why not.
function reader:until_end(ending, limit)
  local from = self.at
  while true do
    local first, last = self.buffer:find(ending, from, true)
    local size = (first or #self.buffer) - self.at
    if size > limit then return nil, "bad answer: too long a head" end
    if first then
      local text = self.buffer:sub(self.at, first - 1)
      self.at = last + 1
      return text
    end
    from = math.max(1, size - #ending + 3)
    local good, why = self:more()
    if not good then return nil, why end
  end
end

-- Hands so many bytes to a sink, or all until the connection ends. Returns true, or nil and why not.
function reader:copy(size, sink)
  local left = size or math.huge
  while left > 0 do
    if self.at > #self.buffer then
      local good, why = self:more()
      if not good then
        if why == "closed" and not size then return true end
        return nil, why == "closed" and "closed: the body is not complete" or why
      end
    end
    local data = self.buffer:sub(self.at, left < #self.buffer and self.at + left - 1 or -1)
    self.at = self.at + #data
    left = left - #data
    self:advance(#data)
    local good, why = sink(data)
    if not good then return nil, why end
  end
  return true
end

function reader:copy_chunks(sink)
  while true do
    local line, why = self:until_end("\r\n", LARGEST_LINE)
    if not line then return nil, why end
    local digits = line:match("^%s*(%x+)%s*$") or line:match("^%s*(%x+)%s*;")
    if not digits or #digits:gsub("^0+", "") > 8 then return nil, "bad answer: size of a chunk" end
    local size = tonumber(digits, 16)
    if size == 0 then break end
    self:advance(#line)
    local good
    good, why = self:copy(size, sink)
    if not good then return nil, why end
    line, why = self:until_end("\r\n", LARGEST_LINE)
    if line ~= "" then return nil, line and "bad answer: end of a chunk" or why end
  end
  local trailers = 0
  repeat
    local line, why = self:until_end("\r\n", LARGEST_HEAD)
    if not line then return nil, why end
    trailers = trailers + #line
    if trailers > LARGEST_HEAD then return nil, "bad answer: too many trailers" end
  until line == ""
  return true
end

-- Fields can be asked for in any case.
local function fold(head)
  local lower = {}
  for name, value in pairs(head) do lower[name:lower()] = value end
  return setmetatable(head, { __index = function(_, name)
    return type(name) == "string" and lower[name:lower()] or nil
  end })
end

-- The status and a table of the head's fields; or nil and why not.
function reader:head()
  local text, why = self:until_end("\r\n\r\n", LARGEST_HEAD)
  if not text then return nil, why end
  local status, rest = (text .. "\r\n"):match("^HTTP/%d%.%d (%d%d%d)[^\r\n]*\r\n(.*)$")
  if not status then return nil, "bad answer: not HTTP" end
  local head, previous, names = {}, nil, {}
  for line in rest:gmatch("([^\r\n]*)\r\n") do
    local name, value = line:match("^([^:%s]+)%s*:%s*(.-)%s*$")
    if name then
      -- A field that comes again joins the first one, however it is written.
      previous = names[name:lower()] or name
      names[name:lower()] = previous
      head[previous] = head[previous] and head[previous] .. ", " .. value or value
    elseif previous and line:match("^[ \t]") then
      head[previous] = head[previous] .. " " .. line:match("^%s*(.-)%s*$")
    else
      return nil, "bad answer: head"
    end
  end
  return status, fold(head)
end

-- How the body ends: its size, "chunked", or "end" of the connection; or nil and why not.
local function framing(method, status, head)
  if method == "HEAD" or status == "204" or status == "304" then return 0 end
  local coding = head["Transfer-Encoding"]
  if coding and coding:lower() ~= "identity" then
    if coding:lower() ~= "chunked" then return nil, "bad answer: coding " .. coding end
    return "chunked"
  end
  local length = head["Content-Length"]
  if not length then return "end" end
  local first = length:match("^%d+")
  for one in length:gmatch("[^,%s]+") do
    if one ~= first or #one > 15 then return nil, "bad answer: length" end
  end
  if not first then return nil, "bad answer: length" end
  return tonumber(first)
end

-- Where bodies go -----------------------------------------------------------------------------------------------------

-- Each returns a function for the pieces and one for the end: it is given whether all went well, and returns what the
-- callback gets as the body; or nil and why not.

local function memory_sink()
  local pieces, size = {}, 0
  return function(data)
    size = size + #data
    if size > LARGEST_BODY then return nil, "body too large for the memory" end
    pieces[#pieces + 1] = data
    return true
  end, function() return table.concat(pieces) end
end

local function file_sink(path)
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  local part = path .. ".part"
  local file, why = io.open(part, "wb")
  if not file then return nil, "file: " .. tostring(why) end
  return function(data)
    local good, trouble = file:write(data)
    if not good then return nil, "file: " .. tostring(trouble) end
    return true
  end, function(complete)
    local good, trouble = file:close()
    if complete and good then
      os.remove(path)
      good, trouble = os.rename(part, path)
    end
    if complete and good then return path end
    os.remove(part)
    return nil, "file: " .. tostring(trouble)
  end
end

local function function_sink(receiver, total, status)
  return function(data)
    receiver(data, total, status)
    return true
  end, function() return "" end
end

local function new_sink(request, status, size)
  local target = request.target
  if type(target) == "function" then
    return function_sink(target, type(size) == "number" and size or nil, status)
  end
  if type(target) == "string" then return file_sink(target) end
  if type(size) == "number" and size > LARGEST_BODY then return nil, "body too large for the memory" end
  return memory_sink()
end

-- The exchange --------------------------------------------------------------------------------------------------------

local REDIRECTS = { ["301"] = true, ["302"] = true, ["303"] = true, ["307"] = true, ["308"] = true }

-- Turns the request into the one that an answer asks for. False: none; nil and why it is impossible.
local function follow(request, url, status, head)
  local location = head["Location"]
  if not REDIRECTS[status] or not location or location == "" then return false end
  request.redirects = request.redirects + 1
  if request.redirects > MOST_REDIRECTS then return nil, "too many redirects" end
  local target, why = resolve(url, location)
  if not target then return nil, "redirect: " .. why end
  local same = target.host == url.host and target.port == url.port and target.scheme == url.scheme
  target.foreign = url.foreign or not same
  if same then target.auth = target.auth or url.auth end
  if request.method ~= "HEAD" and (status == "303" or (request.method == "POST" and status < "303")) then
    request.method, request.parts, request.size = "GET", {}, 0
  end
  return target
end

local function receive(client, request, url)
  local input = new_reader(client, request.timeout)
  local status, head
  repeat
    status, head = input:head()
    if not status then return nil, head end
  until status:sub(1, 1) ~= "1" or status == "101"
  local target, why = follow(request, url, status, head)
  if target == nil then return nil, why end
  if target then return "redirect", target end
  local size
  size, why = framing(request.method, status, head)
  if not size then return nil, why end
  local sink, finish = new_sink(request, status, size)
  if not sink then return nil, finish end
  input.deadline = os.clockms() + request.timeout
  local complete
  if size == "chunked" then
    complete, why = input:copy_chunks(sink)
  else
    complete, why = input:copy(type(size) == "number" and size or nil, sink)
  end
  local body, trouble = finish(complete)
  if not complete then return nil, why end
  if not body then return nil, trouble end
  return status, head, body
end

local function exchange(request, url)
  local head, why = request_head(request, url)
  if not head then return nil, why end
  local client = socket.tcp(url.scheme == "https", request.cert, request.extra)
  if not client:connect(url.host, url.port, request.timeout / 1000) then
    client:close()
    return nil, "connect fail"
  end
  local sent, trouble = send_request(client, request, head)
  local status, fields, body
  -- A server may refuse a body before it has all of it; its answer says why.
  if sent or trouble == "send fail" then status, fields, body = receive(client, request, url) end
  client:close()
  if not status and not sent then return nil, trouble end
  return status, fields, body
end

local function perform(request, url)
  if not socket.isReady() and not sys.waitUntil("IP_READY_IND", request.timeout) then
    return nil, "network not ready"
  end
  local parsed, why = parse_url(url)
  if not parsed then return nil, why end
  request.parts, request.size = plan_body(request.body)
  if not request.parts then return nil, request.size end
  while true do
    local status, head, body = exchange(request, parsed)
    if status ~= "redirect" then return status, head, body end
    parsed = head
  end
end

--- Sends a request. Returns at once; the outcome goes to `cbFnc`.
-- @param method "GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT" or "PATCH"
-- @param url `http[s]://[user:password@]host[:port]/path?query`; without a scheme it is http
-- @param[opt] cert for https, as in `socket.tcp`
-- @param[opt] head table of name = value; a Host, Connection or Content-Length of yours replaces ours
-- @param[opt] body string; or a list of strings and tables `{ file = path }`, sent one after the other
-- @param[opt=30000] timeout in milliseconds for: the link, the connection, the answer's head, and each further KiB of
-- its body
-- @param[opt] cbFnc called once with `result, prompt, head, body`. `result` true: an answer came, `prompt` is its
-- status ("200"), `head` a table of its fields, `body` a string. False: `prompt` says what went wrong
-- @param[opt] rcvFileName string: the body goes into this file, and the callback gets its path instead. Function: it
-- gets the body piece by piece, with `piece, length (nil if unknown), status`
-- @param[opt] tCoreExtPara as in `socket.tcp`
-- @usage
-- http.request("POST", "https://example.com/up", { caCert = "ca.crt" }, { ["Content-Type"] = "text/plain" },
--   { "begin ", { file = "/log.txt" }, " end" }, 30000, print)
function http.request(method, url, cert, head, body, timeout, cbFnc, rcvFileName, tCoreExtPara)
  if type(method) ~= "string" or not METHODS[method:upper()] then error("http.request: method", 2) end
  if type(url) ~= "string" then error("http.request: url must be a string", 2) end
  local request = {
    method = method:upper(), cert = cert, head = head or {}, body = body, target = rcvFileName, extra = tCoreExtPara,
    timeout = tonumber(timeout) or 0, redirects = 0,
  }
  if not (request.timeout > 0) then request.timeout = DEFAULT_TIMEOUT_MS end
  sys.taskInit(function()
    local status, fields, content = perform(request, url)
    if not status then log.info("http.request", method, url:gsub("//[^/@]*@", "//"), fields) end
    if not cbFnc then return end
    if status then cbFnc(true, status, fields, content) else cbFnc(false, fields) end
  end)
end

return http
