-- Errors in the flash, and reports that keep them until a server has taken them.
PROJECT, VERSION = "LIB_ERRDUMP", "1.0.0"
require "sys"
require "misc"
require "errDump"
require "socket"

local function same(what, actual, expected)
  print(actual == expected and "ok" or "WRONG", what)
  if actual ~= expected then
    print("expected", expected, "got", actual)
    os.exit(1)
  end
end
sys.timerStart(function()
  print("not done in time")
  os.exit(1)
end, 60000)

same("nothing", errDump.appendErr(""), false)
same("no text", errDump.appendErr(5), false)
same("noted", errDump.appendErr("first\n"), true)
same("in the file", io.readFile("/lib_err.txt"), "first\n")
errDump.appendErr(("x"):rep(6000) .. "newest\n")
same("the newest 5 KiB", io.fileSize("/lib_err.txt"), 5120)
same("at the end", io.readFile("/lib_err.txt"):sub(-7), "newest\n")
os.remove("/lib_err.txt")

same("an address of no form", errDump.request("example.org"), nil)
same("no port", errDump.request("udp://example.org"), nil)

-- An error of a task is noted.
sys.taskInit(function() error "noted by itself" end)
same("an error of a task", io.readFile("/lib_err.txt"):match("noted by itself") ~= nil, true)
io.writeFile("/luaerrinfo.txt", "the last run ended here\n")

errDump.setNetworkLog(true)
sys.publish("IP_ERROR_IND")
sys.publish("SIM_IND", "RDY")
sys.publish("SIM_IND", "NIST")

sys.taskInit(function()
  sys.wait(50)
  local network = io.readFile("/lib_network_err.txt")
  same("the network's log", network:match("IP_ERROR_IND") and network:match("SIM_IND NIST") and true, true)
  same("not what is good", network:match("RDY"), nil)
  errDump.setNetworkLog(false)
  sys.publish("IP_ERROR_IND")
  sys.wait(50)
  same("turned off", io.readFile("/lib_network_err.txt"), network)

  socket.answers = { "OK", "NO" }
  socket.meanwhile = function()
    socket.meanwhile = nil
    errDump.appendErr("came meanwhile\n")
  end
  same("reports", errDump.request("udp://127.0.0.1:9999", 200), true)
  same("once", errDump.request("udp://127.0.0.1:9999", 200), nil)
  sys.wait(150)
  local report = socket.reports[1]
  same("to the server", report:match("^[^\n]*"), "udp 127.0.0.1 9999")
  same("who", report:match("LIB_ERRDUMP 1.0.0 %d+") ~= nil, true)
  same("all of it", report:match("the last run ended here") and report:match("noted by itself")
    and report:match("SIM_IND NIST") and true, true)
  same("taken: gone", io.exists("/luaerrinfo.txt") or io.exists("/lib_network_err.txt"), false)
  same("what came meanwhile stays", io.readFile("/lib_err.txt"), "came meanwhile\n")
  sys.wait(300)
  same("refused: kept", io.readFile("/lib_err.txt"), "came meanwhile\n")
  same("it was tried", socket.reports[2]:match("came meanwhile") ~= nil, true)
  os.exit(0)
end)

sys.init(0, 0)
sys.run()
