"""The example code of the vendor's API document runs as written. Its names lead to servers of ours."""
import pathlib
import socket

from harness import namespace, net, pki
from harness.case import case
from harness.dns import use_hosts, use_servers
from harness.script import lua
from harness.tls import server_context

SEED = pathlib.Path(__file__).resolve().parent.parent / "seed"

# What a device script has around the pieces: io.readFile of its library, a file system with /lua, an object with the
# settings. The pieces themselves are not touched.
AROUND = """
socketcore, rtos = require "socketcore", require "rtos"
function io.readFile(path)
  local file = io.open({root} .. path, "rb") or io.open(path, "rb")
  if not file then return nil end
  local content = file:read("*a")
  file:close()
  return content
end
local function compile(name, before)
  local file = assert(io.open({seed} .. "/" .. name))
  local text = file:read("*a")
  file:close()
  return assert(loadstring(before .. "\\n" .. text, "=" .. name))
end
local self = {{cert = {cert}}}
local connect = compile("sock_conn.lua", "local self, address, port = ... do")
connect(self, {address}, {port})
local function show(...)
  local parts = {{...}}
  for i = 1, #parts do parts[i] = tostring(parts[i]) end
  io.stdout:write(table.concat(parts, " "), "\\n")
  io.stdout:flush()
end
show("ids", socket_id, socket_id2, self.id)

local setopt = compile("sock_setopt.lua", "local id = ... do")
setopt(socket_id)
local receive = compile("sock_recv.lua", "")
local connected, answered = 0, 0
while answered < 3 do
  local message = rtos.recv(rtos.INF_TIMEOUT)
  if message.id == rtos.MSG_SOCK_CONN_CNF then
    show("connected", message.socket_index, message.result, message.reason or message.verify or "-")
    socketcore.sock_send(message.socket_index, "GET / HTTP/1.0\\r\\n\\r\\n")
  elseif message.id == rtos.MSG_SOCK_RECV_IND then
    answered = answered + 1
    if message.socket_index == socket_id then
      receive()
      show("received by the example")
    else
      show("received", message.socket_index, socketcore.sock_recv(message.socket_index, message.recv_len))
    end
  end
end
for _, id in ipairs {{socket_id, socket_id2, self.id}} do socketcore.sock_close(id) end
local closed = 0
while closed < 3 do
  local message = rtos.recv()
  if message.id == rtos.MSG_SOCK_CLOSE_CNF then
    closed = closed + 1
    show("destroyed", socketcore.sock_destroy(message.socket_index))
  end
end
"""


@case(needs_namespace=True, tools=["ip"])
def as_written(bench):
    """TCP to www.baidu.com:80, UDP to 36.7.87.100:6770, SSL with files named by self.cert, relative to /lua and absolute."""
    for address in ("36.7.87.100", "180.101.49.11"):
        namespace.run("ip", "address", "replace", address + "/32", "dev", "lo")
    use_servers("127.0.0.53")
    use_hosts("180.101.49.11 www.baidu.com\n127.0.0.1 iot.example.com\n")
    keys = pki.of(bench)
    leaf, device = keys.leaf("seed", ["DNS:iot.example.com"]), keys.leaf("seed-device", client=True)
    (bench.tmp / "lua").mkdir()
    for name, text in (("ca.crt", keys.ca().text), ("client.crt", device.text), ("client.key", device.key_text)):
        (bench.tmp / "lua" / name).write_text(text)

    web = net.Server(bench, lambda c: c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello from baidu") or net.receive_all(c),
                     address="180.101.49.11", port=80)
    subjects = []

    def serve_tls(connection):
        subjects.append(connection.getpeercert()["subject"][0][0][1])
        connection.recv(100)
        connection.sendall(b"hello over TLS")
        net.receive_all(connection)

    tls = net.Server(bench, serve_tls, context=server_context(leaf, keys.ca()))
    udp = bench.own(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("36.7.87.100", 6770))
    udp.settimeout(20)

    relative = {"caCert": "ca.crt", "clientCert": "client.crt", "clientKey": "client.key"}
    absolute = {key: "/lua/" + name for key, name in relative.items()}
    for flavour in ("runner", "lua5.1", "luajit"):
        for table in (relative, absolute):
            path = bench.file("seed.lua", AROUND.format(root=lua(bench.tmp), seed=lua(SEED), cert=lua(table),
                                                        address=lua("iot.example.com"), port=tls.port))
            script = bench.script(path, flavour=flavour)
            data, client = udp.recvfrom(100)
            bench.equal(data, b"GET / HTTP/1.0\r\n\r\n", "what the UDP server got")
            udp.sendto(b"hello over UDP", client)
            script.finish()
            lines = script.output().splitlines()
            bench.equal(lines[0], "ids 0 1 2", f"{flavour}: ids")
            bench.equal(sorted(line for line in lines if line.startswith("connected")),
                        ["connected 0 0 -", "connected 1 0 -", "connected 2 0 ok"], flavour)
            for text in ("received by the example", "received 1 hello over UDP", "received 2 hello over TLS"):
                bench.true(text in lines, f"{flavour}: {text} in {lines}")
            bench.equal(lines.count("destroyed 1"), 3, flavour)
    bench.equal(set(subjects), {"seed-device"}, "the certificates that the TLS server saw")
    web.result()


@case(needs_namespace=True, tools=["ip"])
def without_certificates(bench):
    """`self.cert` is nil: hostName alone, nothing is verified."""
    for address in ("36.7.87.100", "180.101.49.11"):
        namespace.run("ip", "address", "replace", address + "/32", "dev", "lo")
    use_servers("127.0.0.53")
    use_hosts("180.101.49.11 www.baidu.com\n127.0.0.1 iot.example.com\n")
    keys = pki.of(bench)
    net.Server(bench, net.echo, address="180.101.49.11", port=80)
    tls = net.Server(bench, net.echo, context=server_context(keys.leaf("seed", ["DNS:iot.example.com"])))
    udp = bench.own(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("36.7.87.100", 6770))
    udp.settimeout(20)
    path = bench.file("seed.lua", AROUND.format(root=lua(bench.tmp), seed=lua(SEED), cert="nil",
                                                address=lua("iot.example.com"), port=tls.port))
    script = bench.script(path, options=["--profile", "air724u"])
    data, client = udp.recvfrom(100)
    udp.sendto(data, client)
    script.finish()
    bench.true("connected 2 0 none" in script.output(), "verify")
