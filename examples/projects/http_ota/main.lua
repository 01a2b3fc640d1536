-- HTTP: fetches a setting, posts a report, then looks for a newer version of itself; that one runs after a restart.
--   socketcore run --data flash http_ota http://127.0.0.1:8000
-- An update is a tar archive of the new files: cd NEW_VERSION && tar -cf ../update.tar *
PROJECT = "HTTP_OTA"
VERSION = "1.0.0"
PRODUCT_KEY = "demo" -- which of its products the update server is asked about

require "sys"
require "log"
require "link"
require "misc"
LOG_LEVEL = log.LOGLEVEL_INFO

-- A PC passes the server as an argument. On a device there is none, and config.lua has the last word.
local config = require "config"
local url = ...
config.url = url or config.url

require "report"
require "upgrade"

sys.init(0, 0)
sys.run()
