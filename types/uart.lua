---@meta uart

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Serial ports, and the modem's AT port.
---@class uartlib
uart = {}

---1, 2, 3, `uart.ATC` (the modem), `uart.USB`.
---@alias uart.Port integer

---Opens a port. On a port that is open it changes nothing. Raises if the line does not take the settings.
---@param id uart.Port
---@param baud integer Bits per second; 0 for the AT port
---@param databits integer 5..8; 0 for the AT port
---@param parity integer `uart.PAR_...`
---@param stopbits integer `uart.STOP_...`
---@param mode? 0|1 1: no `MSG_UART_RXDATA`, the script polls
---@param txdone? 0|1 1: one `MSG_UART_TX_DONE` after each `write`
---@return integer baud
function uart.setup(id, baud, databits, parity, stopbits, mode, txdone) end

---Sends all pieces as one.
---@param id uart.Port
---@param ... string|integer Strings; a number 0..255 is one byte
---@return integer written Bytes; 0: not taken, to be tried again after the next `MSG_UART_TX_DONE`
function uart.write(id, ...) end

---Takes what has arrived. Never waits.
---@param id uart.Port
---@param format "*l"|"*n"|"*s"|integer `"*l"`: up to and with the next line feed, all there is without one. A number: so many bytes at most. `"*n"`: a number. `"*s"`: up to white space
---@param timeout? integer Ignored
---@return string|number|nil data `""`: nothing there; `"*n"`: nil
function uart.read(id, format, timeout) end

---Takes one byte.
---@param id uart.Port
---@return integer? byte nil: nothing there
function uart.getchar(id) end

---Closes a port.
---@param id uart.Port
---@return 1
function uart.close(id) end

---Accepted; the events of `setup` are the only ones.
---@param id uart.Port
---@param event? integer
---@return 1
function uart.config(id, event) end

---Names the pin that turns an RS-485 line round. Traced; here the line needs none.
---@param id uart.Port
---@param pin integer
---@param level? 0|1
---@param delay? integer
---@return 1
function uart.set_rs485_oe(id, pin, level, delay) end

---The virtual modem's port.
uart.ATC = 127
---The USB port.
uart.USB = 129
---Even parity.
uart.PAR_EVEN = 0
---Odd parity.
uart.PAR_ODD = 1
---No parity.
uart.PAR_NONE = 2
---One stop bit.
uart.STOP_1 = 0
---One and a half.
uart.STOP_1_5 = 1
---Two.
uart.STOP_2 = 2
---For `read`, which never waits.
uart.NO_TIMEOUT = 0
---For `read`, which never waits.
uart.INF_TIMEOUT = -1

return uart
