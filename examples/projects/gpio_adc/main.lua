-- Pins and an analogue input: a button switches a lamp, and a voltage that leaves its bounds makes it blink.
--   mkfifo ctl; socketcore run --modem-ctl ctl --trace trace gpio_adc
--   echo 'pin 5 0' > ctl; echo 'pin 5 1' > ctl; echo 'adc 2 1800' > ctl
PROJECT = "GPIO_ADC"
VERSION = "1.0.0"

require "sys"
require "log"
require "pins"
LOG_LEVEL = log.LOGLEVEL_INFO

local config = require "config"

-- ---- The lamp: an output, low at first. pins.setup gives the function that sets it.
local set_lamp = pins.setup(config.lamp, 0)
local lit = 0

local function toggle()
  lit = 1 - lit
  set_lamp(lit)
  log.info("lamp", lit == 1 and "on" or "off")
end

-- ---- The button: an input with a resistor to the supply, so that pressing it makes it low. The function gets every edge.
pins.setup(config.button, function(edge)
  if edge == cpu.INT_GPIO_NEGEDGE then toggle() end
end, pio.PULLUP)

-- ---- The voltage: asked for again and again; an ADC does not report by itself.
sys.taskInit(function()
  adc.open(config.channel)
  local alarmed = false
  while true do
    local _, millivolt = adc.read(config.channel)
    local outside = millivolt < config.lowest_mv or millivolt > config.highest_mv
    if outside ~= alarmed then
      alarmed = outside
      log.info("voltage", millivolt, outside and "is out of bounds" or "is fine")
      if outside then
        sys.timerLoopStart(toggle, config.blink_ms)
      else
        sys.timerStop(toggle)
      end
    end
    sys.wait(config.sample_ms)
  end
end)

log.info("main", "ready")
sys.init(0, 0)
sys.run()
