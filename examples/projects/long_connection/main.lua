-- A TCP connection that stays: reports go up, commands come down, a heartbeat keeps it alive, and whatever breaks it
-- is mended. Nothing that was queued is lost on the way.
--   socketcore run long_connection SERVER PORT

-- Every project says who it is; the scheduler refuses to start without both.
PROJECT = "LONG_CONNECTION"
VERSION = "1.0.0"

-- `sys` comes first: it is the scheduler, and each of the others gives it something to do. `link` brings up the data
-- link as soon as SIM and network allow; it needs `net` and `sim`, and loads them.
require "sys"
require "log"
require "link"
require "misc"
LOG_LEVEL = log.LOGLEVEL_INFO

-- A PC passes the server as arguments. On a device there are none, and config.lua has the last word.
local config = require "config"
local server, port = ...
config.server, config.port = server or config.server, port or config.port

-- Ask the modem for signal and cell once a minute, so that reports can tell them.
net.startQueryAll(60000, 60000)

-- What a module does, it starts when it is required.
require "connection"
require "reporter"

sys.init(0, 0)
sys.run()
