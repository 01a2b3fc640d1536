---@meta socketcore

-- Type stubs of socketcore for editors with LuaCATS / EmmyLua annotations (lua-language-server, EmmyLua). This file is
-- never run by a script. docs/reference.md says more; a test keeps the names and values of both equal to the module's.

---Sockets whose results arrive as messages of `rtos.receive`. In the runner this table is a global as well.
---@class socketcorelib
socketcore = {}

---What kind of socket: 0 TCP, 1 UDP, 2 SSL, 3 RAW.
---@alias socketcore.SocketType
---| 0 # TCP
---| 1 # UDP
---| 2 # SSL (TLS 1.2 or 1.3 over TCP)
---| 3 # RAW (IP packets; the port is the protocol number)

---What a script calls a socket: 0..2^31-1.
---@alias socketcore.SocketId integer

---One of `socketcore.ERR_...`.
---@alias socketcore.ErrorCode integer

---PEM **texts**, not paths, of an SSL socket.
---@class socketcore.Cert
---@field hostName? string The name that the server's certificate must bear, and that SNI sends. Absent: the address.
---@field caCert? string Whom to trust, one or more certificates. Absent: nothing is verified, unless the device is strict.
---@field clientCert? string The script's own certificate, followed by its chain. Needs `clientKey`.
---@field clientKey? string The key of `clientCert`.
---@field clientPassword? string The password of an encrypted `clientKey`.

---Starts a connection and returns at once. One `MSG_SOCK_CONN_CNF` follows, unless `sock_close` comes first.
---
---`bind` and `connect` happen in the next turn: options set right after this call apply to them.
---@param type socketcore.SocketType
---@param addr string IPv4 or IPv6 literal, or a host name of at most 253 bytes
---@param port integer|string 0..65535; RAW: the IP protocol number, 0..255 (0: ICMP, or ICMPv6 on IPv6)
---@param cert? socketcore.Cert|integer SSL: the PEM texts. TCP and UDP: a number here is `recvBufferLen`
---@param recvBufferLen? integer TCP and UDP: receive buffer in bytes; 0: the default. SSL: ignored
---@param insist? 0|1 SSL: 1 (default) connects even where the certificate does not verify
---@param local_port? integer TCP and UDP: the local port; 0: any
---@param hostNameFlag? 0|1 SSL: 1 sends `cert.hostName`, or `addr` if it is a name, as SNI
---@return socketcore.SocketId? id nil: not even started
---@return socketcore.ErrorCode? code why: `ERR_EARG`, `ERR_ENOBUFS`, `ERR_SSL_EINIT`, `ERR_ENOMEM`
function socketcore.sock_conn(type, addr, port, cert, recvBufferLen, insist, local_port, hostNameFlag) end

---The same function as `sock_conn`.
---@param type socketcore.SocketType
---@param addr string
---@param port integer|string
---@param cert? socketcore.Cert|integer
---@param recvBufferLen? integer
---@param insist? 0|1
---@param local_port? integer
---@param hostNameFlag? 0|1
---@return socketcore.SocketId? id
---@return socketcore.ErrorCode? code
function socketcore.sock_conn_ext(type, addr, port, cert, recvBufferLen, insist, local_port, hostNameFlag) end

---Accepts all of `data` or none of it, and returns at once. Each call is answered by exactly one `MSG_SOCK_SEND_CNF`, in
---call order, accepted or not (but not between `sock_close` and its `MSG_SOCK_CLOSE_CNF`).
---@param id socketcore.SocketId
---@param data string
---@return 0|1 accepted
---@return socketcore.ErrorCode code `ERR_OK`, `ERR_ENOBUFS`, `ERR_ENOTCONN`, `ERR_ECLSD`, `ERR_EARG`, `ERR_ENOMEM`
function socketcore.sock_send(id, data) end

---Free bytes of the socket's send buffer now; 0 for an id that names no socket.
---@param id socketcore.SocketId
---@return integer bytes
function socketcore.sock_getremainbuf(id) end

