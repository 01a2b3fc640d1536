-- What scripts do with a device's modules, each result held to what its module promises. Any call may fail for want of
-- memory (`call` makes it again), and so may any call of the serial line and of the flash's files; then the script hears of
-- it, or nothing was lost. After relent() nothing fails any more: what was not handed over must still be there.
-- The world: uart 1 is a line, what arrive() sends comes out of it, written() is what went in. /lua/module.lua exists.
local scenarios = {}

local function results(ok, ...) return ok, {n = select("#", ...), ...} end

local function is_memory(message) return type(message) == "string" and message:find("not enough memory", 1, true) end

local function call(f, ...)
  for try = 1, 6 do
    local ok, got = results(pcall(f, ...))
    if ok then return unpack(got, 1, got.n) end
    assert(is_memory(got[1]), got[1])
    if try == 4 then relent() end
  end
  error "it has memory, and raises all the same"
end

-- The first results of which one says that it was done. A failure says why.
local function insist(f, ...)
  for try = 1, 6 do
    local first, second = call(f, ...)
    if first then return first, second end
    assert(first == false or type(second) == "string", "no reason")
    if try == 3 then relent() end
  end
  error "nothing fails any more, and yet it does"
end

local function setup_line(polled, tell)
  local function setup() return uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1, polled, tell) end
  for _ = 1, 6 do
    local ok, got = pcall(setup)
    if ok then return assert(got == 115200) end
    assert(is_memory(got) or got:find("does not take these settings", 1, true), got)
  end
  relent()
  assert(setup() == 115200)
end

