-- A transparent bridge: what comes in at the UART goes to the server, what the server sends goes out at the UART, byte
-- for byte.
--   socketcore run --uart 1=/dev/ttyUSB0 uart_bridge SERVER PORT
PROJECT = "UART_BRIDGE"
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

require "serial"
require "bridge"

sys.init(0, 0)
sys.run()
