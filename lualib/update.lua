--- Replaces the project by a newer one that is fetched by HTTP.
-- The file is fetched whole into the flash first, and only then handed to the core: a download that breaks off changes
-- nothing.
-- @module update
-- @usage
-- PRODUCT_KEY = "0123456789"
-- update.request(function(result)
--   if result then sys.restart("update") end
-- end, "http://example.com/firmware", 24 * 3600 * 1000)
require "sys"
require "log"
require "misc"
require "http"

local update = {}
_G.update = update

local DEFAULT_URL = "http://iot.openluat.com/api/site/firmware_upgrade"
local TIMEOUT_MS = 60000
local PATH = "/update.bin"
local PIECE = 4096
local LONGEST_MESSAGE = 1024 -- of a server that has no update

local busy, message = false, nil
local progress_callback

local function full_url(url, redir)
  if url and url:sub(1, 3) == "###" then return url:sub(4) end
  local fields = {
    { "project_key", _G.PRODUCT_KEY or "" },
    { "imei", misc.getImei() or "" },
    { "device_key", misc.getSn() or "" },
    { "firmware_name", (_G.PROJECT or "") .. "_" .. rtos.get_version() },
    { "version", _G.VERSION or "" },
  }
  if redir then fields[#fields + 1] = { "need_oss_url", "1" } end
  local words = {}
  for at, field in ipairs(fields) do words[at] = field[1] .. "=" .. string.rawurlEncode(field[2]) end
  url = url or DEFAULT_URL
  return url .. (url:find("?", 1, true) and "&" or "?") .. table.concat(words, "&")
end

-- Takes the body of an answer with status 200 into the flash, and the beginning of any other as the server's message.
local function new_receiver()
  local self = { size = 0, text = "" }
  function self.take(piece, total, status)
    if status ~= "200" then
      if #self.text < LONGEST_MESSAGE then self.text = (self.text .. piece):sub(1, LONGEST_MESSAGE) end
      return
    end
    if self.why then return end
    if not self.file then
      local why
      self.file, why = io.open(PATH, "wb")
      if not self.file then
        self.why = why
        return
      end
    end
    local good, why = self.file:write(piece)
    if not good then
      self.why = why
      return
    end
    self.size = self.size + #piece
    if progress_callback and total and total > 0 then
      local step = math.floor(self.size * 100 / total)
      if step ~= self.step then
        self.step = step
        progress_callback(step)
      end
    end
  end
  function self.finish()
    if not self.file then return nil, self.why or "nothing came" end
    local good, why = self.file:close()
    if self.why or not good then return nil, self.why or why end
    return self.size
  end
  return self
end

-- Hands the file to the core. True, or nil and why not.
local function install(size)
  if not rtos.fota_start then return nil, "this core takes no updates" end
  local file, why = io.open(PATH, "rb")
  if not file then return nil, why end
  local code = rtos.fota_start()
  local left = size
  while code == 0 and left > 0 do
    local piece = file:read(PIECE)
    if not piece then break end
    code, left = rtos.fota_process(piece, size), left - #piece
  end
  file:close()
  if code == 0 and left > 0 then return nil, "the file became shorter" end
  if code == 0 then code = rtos.fota_end() end
  if code ~= 0 then return nil, "the core refuses it: " .. tostring(code) end
  return true
end

local function fetch(url)
  local receiver = new_receiver()
  http.request("GET", url, nil, nil, nil, TIMEOUT_MS, function(result, prompt)
    sys.publish("LIB_UPDATE_FETCHED", result, prompt)
  end, receiver.take)
  local _, result, prompt = sys.waitUntil("LIB_UPDATE_FETCHED")
  local size, why = receiver.finish()
  if not result then return nil, prompt end
  if prompt ~= "200" then
    message = receiver.text
    return nil, "status " .. prompt .. " " .. receiver.text
  end
  if not size then return nil, why end
  return install(size)
end

--- Looks for an update, once or again and again. Does nothing while an earlier call still looks.
-- @param[opt] cbFnc called after each look, with true: an update is ready and works from the next start on; or false.
-- Without it, the device restarts by itself when an update is ready
-- @param[opt] url where to look; the project's key, name and version, the IMEI and the serial number are appended as
-- parameters, but not if it begins with `###` (which is cut off)
-- @param[opt] period milliseconds between two looks; nil: one
-- @param[opt] redir true: asks the server to send to another one for the file
-- @usage update.request(nil, "http://example.com/firmware")
function update.request(cbFnc, url, period, redir)
  if busy then return end
  busy = true
  sys.taskInit(function()
    repeat
      while not socket.isReady() do sys.waitUntil("IP_READY_IND") end
      local good, why = fetch(full_url(url, redir))
      os.remove(PATH)
      if not good then log.info("update", why) end
      if cbFnc then
        cbFnc(good == true)
      elseif good then
        sys.restart("an update is ready")
      end
      if period then sys.wait(period) end
    until not period
    busy = false
  end)
end

--- Sets what is told how far a download is.
-- @param cbFnc called with 0..100 whenever that changes; nil: nobody
function update.setDownloadProcessCbFnc(cbFnc)
  progress_callback = cbFnc
end

--- What the server said last when it had no update.
-- @return string (JSON, as servers write it), or nil
function update.getUpdateMsg()
  return message
end

return update
