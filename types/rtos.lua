---@meta rtos

-- Type stubs of rtos for editors with LuaCATS / EmmyLua annotations; see socketcore.lua beside this file.

---Messages, timers and time. In the runner this table is a global as well.
---@class rtoslib
rtos = {}

---What every socket message holds. Each is a fresh table and the script's to keep.
---@class rtos.SocketMessage
---@field id integer Which message: one of `rtos.MSG_SOCK_...`
---@field socket_index socketcore.SocketId The socket
---@field result 0|1 0 success, 1 failure
---@field error? socketcore.ErrorCode On failure: why. `MSG_SOCK_CLOSE_IND` has it always
---@field reason? string On failure: English text that names the peer and the cause

---The outcome of `sock_conn`: exactly one per call that returned an id, unless `sock_close` came first.
---@class rtos.ConnectConfirmation : rtos.SocketMessage
---@field id integer `rtos.MSG_SOCK_CONN_CNF`
---@field verify? string SSL only: `"none"` (no certificate was verified), `"ok"`, or why the certificate does not verify

---The outcome of one `sock_send`, in call order.
---@class rtos.SendConfirmation : rtos.SocketMessage
---@field id integer `rtos.MSG_SOCK_SEND_CNF`
---@field send_len integer Bytes handed to the network; profile `air724u`: bytes that the peer has acknowledged

---Bytes wait for `sock_recv`. The next one comes once `recv_len` bytes were read (UDP and RAW: once `sock_recv` was called).
---@class rtos.ReceiveIndication : rtos.SocketMessage
---@field id integer `rtos.MSG_SOCK_RECV_IND`
---@field recv_len integer Bytes to read now

---The peer has ended the connection (`error` 0), or it broke.
---@class rtos.CloseIndication : rtos.SocketMessage
---@field id integer `rtos.MSG_SOCK_CLOSE_IND`
---@field error socketcore.ErrorCode 0: an orderly end

---`sock_close` is done: the last message for this id.
---@class rtos.CloseConfirmation : rtos.SocketMessage
---@field id integer `rtos.MSG_SOCK_CLOSE_CNF`

---@alias rtos.Message
---| rtos.ConnectConfirmation
---| rtos.SendConfirmation
---| rtos.ReceiveIndication
---| rtos.CloseIndication
---| rtos.CloseConfirmation

---Blocks until a message is there and returns it: a table for a socket message, `rtos.MSG_TIMER, timer_id` for a timer,
---`rtos.WAIT_MSG_TIMEOUT` if nothing came in time.
---@param timeout_ms? integer 0 polls; none or `rtos.INF_TIMEOUT` waits for ever
---@return integer|rtos.Message message
---@return integer? timer_id With `rtos.MSG_TIMER` only
function rtos.receive(timeout_ms) end

---The same function as `receive`.
---@param timeout_ms? integer
---@return integer|rtos.Message message
---@return integer? timer_id
function rtos.recv(timeout_ms) end

---Blocks the script. Input, output, timers and limits go on; messages queue.
---@param ms integer
function rtos.sleep(ms) end

---Starts a one-shot timer, or starts it again; `rtos.MSG_TIMER, id` follows.
---@param id integer 0..0x7fffffff
---@param ms integer 1..0x7fffffff
---@return 0|1 started 0: id or time out of range
function rtos.timer_start(id, ms) end

---Stops a timer. Its message will not come, even if it had run out and was queued.
---@param id integer 0..0x7fffffff
---@return 0|1 stopped 1 also if it was not running; 0: id out of range
function rtos.timer_stop(id) end

---Monotonic time, 16384 per second.
---@return integer ticks
function rtos.tick() end

---The version in the shape that device scripts take apart, `NAME_V<number>_...`.
---@return string version
function rtos.get_version() end

---Ends the script and starts it afresh. Does not return. Runner only.
function rtos.restart() end

---Ends the script and the runner, exit status 0. Does not return. Runner only.
function rtos.poweroff() end

---For `receive`: wait for ever.
rtos.INF_TIMEOUT = 0xffffffff

---`receive`: nothing came in time.
rtos.WAIT_MSG_TIMEOUT = 0
---`receive`: a timer ran out; its id is the second result.
rtos.MSG_TIMER = 1
---See `rtos.ConnectConfirmation`.
rtos.MSG_SOCK_CONN_CNF = 2
---See `rtos.SendConfirmation`.
rtos.MSG_SOCK_SEND_CNF = 3
---See `rtos.ReceiveIndication`.
rtos.MSG_SOCK_RECV_IND = 4
---See `rtos.CloseIndication`.
rtos.MSG_SOCK_CLOSE_IND = 5
---See `rtos.CloseConfirmation`.
rtos.MSG_SOCK_CLOSE_CNF = 6

return rtos
