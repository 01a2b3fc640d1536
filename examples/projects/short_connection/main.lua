-- A battery's project: wakes up, reports, hears the answer, and turns the radio off until the next time.
--   socketcore run short_connection SERVER PORT
PROJECT = "SHORT_CONNECTION"
VERSION = "1.0.0"

require "sys"
require "log"
require "link"
require "misc"
LOG_LEVEL = log.LOGLEVEL_INFO

-- A PC passes the server as arguments. On a device there are none, and config.lua has the last word.
local config = require "config"
local server, port = ...
config.server, config.port = server or config.server, port or config.port

require "report"

sys.init(0, 0)
sys.run()
