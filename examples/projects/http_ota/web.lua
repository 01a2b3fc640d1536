-- http.request answers by a callback. In a task, waiting for the answer reads better.
module(..., package.seeall)

require "http"
local config = require "config"

local asked = 0

-- To be called in a task. Returns the status, a number, and the body; or nil and why there is no answer.
function ask(method, path, body)
  asked = asked + 1
  local mark = "WEB_ANSWER_" .. asked -- a name of its own, so that two tasks do not get each other's answers
  local head = body and { ["Content-Type"] = "application/json" } or nil
  http.request(method, config.url .. path, nil, head, body, config.timeout_ms, function(result, prompt, _, text)
    sys.publish(mark, result, prompt, text)
  end)
  local _, result, prompt, text = sys.waitUntil(mark)
  if not result then return nil, prompt end
  return tonumber(prompt), text
end
