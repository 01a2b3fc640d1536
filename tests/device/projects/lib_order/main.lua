-- What a final result makes the library write next must not be answered by an unsolicited line that came with that result.
PROJECT, VERSION = "LIB_ORDER", "1.0.0"
require "sys"
require "ril"

-- With these on, the answer to AT+CIMI brings the registration's lines with it.
ril.request("AT+CREG=2")
ril.request("AT+CGREG=2")
ril.request("AT+CEREG=2")
ril.request("AT+CIMI")
ril.request("AT+WISN?", nil, function(_, good, _, answer)
  print(good, answer)
  os.exit(good and answer == "AIR724UG0000000001" and 0 or 1)
end)
sys.timerStart(os.exit, 10000, 2)
sys.init(0, 0)
sys.run()
