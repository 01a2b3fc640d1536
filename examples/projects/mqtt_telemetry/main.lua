-- Telemetry over MQTT: readings with QoS 1, a will that tells when the device is gone, commands that change parameters,
-- and parameters that outlive a restart.
--   socketcore run --data flash mqtt_telemetry BROKER PORT
--   socketcore run --data flash mqtt_telemetry BROKER PORT tls     (ca.crt lies in the project's folder)
PROJECT = "MQTT_TELEMETRY"
VERSION = "1.0.0"

require "sys"
require "log"
require "link"
require "misc"
require "nvm"
LOG_LEVEL = log.LOGLEVEL_INFO

-- config.lua has the defaults. What a command changes is kept in the flash, and wins from then on.
nvm.init("config.lua")

-- A PC passes the broker as arguments. They hold for this run, so they are not stored.
BROKER, PORT, TRANSPORT = ...

net.startQueryAll(60000, 60000)
require "telemetry"

sys.init(0, 0)
sys.run()