-- Whether all of it is still there once nothing fails; a line that broke has taken with it what was on its way.
local function read_all(port, wanted, hows)
  local got, events = {}, 0
  for i = 1, 40 do
    local message = call(rtos.receive, 5)
    if message == rtos.MSG_UART_RXDATA then events = events + 1 end
    local piece = call(uart.read, port, hows[i % #hows + 1])
    got[#got + 1] = piece
    if i % 5 == 0 then
      local byte = call(uart.getchar, port)
      if byte then got[#got + 1] = string.char(byte) end
    end
  end
  relent()
  for _ = 1, 60 do
    call(rtos.receive, 5)
    got[#got + 1] = call(uart.read, port, 2000)
  end
  got = table.concat(got)
  if not line_broke() then assert(got == wanted, ("%d bytes of %d"):format(#got, #wanted)) end
  return events
end

function scenarios.uart_input()
  setup_line()
  local text = {}
  for i = 1, 120 do text[i] = ("line %d of what has arrived at the port\n"):format(i) end
  text = table.concat(text)
  arrive(text:sub(1, 1000))
  call(rtos.receive, 5)
  arrive(text:sub(1001))
  read_all(1, text, {"*l", 100, 1, "*l", 1500})
  arrive("  12.5 word ")
  call(rtos.receive, 5)
  if not line_broke() then
    assert(call(uart.read, 1, "*n") == 12.5)
    assert(call(uart.read, 1, "*s") == "word" and call(uart.read, 1, 5) == " ")
  end
  call(uart.config, 1, 0)
  call(uart.close, 1)
  assert(call(uart.read, 1, 10) == "")
end

-- Who asks for the event gets it without asking for the bytes.
function scenarios.uart_events()
  setup_line()
  for round = 1, 3 do
    arrive("x")
    local message, port
    for try = 1, 5 do
      message, port = call(rtos.receive, 50)
      if message == rtos.MSG_UART_RXDATA then break end
      if try == 3 then relent() end
    end
    if not line_broke() then assert(message == rtos.MSG_UART_RXDATA and port == 1, "an event was lost") end
    call(uart.read, 1, 10)
  end
end

function scenarios.uart_output()
  setup_line(0, 1)
  local sent, writes, told = {}, 0, 0
  for i = 1, 8 do
    local piece = ("piece %d "):format(i):rep(i * 20)
    local taken = call(uart.write, 1, piece, 65, "b")
    assert(taken == #piece + 2 or taken == 0, "a part of a write")
    if taken > 0 then
      sent[#sent + 1] = piece .. "Ab"
      writes = writes + 1
    end
    if call(rtos.receive, 5) == rtos.MSG_UART_TX_DONE then told = told + 1 end
  end
  relent()
  for _ = 1, 20 do
    if call(rtos.receive, 5) == rtos.MSG_UART_TX_DONE then told = told + 1 end
  end
  assert(told == writes, ("%d writes, told of %d"):format(writes, told))
  if not line_broke() then assert(written() == table.concat(sent), "bytes lost, doubled or reordered") end
  call(uart.set_rs485_oe, 1, 3)
end

-- Every command that was taken has one final result, and what it says comes whole.
local function at(command, wanted)
  local taken = 0
  for try = 1, 6 do
    taken = call(uart.write, uart.ATC, command)
    assert(taken == #command or taken == 0, "a part of a command")
    if taken > 0 then break end
    if try == 3 then relent() end
  end
  assert(taken > 0, "a port that takes nothing")
  local lines, final = {}, nil
  for i = 1, 60 do
    call(rtos.receive, 100)
    local line = call(uart.read, uart.ATC, "*l")
    if i == 30 then relent() end
    if line:find("^OK") or line:find("ERROR") or line:find("^> ") or line:find("NO CARRIER") then
      assert(line:find("^> ") or line:sub(-2) == "\r\n", "a line that is not whole")
      final = line
      break
    elseif line:find("%w") then
      lines[#lines + 1] = line
    end
  end
  assert(final, "no final result of " .. command)
  if final:find("^OK") and wanted then
    assert(table.concat(lines):find(wanted, 1, true), command .. ": " .. table.concat(lines))
  end
  return final
end

local function open_modem()
  call(uart.setup, uart.ATC, 0, 0, uart.PAR_NONE, uart.STOP_1)
  for _ = 1, 8 do
    call(rtos.receive, 1000)
    while call(uart.read, uart.ATC, "*l") ~= "" do end
  end
end

function scenarios.at()
  open_modem()
  at("AT\r")
  at("ATI\r")
  at("AT+CIMI\r", "460")
  at("AT+CREG=2\r")
  at("AT+CREG?\r", "+CREG:")
  at("AT+CGMR\r", "Luat")
  at("AT+CMGF=0\r")
  if at("AT+CMGS=20\r"):find("^> ") then at("0011000B916407281553F80000AA0AE8329BFD4697D9EC37\26") end
  at("AT+CPBW=1,\"123\",129,\"name\"\r")
  at("AT+CPBR=1,10\r")
  at("AT+CFUN=0\r")
  at("AT+CFUN=1\r")
  at("AT+UNKNOWN\r")
end

function scenarios.at_events()
  open_modem()
  control("urc +X: 1")
  control("sms +123456 hello there")
  at("AT+CNMI=2,1\r")
  control("sms +123456 once more")
  at("AT+CMGL=4\r")
  at("AT+CMGR=1\r")
  at("AT+CMGD=1,4\r")
  at("ATD123;\r")
  at("ATH\r")
  control("link down")
  local lost = 0
  for _ = 1, 5 do
    local message = call(rtos.receive, 50)
    if type(message) == "table" and message.id == rtos.MSG_PDP_DEACT_IND then lost = lost + 1 end
  end
  relent()
  control("urc +Y: 2")
  local seen = ""
  for _ = 1, 60 do
    call(rtos.receive, 100)
    seen = seen .. call(uart.read, uart.ATC, 500)
  end
  assert(seen:find("\r\n+Y: 2\r\n", 1, true), "what the modem says now is lost")
  at("AT\r")
end

function scenarios.messages()
  local seen = {}
  local function note(message, value)
    if message == rtos.WAIT_MSG_TIMEOUT then return false end
    local name = type(message) == "table" and message.id or message
    if name == rtos.MSG_TIMER then name = "timer" .. value end
    seen[name] = (seen[name] or 0) + 1
    return message
  end
  assert(call(rtos.set_time, 1767225600) == nil)
  local alarm = call(rtos.init_module, rtos.MOD_ALARM) == 1 and call(rtos.set_alarm, 1, 2026, 1, 1, 8, 0, 2) == 1
  assert(call(rtos.init_module, rtos.MOD_KEYPAD, 0, 0x3f, 0x3f) == 1)
  call(pio.pin.setdebounce, 0)
  call(pio.pin.setdir, pio.INT, pio.P0_13)
  local timer = call(rtos.timer_start, 7, 30) == 1
  call(rtos.timer_start, 8, 30)
  call(rtos.timer_stop, 8)
  -- Events are posted within a call, where memory may be short; those of the line outside come in this way.
  for _, line in ipairs {"pin 13 1", "key 1 2 down", "key 1 2 up"} do control(line) end
  for _ = 1, 12 do
    local message = note(call(rtos.receive, 10))
    if type(message) == "table" and message.id == rtos.MSG_INT then
      assert(message.int_resnum == 13 and message.int_id == cpu.INT_GPIO_POSEDGE)
    elseif type(message) == "table" and message.id == rtos.MSG_KEYPAD then
      assert(message.key_matrix_row == 1 and message.key_matrix_col == 2)
    end
  end
  relent()
  for _ = 1, 300 do note(call(rtos.receive, 10)) end
  assert(seen[rtos.MSG_INT] == 1 and seen[rtos.MSG_KEYPAD] == 2, "a message was lost, or came twice")
  assert(not timer or seen.timer7 == 1, "a timer was lost")
  assert(not seen.timer8)
  assert(not alarm or (seen[rtos.MSG_ALARM] or 0) <= 1)
end

function scenarios.parts()
  call(pio.pin.setdir, pio.OUTPUT, 5, 6)
  call(pio.pin.setval, 1, 5, 6)
  call(pio.pin.setlow, 5)
  call(pio.pin.sethigh, 5)
  local five, six = call(pio.pin.getval, 5, 6)
  assert(five == 1 and six == 1)
  call(pio.pin.setpull, pio.PULLUP, 7)
  call(pio.pin.plus, 5, 10, 20, 3, 1)
  call(pio.pin.pwm, 5, 100, 200, -1)
  call(pio.pin.close, 5, 6)
  assert(call(function() return pio.P1_4 end) == 36)
  call(pmd.ldoset, 7, pmd.LDO_VLCD, pmd.LDO_VMMC)
  call(pmd.sleep, 1)
  assert(call(pmd.init, {}) == 1)
  assert(call(pmd.charger) == false and call(pmd.chrcurrent) == 0)
  local present, voltage = call(pmd.param_get)
  assert(present == true and voltage == 3800)
  control("adc 2 1000")
  assert(call(adc.open, 2, adc.SCALE_1V250) == 1)
  local _, millivolt = call(adc.read, 2)
  assert(millivolt == 1000)
  assert(call(adc.close, 2) == 1)
  call(pwm.open, 1)
  call(pwm.set, 1, 100, 50)
  call(pwm.close, 1)
  assert(call(rtos.poweron_reason) == rtos.POWERON_KEY)
  call(rtos.poweron, 1)
  call(rtos.sys32k_clk_out, 1)
  call(rtos.send_ok, "AT")
  call(rtos.sendevent, 5)
  call(rtos.notify_sim_detect, 1, 1)
  call(rtos.set_time, 2026, 1, 1, 8, 0, 0)
end

-- What a chip has said is not lost because the script could not be given it.
function scenarios.buses()
  local text = ("0123456789abcdef"):rep(16)
  local hex = text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  control("i2c 1 0x38 00 " .. hex)
  control("i2c 1 0x38 0102 " .. hex:sub(1, 20))
  control("spi 0 " .. hex)
  call(i2c.setup, 1, i2c.SLOW, 0x38)
  assert(call(i2c.send, 1, 0x38, 0) == 1)
  local got = {}
  for i = 1, 4 do got[i] = call(i2c.recv, 1, 0x38, 64) end
  assert(table.concat(got) == text, "bytes of the chip are lost")
  assert(call(i2c.write, 1, 3, {1, 2, "x"}) == 3)
  assert(call(i2c.read, 1, 3, 3) == "\1\2x")
  assert(call(i2c.send, 1, 0x38, "\1\2") == 2 and call(i2c.recv, 1, 0x38, 10) == text:sub(1, 10))
  call(i2c.close, 1)
  assert(call(spi.setup, spi.SPI_1, 0, 0, 8, 1000, 1) == 1)
  assert(call(spi.send, spi.SPI_1, text) == #text)
  local one, two = call(spi.recv, spi.SPI_1, 100), call(spi.send_recv, spi.SPI_1, text:sub(101))
  assert(one .. two == text, "bytes of the chip are lost")
  call(spi.close, spi.SPI_1)
end

function scenarios.sound()
  for _, name in ipairs {"setchannel", "setsphvol", "setpa", "pa"} do call(audiocore[name], 1, 2) end
  call(audiocore.setvol, 3)
  assert(call(audiocore.playdata, ("x"):rep(3000), audiocore.AMR) == true)
  assert(call(audiocore.streamplay, audiocore.PCM, ("x"):rep(100)) == 100)
  call(audiocore.streamremain)
  call(audiocore.stop)
  local ended = 0
  for _ = 1, 10 do
    local message = call(rtos.receive, 10)
    if type(message) == "table" and message.id == rtos.MSG_AUDIO then ended = ended + 1 end
  end
  relent()
  if ended == 0 then
    call(audiocore.playdata, "x", audiocore.AMR)
    local message = call(rtos.receive, 1000)
    assert(type(message) == "table" and message.id == rtos.MSG_AUDIO, "sounds have no ends any more")
  end
  assert(call(audiocore.streamrecord, 1) == true)
  local size, read = 0, {}
  for _ = 1, 40 do
    local message = call(rtos.receive, 100)
    if type(message) == "table" and message.id == rtos.MSG_STREAM_RECORD then size = size + message.wait_read_len end
  end
  repeat read[#read + 1] = call(audiocore.streamrecordread, 500) until read[#read] == ""
  read = table.concat(read)
  assert(#read == size and read:sub(1, 6) == "#!AMR\n", #read)
end

-- A recording that is told to be one is whole.
function scenarios.recording()
  local function size_of(path)
    local file = insist(io.open, path, "rb")
    local size = file:seek("end")
    file:close()
    return size
  end
  local recorded = call(audiocore.record, "/recorded.amr", 1)
  if recorded then
    assert(size_of("/recorded.amr") == 1606, "half a recording")
    call(audiocore.stoprecord)
  end
  call(audiocore.streamrecord, 1)
  for _ = 1, 3 do call(rtos.receive, 300) end
  local begun = call(audiocore.streamrecordread, 200)
  call(audiocore.deleterecord)
  relent()
  while call(rtos.receive, 10) ~= rtos.WAIT_MSG_TIMEOUT do end
  assert(call(audiocore.record, "/recorded.amr", 1) == true)
  call(audiocore.stoprecord)
  assert(call(audiocore.play, "/recorded.amr") == true)
  assert(#begun <= 200)
end

-- A recording that is being told while a stream's bytes are read.
function scenarios.stream()
  call(audiocore.streamrecord, 2)
  local size, read = 0, {}
  for _ = 1, 60 do
    local message = call(rtos.receive, 100)
    if type(message) == "table" and message.id == rtos.MSG_STREAM_RECORD then size = size + message.wait_read_len end
    read[#read + 1] = call(audiocore.streamrecordread, 300)
  end
  relent()
  for _ = 1, 20 do read[#read + 1] = call(audiocore.streamrecordread, 500) end
  read = table.concat(read)
  assert(#read >= 3200 and read:sub(1, 6) == "#!AMR\n", #read)
end

function scenarios.bits()
  assert(call(bit.band, 6, 3) == 2 and call(bit.bor, 6, 3) == 7 and call(bit.bxor, 6, 3) == 5)
  assert(call(bit.bnot, 0) == 0xffffffff and call(bit.lshift, 1, 4) == 16 and call(bit.rshift, 16, 4) == 1)
  assert(call(bit.arshift, 16, 4) == 1 and call(bit.rol, 1, 1) == 2 and call(bit.ror, 2, 1) == 1)
  assert(call(bit.tohex, 255) == "000000ff" and call(bit.bit, 3) == 8 and call(bit.isset, 8, 3) == true)
  assert(call(bit.isclear, 8, 3) == false and call(bit.set, 0, 3) == 8 and call(bit.clear, 8, 3) == 0)
end

function scenarios.packing()
  local text = ("text "):rep(800)
  local packed = call(pack.pack, "<bHzAaP", 1, 2, "z", text, "a", text)
  local at, one, two, z, a = call(pack.unpack, packed, "<bHz")
  assert(at == 6 and one == 1 and two == 2 and z == "z" and a == nil)
  local _, back, counted, last = call(pack.unpack, packed, "A4000aP", at)
  assert(back == text and counted == "a" and last == text)
  local many = {call(pack.unpack, ("\1"):rep(200), "b200")}
  assert(#many == 201)
end

function scenarios.json()
  local value = {a = {1, 2, {b = "c"}}, text = ("long "):rep(400), yes = true, none = json.null, number = 1.5}
  local text = call(json.encode, value)
  local back = call(json.decode, text)
  assert(back.a[3].b == "c" and back.text == value.text and back.yes == true and back.none == json.null)
  local list = {}
  for i = 1, 60 do list[i] = "item " .. i end
  local got = call(json.decode, call(json.encode, list))
  for i = 1, 60 do assert(got[i] == list[i]) end
  local own = call(json.new)
  for name, f in pairs(own) do
    if type(f) == "function" and name:find("_") then call(f) end
  end
  for name, f in pairs(json) do
    if type(f) == "function" and name:find("code_") then call(f) end
  end
  own.encode_keep_buffer(false)
  assert(call(own.decode, call(own.encode, list))[60] == "item 60")
  local ok, message = pcall(json.decode, "{")
  assert(not ok and type(message) == "string")
end

-- Lua 5.1 drops a finalizer that it has no memory to call. What has one lives until the state is closed.
kept = {}

function scenarios.text()
  local text = ("text "):rep(300)
  for _, names in ipairs {{"ucs2", "utf8"}, {"utf8", "ucs2"}, {"gb2312", "utf8"}, {"ucs2be", "utf8"}} do
    local converter = call(iconv.open, names[1], names[2])
    kept[#kept + 1] = converter
    if converter then
      local got = call(converter.iconv, converter, text)
      assert(type(got) == "string" and (names[1]:sub(1, 4) ~= "ucs2" or #got == 2 * #text))
    end
  end
  assert(call(iconv.open, "none", "such") == nil)
  assert(call(rtos.base64_decode, call(rtos.base64_encode, text)).str == text)
  assert(call(rtos.toint64, "258", "big") == "\0\0\0\0\0\0\1\2" and #call(rtos.toint64, 5) == 8)
  assert(call(rtos.compare_distance, 0, 0, 1, 1, 5) == 1)
  assert(call(crypto.base64_decode, call(crypto.base64_encode, text)) == text)
end

function scenarios.digests()
  local text = ("text "):rep(400)
  for name, size in pairs {md5 = 32, sha1 = 40, sha256 = 64} do
    assert(#call(crypto[name], text, #text) == size)
  end
  for name, size in pairs {hmac_md5 = 32, hmac_sha1 = 40} do assert(#call(crypto[name], text, #text, "key", 3) == size) end
  assert(#call(crypto.hmac_sha256, text, "key") == 64)
  assert(call(crypto.md5, "abc", 3) == "900150983CD24FB0D6963F7D28E17F72")
  local md5 = call(crypto.flow_md5)
  assert(call(md5.update, md5, "abc") == nil)
  assert(call(md5.hexdigest, md5) == "900150983CD24FB0D6963F7D28E17F72")
  local sm3 = call(crypto.sm3start)
  call(sm3.sm3update, sm3, "abc")
  assert(#call(sm3.sm3finish, sm3) == 64)
  assert(call(crypto.crc16, "MODBUS", "123456789") == 0x4b37 and call(crypto.crc16_modbus, "123456789", 9) == 0x4b37)
  assert(call(crypto.crc32, "123456789", 9) == 0xcbf43926)
  call(crypto.crc8, "123456789", 9)
  local file
  for try = 1, 5 do
    file = call(io.open, "/abc", "wb")
    if file and file:write("abc") and file:close() then break end
    if try == 3 then relent() end
  end
  local digest, message = call(crypto.md5, "/abc", "file")
  assert(digest == "900150983CD24FB0D6963F7D28E17F72" or digest == nil and type(message) == "string", digest)
end

function scenarios.ciphers()
  local key, text = ("k"):rep(16), ("text "):rep(200)
  for _, name in ipairs {"aes", "sm4"} do
    local closed = call(crypto[name .. "_encrypt"], "CBC", "PKCS7", text, key, key)
    assert(call(crypto[name .. "_decrypt"], "CBC", "PKCS7", closed, key, key) == text)
  end
  for _, name in ipairs {"des", "des3"} do
    local long = name == "des3" and "8 bytes.another.a third." or "8 bytes."
    local closed = call(crypto[name .. "_encrypt"], "ECB", "PKCS7", text, long)
    assert(call(crypto[name .. "_decrypt"], "ECB", "PKCS7", closed, long) == text)
  end
  assert(call(crypto.xxtea_decrypt, call(crypto.xxtea_encrypt, text, key), key) == text)
end

local KEY = [[
-----BEGIN RSA PRIVATE KEY-----
MIICWwIBAAKBgQCvecXvLvkjz1vLR6lfjfP6j/Bszr21qeQ9H9QhGhVqY4Oi/et5
wS6XBvY5QCvnuEhOwp3NRqhIgPgGa7UoIJEpAPsOtF7etsrBABjaoAiMEFXo0p+5
iDqoZiwEFnYUQ3RpxH34yp3N3iCENCcrA1e1stFpWuoTzKEtJHQxLej9pwIDAQAB
AoGAPp8agA0nZBwwCg985ljmZNjRWEM/eIE0rouZTGbelaUF6Tjsu/qxAby+ShgY
kw004MabQhKhI57C5KezcqqMopoMxSDqOGOMIkC55HcIO7RbxzgLKd++G5Ql59Tq
HyATm5PbVIjLcGJtisNLYiUX2IWM2y3ERE1lsDXTT+3nw4ECQQDcqP7RxiFxotKd
TCA8p9nIuFYbQTISClwzCeHTQ8nZx7Wc8EdRuM9H/5JgAD1sfasUbS4s6KKyxfIi
agIH/LRXAkEAy5Q6NHptWLiolhF0XmwucTcU13rhL29wu+VGhyBiCBiLnf+zRBej
f0C32cbO75QO8B6bpicSmUmL4XhpMPWvMQJAGhgJ+jiZ39xHV76W2VVoFapm1FZD
W4rKGGcEw3zys8RAH8zyQiG+sV7xqlSc7uV1g7bdjQX9p3JtDdDHaLZjhQJASNvY
5PU38zvLYkIG8tAm4vACrofU1eQ9ZZHN5wiI7TrTpQ1hfCo1opJn+jHz17yWiAt8
Sz/KoT+4J06v3wze0QJAM/s71SOzt7/X4vu/CPdnMdQBnSSZ+J9ZZuByGFkQRVcB
9tDgrSXM6SMXgSvHvFcJW9d52vfbKvVRJ5hIlu4H2g==
-----END RSA PRIVATE KEY-----
]]

-- OpenSSL does not say each time that memory was what it lacked.
local function keyed(f, ...)
  for try = 1, 6 do
    local ok, got = pcall(f, ...)
    if ok and got then return got end
    assert(ok or is_memory(got) or tostring(got):find("bad argument", 1, true), got)
    if try == 4 then relent() end
  end
  error "nothing fails any more, and yet it does"
end

function scenarios.rsa()
  for _, hash in ipairs {"sha1", "sha256"} do
    local signature = keyed(crypto["rsa_" .. hash .. "_sign"], "PRIVATE_KEY", KEY, 1024, "PRIVATE_CRYPT", "text")
    assert(keyed(crypto["rsa_" .. hash .. "_verify"], "PRIVATE_KEY", KEY, 1024, "PUBLIC_CRYPT", signature, "text") == true)
  end
  local closed = keyed(crypto.rsa_encrypt, "PRIVATE_KEY", KEY, 1024, "PUBLIC_CRYPT", "text")
  assert(keyed(crypto.rsa_decrypt, "PRIVATE_KEY", KEY, 1024, "PRIVATE_CRYPT", closed) == "text")
end

-- Writes it; true: everything that was asked for has said that it was done.
local function write_file(path, text)
  local file, message = call(io.open, path, "w")
  if not file then return assert(type(message) == "string" and message:find(path, 1, true), message) and nil end
  local written = call(file.write, file, text)
  local closed = call(file.close, file)
  return written and closed
end

local function read_file(path)
  local file = call(io.open, path, "rb")
  if not file then return nil end
  local text = call(file.read, file, "*a")
  call(file.close, file)
  return text
end

function scenarios.files()
  local text = ("a line of it\n"):rep(700)
  local written = write_file("/file", text)
  if written then
    local all, count = read_file("/file"), 0
    relent()
    assert(read_file("/file") == text, "it was written, and is not there")
    assert(all == nil or all == text:sub(1, #all), "something else was written")
    for line in call(io.lines, "/file") do
      assert(line == "a line of it")
      count = count + 1
    end
    assert(count == 700)
  end
  relent()
  assert(write_file("/file", text))
  call(io.input, "/file")
  assert(call(io.read, "*l") == "a line of it")
  call(io.close, call(io.input))
  call(io.output, "/other")
  call(io.write, "other")
  call(io.flush)
  assert(call(io.type, call(io.output)) == "file")
  call(io.close)
  call(io.input, io.stdin)
  call(io.output, io.stdout)
end

-- A file takes another's place whole or not at all; an answer says which.
function scenarios.replacing()
  local old, new = ("old "):rep(500), ("new "):rep(600)
  local stored = write_file("/config", old)
  if stored and write_file("/config.new", new) then
    local ok, message = pcall(os.rename, "/config.new", "/config")
    local done = ok and message
    assert(done or type(message) == "string" or ok, message)
    relent()
    local now = read_file("/config")
    assert(now == (done and new or old), "neither the old one nor the new one, or the other than was said")
    assert((read_file("/config.new") == nil) == (done == true), "what was to be moved")
  end
  if stored then
    local ok, done = pcall(os.remove, "/config")
    relent()
    assert((read_file("/config") == nil) == (ok and done == true), "removed, or not removed, and another is said")
  end
  relent()
  local name = call(os.tmpname)
  assert(read_file(name) == "")
  assert(call(os.remove, name) == true)
  local gone, message = call(os.remove, "/nothing")
  assert(gone == nil and message:find("/nothing: ", 1, true))
end

-- A name for a temporary file that could not be handed over leaves no file behind.
function scenarios.temporary()
  local ok, name = pcall(os.tmpname)
  relent()
  assert(call(io.opendir, "/") == 1)
  local count = 0
  while call(io.readdir) do count = count + 1 end
  call(io.closedir)
  assert(count == (ok and 1 or 0), "a file that nobody knows of")
  if ok then assert(type(name) == "string") end
end

function scenarios.folders()
  local made = call(rtos.make_dir, "/folder/below")
  for i = 1, 12 do write_file("/folder/a file whose name is no short one " .. i, "x") end
  local opened = call(io.opendir, "/folder") == 1
  local seen = {}
  if opened then
    for _ = 1, 40 do
      local kind, name, size = call(io.readdir)
      if not kind then break end
      assert(kind == 16 or kind == 32)
      seen[#seen + 1] = name
    end
  end
  call(io.closedir)
  relent()
  if opened and made then
    assert(call(io.opendir, "/folder") == 1)
    for i = 1, 40 do
      local kind, name = call(io.readdir)
      assert(seen[i] == name, "an entry was left out, or came twice")
      if not kind then break end
    end
  end
  assert(call(io.opendir, "/lua") == 1 and select(2, call(io.readdir)) == "module.lua")
  assert(call(io.opendir, "/none") == 0)
end

function scenarios.media()
  local function insist_on(f, ...)
    for try = 1, 6 do
      local answer = call(f, ...)
      if answer == 1 or answer == true then return end
      if try == 3 then relent() end
    end
    error "nothing fails any more, and yet it does"
  end
  insist_on(io.mount, io.SDCARD)
  insist_on(rtos.make_dir, "/sdcard0/folder/below")
  insist_on(function() return write_file("/sdcard0/folder/below/file", "x") end)
  insist_on(io.format, io.SDCARD)
  assert(read_file("/sdcard0/folder/below/file") == nil)
  insist_on(io.unmount, io.SDCARD)
  insist_on(rtos.make_dir, "/folder/below")
  insist_on(function() return write_file("/folder/below/file", "x") end)
  insist_on(rtos.remove_dir, "/folder")
  assert(read_file("/folder/below/file") == nil)
  call(rtos.get_fs_free_size)
  call(rtos.get_fs_total_size, 0, 1)
end

function scenarios.loading()
  assert(call(insist(loadfile, "/lua/module.lua")).f(1, 2) == 2)
  for try = 1, 6 do
    local ok, module = pcall(require, "module")
    if ok then break end
    assert(try < 6 and (is_memory(module) or module:find("module", 1, true)), module)
    package.loaded.module = nil  -- Lua's own mark that it is being loaded
    if try == 4 then relent() end
  end
  assert(require("module").f(1) == 1)
  relent()
  assert(call(dofile, "/lua/module.lua").f() == 0)
  local f = call(loadstring, "return 1")
  if f then assert(f() == 1) end
  local none, message = call(loadfile, "/lua/none.lua")
  assert(none == nil and type(message) == "string")
  assert(not pcall(require, "none.such"))
end

local function tar(files)
  local pieces = {}
  for name, text in pairs(files) do
    local head = name .. ("\0"):rep(100 - #name) .. "0000644\0" .. ("0000000\0"):rep(2) .. ("%011o\0"):format(#text) ..
      ("0"):rep(11) .. "\0" .. (" "):rep(8) .. "0" .. ("\0"):rep(100) .. "ustar\00000" .. ("\0"):rep(247)
    local sum = 0
    for i = 1, #head do sum = sum + head:byte(i) end
    head = head:sub(1, 148) .. ("%06o\0 "):format(sum) .. head:sub(157)
    pieces[#pieces + 1] = head .. text .. ("\0"):rep(-#text % 512)
  end
  return table.concat(pieces) .. ("\0"):rep(1024)
end

local function install(files)
  local package = tar(files)
  local answer = call(rtos.fota_start)
  for at = 1, #package, 1500 do
    if answer ~= 0 then break end
    answer = call(rtos.fota_process, package:sub(at, at + 1499), #package)
  end
  local ended = call(rtos.fota_end)
  return answer == 0 and ended == 0
end

-- What is installed is the old one whole or the new one whole, and the answer says which.
function scenarios.update()
  local old = {["one.lua"] = ("-- old one\n"):rep(200), ["two.lua"] = "-- old two"}
  local new = {["one.lua"] = ("-- new one\n"):rep(300), ["two.lua"] = "-- new two", ["three.lua"] = "-- new"}
  local function is_installed(files)
    for name in pairs(new) do
      if read_file("/.update/" .. name) ~= files[name] then return false end
    end
    return true
  end
  local before = install(old)
  local after = install(new)
  relent()
  assert(is_installed(after and new or before and old or {}), "another than the answer says")
  assert(install(new) and is_installed(new))
  assert(call(io.opendir, "/") == 1)
  for _, name in function() return call(io.readdir) end do assert(name == ".update", "left behind: " .. name) end
end

function scenarios.odds()
  assert(call(rtos.get_version):find("Luat", 1, true))
  call(rtos.set_lua_info, "a line of the log")
  assert(call(rtos.get_fatal_info) == "" and call(rtos.remove_fatal_info) == true)
  assert(call(rtos.set_trace, 1) == true)
  call(rtos.sleep, 5)
  assert(call(rtos.tick) >= 0)
  assert(call(rtos.recv, 0) ~= nil)
  local time = call(os.time)
  assert(type(time) == "number" and call(os.time, {year = 2026, month = 1, day = 1}) > 0)
  assert(call(os.date, "*t", 0).year == 1970 and type(call(os.date)) == "string")
  assert(call(os.clock) and call(os.difftime, 2, 1) == 1)
  call(os.getenv, "PATH")
  if not confined then
    call(os.setlocale)
    call(io.tmpfile):close()
    assert(not pcall(io.popen, "true") and not pcall(os.execute, "true"))
  end
end

return function(name) scenarios[name]() end
