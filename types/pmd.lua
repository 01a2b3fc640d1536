---@meta pmd

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Virtual supply: battery, charger, regulators. docs/parts.md tells how they are driven.
---@class pmdlib
pmd = {}

---Sets the level of regulators. Traced.
---@param level integer 0..15; more counts as 15
---@param ... integer `pmd.LDO_...`
function pmd.ldoset(level, ...) end

---Lets the processor sleep (1) or keeps it awake (0). Counted.
---@param on 0|1
function pmd.sleep(on) end

---From now on each change of battery and charger is a `MSG_PMD`.
---@param settings? table Of the device's charging; not looked at
---@return 1
function pmd.init(settings) end

---Whether the charger is there.
---@return boolean present
function pmd.charger() end

---What it charges with.
---@return integer milliampere
function pmd.chrcurrent() end

---The battery's state.
---@return boolean present
---@return integer millivolt
---@return integer percent
---@return boolean charger
---@return 0|1|2 state Not charging, charging, full
function pmd.param_get() end

---The regulator of the display.
pmd.LDO_VLCD = 0
---The regulator of the memory card.
pmd.LDO_VMMC = 1
---The regulator of the SIM card.
pmd.LDO_VSIM1 = 2
---The regulator of the camera, analogue.
pmd.LDO_VCAMA = 3
---The regulator of the camera, digital.
pmd.LDO_VCAMD = 4
---The regulator of the vibrator.
pmd.LDO_VIBR = 5
---The regulator of the red lamp.
pmd.LDO_VBACKLIGHT_R = 6
---The regulator of the green lamp.
pmd.LDO_VBACKLIGHT_G = 7
---The regulator of the blue lamp.
pmd.LDO_VBACKLIGHT_B = 8
---The regulator of the white lamp.
pmd.LDO_VBACKLIGHT_W = 9
---The regulator of the headset's microphone.
pmd.LDO_HMICBIAS = 10
---The regulator of the flashlight.
pmd.LDO_FLASHIB = 11
---The regulator of the audio switch.
pmd.LDO_VASW = 12
---The regulator of the keypad's lamp.
pmd.LDO_KEYPAD = 13

return pmd