---Up to `len` bytes of what has arrived, `""` if nothing has. Never blocks. UDP and RAW: at most one datagram; what does
---not fit in `len` is dropped.
---@param id socketcore.SocketId
---@param len integer
---@return string data
function socketcore.sock_recv(id, len) end

---Closes in the background: what was accepted is delivered first, for at most 5 s. One `MSG_SOCK_CLOSE_CNF` follows, and
---is the only message for this id from now on.
---@param id socketcore.SocketId
---@return 0|1 closing 0: the id is not in use (the message follows all the same), or is being closed already
function socketcore.sock_close(id) end

---Frees the id after `MSG_SOCK_CLOSE_CNF` or a failed `MSG_SOCK_CONN_CNF`.
---@param id socketcore.SocketId
---@return 0|1 freed 0: not closed yet, and nothing happened
function socketcore.sock_destroy(id) end

---Sets an option of the socket.
---@param id socketcore.SocketId
---@param level integer `socketcore.SOL_SOCKET` or `socketcore.IPPROTO_TCP`
---@param optname integer `socketcore.SO_...` or `socketcore.TCP_...`, of that level
---@param optval integer switches: 0 or not 0; `TCP_KEEPIDLE`, `TCP_KEEPINTVL`: 1..32767 s; `TCP_KEEPCNT`: 1..127
---@return 0|-1 result -1: unknown option, value out of range, or id not in use
function socketcore.sock_setopt(id, level, optname, optval) end

-- Options: level and names of sock_setopt.

---Level of `SO_REUSEADDR` and `SO_KEEPALIVE`.
socketcore.SOL_SOCKET = 0xfff
---Level of `TCP_KEEPIDLE`, `TCP_KEEPINTVL` and `TCP_KEEPCNT`.
socketcore.IPPROTO_TCP = 6
---Switch: bind a local port that an earlier connection still holds in TIME_WAIT.
socketcore.SO_REUSEADDR = 4
---Switch: probe a silent peer.
socketcore.SO_KEEPALIVE = 8
---Seconds of silence before the first probe.
socketcore.TCP_KEEPIDLE = 3
---Seconds between probes.
socketcore.TCP_KEEPINTVL = 4
---Unanswered probes after which the connection is given up.
socketcore.TCP_KEEPCNT = 5

-- Result codes; docs/errors.md has cause and cure of each. Two are spelt as the device spells them.

---Reserved.
socketcore.ERR_UNKOWN = -1
---Success.
socketcore.ERR_OK = 0
---Out of memory.
socketcore.ERR_ENOMEM = 1
---No free socket or descriptor, or `data` is longer than the free part of the send buffer.
socketcore.ERR_ENOBUFS = 2
---A limit ran out: resolve, connect, handshake, linger or keepalive.
socketcore.ERR_ETIMEOUT = 3
---No route, or a name that does not resolve.
socketcore.ERR_ERTE = 4
---Reserved.
socketcore.ERR_EINPROGRESS = 5
---Reserved.
socketcore.ERR_EINVAL = 6
---Reserved.
socketcore.ERR_EWOULDBLOCK = 7
---The local port is taken.
socketcore.ERR_EADDRINUSE = 8
---Reserved.
socketcore.ERR_EALREADY = 9
---Reserved.
socketcore.ERR_EISCONN = 10
---Not connected: not yet, or not any more.
socketcore.ERR_ENOTCONN = 11
---Interface down, no IPv6, or a privilege is missing (RAW).
socketcore.ERR_EIF = 12
---The connection was aborted on this side.
socketcore.ERR_EABORT = 13
---Reset by the peer, or refused.
socketcore.ERR_ERST = 14
---The peer has closed.
socketcore.ERR_ECLSD = 15
---The value of an argument is out of range, or the id names no socket.
socketcore.ERR_EARG = 16
---Input or output failed; TLS ended without close_notify.
socketcore.ERR_EIO = 17
---The TLS handshake failed.
socketcore.ERR_SSL_EHANDESHAK = 18
---A certificate, key or password is unusable.
socketcore.ERR_SSL_EINIT = 19
---The server's certificate does not verify.
socketcore.ERR_SSL_EINVALID = 20

return socketcore
