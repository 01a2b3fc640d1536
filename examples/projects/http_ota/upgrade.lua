module(..., package.seeall)

require "update"
local config = require "config"

update.setDownloadProcessCbFnc(function(percent) log.info("upgrade", percent, "%") end)

sys.taskInit(function()
  -- First the day's work, then the tools.
  sys.waitUntil("REPORTED", 120000)
  -- Project, version and the modem's number are appended to the URL, so that the server can say 200 or "nothing new".
  update.request(function(ready)
    log.info("upgrade", ready and "ready" or "none", update.getUpdateMsg() or "")
    -- The new files are in the flash. They are found from the next start on; when that is, is ours to choose.
    if ready then sys.restart("upgrade") end
  end, config.url .. "/upgrade", config.upgrade_ms)
end)
