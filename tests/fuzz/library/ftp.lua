-- A server that answers anything, on the control connection and on those for data.
local core = ...
require "ftp"
core.speaks_first = true
core.files["/up.txt"] = ("line\r\n"):rep(100)
local function check(what, code, text)
  core.check(type(code) == "string" and code:match("^%d%d%d$"), what .. " gives the code " .. tostring(code))
  core.check(type(text) == "string", what .. " gives no text")
end
core.task(function()
  check("login", ftp.login("PASV", "host.test", 21, "me", "secret", 10000))
  check("list", ftp.list("/", 10000))
  check("upload", ftp.upload("/up.txt", "/up.txt", 10000))
  check("download", ftp.download("/down.txt", "/down.txt", 10000))
  check("pwd", ftp.pwd(10000))
  check("cwd", ftp.cwd("/sub", 10000))
  check("close", ftp.close(10000))
end)
