-- A server that answers anything. Flags: 16, into a file; 32, to a function; 64, POST.
local core = ...
require "http"
core.files["/part.txt"] = "from a file"
local calls, got = 0, 0
core.task(function()
  local body = core.flag(64) and { "text", { file = "/part.txt" } } or nil
  local function take(piece, _, status)
    core.check(type(piece) == "string" and status ~= nil, "a piece without its arguments")
    got = got + #piece
  end
  http.request(core.flag(64) and "POST" or "GET", "http://u:p@host.test:81/a/b?c=d", nil, { Cookie = "x" }, body, 20000,
    function(result, prompt, head, answer)
      calls = calls + 1
      core.check(type(prompt) == "string", "no prompt")
      if not result then return end
      core.check(type(head) == "table" and type(answer) == "string", "an answer without head or body")
      if core.flag(16) then core.check(core.files[answer], "a file that is not there") end
    end, core.flag(16) and "download.bin" or core.flag(32) and take or nil)
end)
core.finally(function() core.check(calls == 1, "the callback came " .. calls .. " times") end)
