--- Errors: kept in the flash, and reported to a server of yours.
-- What ended the script before (`/luaerrinfo.txt`, written by the core) and what `appendErr` has noted
-- (`/lib_err.txt`) stay until a report was taken.
-- @module errDump
-- @usage errDump.appendErr("the pump did not start\r\n")
-- errDump.request("udp://errors.example.org:9999")
require "sys"

local errDump = {}
_G.errDump = errDump

local SCRIPT_ERRORS, NOTED_ERRORS, NETWORK_ERRORS = "/luaerrinfo.txt", "/lib_err.txt", "/lib_network_err.txt"
local MOST_BYTES = 5 * 1024
local PERIOD_MS = 600000
local ANSWER_MS, CONNECT_S, TRIES = 20000, 20, 3

-- Appends to a file that keeps its newest bytes.
local function append(path, text)
  local whole = (io.readFile(path) or "") .. text
  local good, message = io.writeFile(path, whole:sub(-MOST_BYTES))
  if not good then log.error("errDump", path, message) end
  return good
end

--- Notes an error. The newest 5 KiB are kept.
-- @param s text
-- @return boolean: whether it was written
function errDump.appendErr(s)
  if type(s) ~= "string" or s == "" then return false end
  return append(NOTED_ERRORS, s)
end

-- Network log -------------------------------------------------------------------------------------------------------

local function note_network(what)
  return function(detail)
    if what == "SIM_IND" and detail == "RDY" then return end
    append(NETWORK_ERRORS, ("%s %s %s\r\n"):format(os.date("%Y-%m-%d %H:%M:%S"), what, tostring(detail or "")))
  end
end
local network_events = {}
for _, id in ipairs { "IP_ERROR_IND", "NET_STATE_UNREGISTER", "SIM_IND" } do network_events[id] = note_network(id) end

--- Turns the log of network losses (`/lib_network_err.txt`) on or off. It is a part of the reports.
-- @param on boolean
function errDump.setNetworkLog(on)
  for id, fnc in pairs(network_events) do
    if on then sys.subscribe(id, fnc) else sys.unsubscribe(id, fnc) end
  end
end

-- Reports -----------------------------------------------------------------------------------------------------------

local function collect()
  local found = {}
  for _, path in ipairs { SCRIPT_ERRORS, NOTED_ERRORS, NETWORK_ERRORS } do
    local text = io.readFile(path)
    if text and text ~= "" then found[#found + 1] = { path = path, text = text } end
  end
  return found
end

local function report_text(found)
  local imei = misc and misc.getImei and misc.getImei() or ""
  local pieces = { ("%s %s %s\r\n"):format(tostring(PROJECT), tostring(VERSION), imei) }
  for _, file in ipairs(found) do pieces[#pieces + 1] = file.text end
  return table.concat(pieces)
end

-- What came into a file while the report was under way stays.
local function forget(found)
  for _, file in ipairs(found) do
    local now = io.readFile(file.path) or ""
    local rest = now:sub(1, #file.text) == file.text and now:sub(#file.text + 1) or ""
    if rest == "" then os.remove(file.path) else io.writeFile(file.path, rest) end
  end
end

local function sent_by_socket(kind, host, port, text)
  require "socket"
  local client = socket[kind]()
  local good = client:connect(host, port, CONNECT_S) and client:send(text)
  local answer
  if good then good, answer = client:recv(ANSWER_MS) end
  client:close()
  return good and answer and answer:find("^OK") ~= nil
end

local function sent_by_http(address, text)
  require "http"
  local id = "ERRDUMP_HTTP_END"
  http.request("POST", address, nil, nil, text, ANSWER_MS, function(result, code) sys.publish(id, result, code) end)
  local _, result, code = sys.waitUntil(id, 2 * ANSWER_MS)
  return result and tostring(code):match("^2") ~= nil
end

local function send_report(address, text)
  local kind, host, port = address:match("^(%a+)://([^/:]+):(%d+)$")
  if kind == "udp" or kind == "tcp" then return sent_by_socket(kind, host, port, text) end
  return sent_by_http(address, text)
end

local function report_task(address, period)
  require "link"
  while true do
    local found = collect()
    for _ = 1, found[1] and TRIES or 0 do
      if not link.isReady() then sys.waitUntil("IP_READY_IND") end
      if send_report(address, report_text(found)) then
        forget(found)
        break
      end
      sys.wait(ANSWER_MS)
    end
    sys.wait(period)
  end
end

local started = false

--- Reports errors to a server: those that are there, and, asked again and again, those to come. A server takes a
-- report by answering "OK" (udp, tcp) or with a status 2xx (http, by POST); only then the files are removed.
-- @param addr `udp://host:port`, `tcp://host:port` or `http(s)://...`
-- @param[opt=600000] period milliseconds between two looks for errors
-- @return true; nil if the address is of another form, or reports were started before
function errDump.request(addr, period)
  local known = type(addr) == "string" and (addr:match("^udp://[^/:]+:%d+$") or addr:match("^tcp://[^/:]+:%d+$")
    or addr:match("^https?://.+"))
  if not known or started then return nil end
  started = true
  sys.taskInit(report_task, addr, period or PERIOD_MS)
  return true
end

return errDump
