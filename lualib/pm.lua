--- Sleep: the module may sleep when no part of the script keeps it awake.
-- @module pm
-- @usage pm.wake("upload")
-- -- ... work ...
-- pm.sleep("upload")
require "sys"

local pm = {}
_G.pm = pm

local awake = {} -- tag -> true

local function checked(tag)
  if tag == nil then error("a tag expected", 3) end
  return tag
end

--- Keeps the module awake on behalf of a tag.
-- @param tag string: who asks
function pm.wake(tag)
  checked(tag)
  local slept = next(awake) == nil
  awake[tag] = true
  if slept then pmd.sleep(0) end
end

--- Gives up a tag's wish. Without any, the module sleeps.
-- @param tag string: who asked
function pm.sleep(tag)
  checked(tag)
  awake[tag] = nil
  if next(awake) == nil then pmd.sleep(1) end
end

--- Whether a tag lets the module sleep.
-- @param[opt] tag string; nil: whether all do
-- @return boolean
function pm.isSleep(tag)
  if tag == nil then return next(awake) == nil end
  return not awake[tag]
end

return pm
