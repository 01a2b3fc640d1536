"""socat: echo servers of all families, half-closes, options of its sockets."""
from harness import namespace, net, pki
from harness.case import Skip, case
from harness.script import lua
from harness.socat import Socat
from harness.tls import cert, ssl_open

# A file through an echo, digest by digest: sent and read at the same time.
ECHO_FILE = """
kit.quiet = true
local data, at, got = kit.file({path}), 1, 0
local sink = io.open({out}, "wb")
local id = {open}
while got < #data do
  while at <= #data do
    local room = math.min(socketcore.sock_getremainbuf(id), {piece}, #data - at + 1)
    if room == 0 or socketcore.sock_send(id, data:sub(at, at + room - 1)) ~= 1 then break end
    at = at + room
  end
  local message = kit.next()
  if message.kind == "RECV_IND" then
    local piece = socketcore.sock_recv(id, message.recv_len)
    got = got + #piece
    sink:write(piece)
  elseif message.kind == "CLOSE_IND" then
    error("closed after " .. got .. " bytes")
  end
end
sink:close()
kit.close(id)
"""


@case(tools=["socat"], limit=60)
def echo_over_tcp(bench):
    content = net.pattern(4_000_000)
    path, out = bench.file("in.bin", content), bench.tmp / "out.bin"
    for listen, address in (("TCP4-LISTEN:0,bind=127.0.0.1,fork", "127.0.0.1"), ("TCP6-LISTEN:0,bind=[::1],fork", "::1")):
        server = Socat(bench, listen, "EXEC:cat")
        for piece in (65536, 999):
            bench.play(ECHO_FILE.format(path=lua(path), out=lua(out), piece=piece,
                                        open=f"kit.connect(0, '{address}', {server.port})"))
            bench.equal(net.file_digest(out), net.digest(content), f"{address}, pieces of {piece}")


@case(tools=["socat"], limit=60)
def echo_in_every_interpreter(bench):
    content = net.pattern(500_000)
    path, out = bench.file("in.bin", content), bench.tmp / "out.bin"
    keys = pki.of(bench)
    leaf = keys.leaf("socat", ["IP:127.0.0.1"])
    plain = Socat(bench, "TCP4-LISTEN:0,bind=127.0.0.1,fork", "EXEC:cat")
    tls = Socat(bench, f"OPENSSL-LISTEN:0,bind=127.0.0.1,fork,verify=0,cert={leaf.cert},key={leaf.key}", "EXEC:cat")
    opens = {"TCP": f"kit.connect(0, '127.0.0.1', {plain.port})",
             "TLS": ssl_open("127.0.0.1", tls.port, cert(keys.ca()), 0, call="connect")}
    for flavour in ("runner", "lua5.1", "luajit"):
        for title, opening in opens.items():
            bench.play(ECHO_FILE.format(path=lua(path), out=lua(out), piece=65536, open=opening), flavour=flavour)
            bench.equal(net.file_digest(out), net.digest(content), f"{flavour}, {title}")


@case(tools=["socat"])
def tls_with_client_certificate(bench):
    keys = pki.of(bench)
    leaf, client = keys.leaf("socat", ["IP:127.0.0.1"]), keys.leaf("device", client=True)
    server = Socat(bench, f"OPENSSL-LISTEN:0,bind=127.0.0.1,fork,verify=1,cafile={keys.ca().cert},cert={leaf.cert},key={leaf.key}",
                   "EXEC:cat")
    script = bench.play(f"""
        local id = {ssl_open('127.0.0.1', server.port, cert(keys.ca(), client), 0, call='connect')}
        kit.send(id, "ping")
        kit.say("echo", {{text = kit.read(id, 4)}})
        kit.close(id)
        local other = {ssl_open('127.0.0.1', server.port, cert(keys.ca()), 0)}
        kit.wait("CLOSE_IND", other)
        kit.close(other)
    """)
    bench.equal(script.said("echo")["text"], "ping", "echo")
    bench.equal(script.message("CLOSE_IND")["error"], 18, "without the certificate")


@case(tools=["socat"])
def peer_ends_its_half_first(bench):
    """socat has sent all and ended its half; it still takes what the script sends until CLOSE_IND."""
    got = bench.tmp / "got"
    bench.file("words", "the peer's words")
    server = Socat(bench, "TCP4-LISTEN:0,bind=127.0.0.1", f"OPEN:{bench.tmp}/words,rdonly!!CREATE:{got}", "-t", "10")
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        rtos.sleep(300)
        kit.say("send", {{ok = socketcore.sock_send(id, "the script's words")}})
        kit.say("data", {{text = kit.read_all(id)}})
        kit.close(id)
    """)
    server.process.wait()
    bench.equal(script.said("data")["text"], "the peer's words", "what the script got")
    bench.equal(script.said("send")["ok"], 1, "sock_send")
    bench.equal(got.read_text(), "the script's words", "what the peer got")


@case(tools=["socat"])
def sends_before_the_close_arrive(bench):
    """Much is sent, closed at once: a reader of 10 KB at a time gets it all, then an orderly end."""
    content = net.pattern(1_000_000)
    path, got = bench.file("in.bin", content), bench.tmp / "got"
    server = Socat(bench, "TCP4-LISTEN:0,bind=127.0.0.1,rcvbuf=4096", f"CREATE:{got}", "-u", "-b", "10000")
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        socketcore.sock_send(id, kit.file({lua(path)}))
        kit.close(id)
    """)
    server.process.wait()
    bench.equal(net.file_digest(got), net.digest(content), "what the peer got")
    bench.equal(script.message("CLOSE_CNF")["result"], 0, "CLOSE_CNF")
    bench.equal(script.messages("SEND_CNF"), [], "SEND_CNF after sock_close")


@case(tools=["socat"])
def link_local_address(bench):
    """An IPv6 literal with its zone."""
    if not namespace.inside():
        raise Skip("needs a network namespace")
    namespace.run("ip", "address", "replace", "fe80::1/64", "dev", "lo", "nodad")
    server = Socat(bench, "TCP6-LISTEN:0,fork", "EXEC:cat")
    script = bench.play(f"""
        local id, confirmed = kit.open(0, "fe80::1%lo", {server.port})
        if confirmed.result == 0 then
          kit.send(id, "ping")
          kit.say("echo", {{text = kit.read(id, 4)}})
        end
        kit.close(id)
    """)
    bench.equal(script.message("CONN_CNF")["result"], 0, "CONN_CNF")
    bench.equal(script.said("echo")["text"], "ping", "echo")


@case(tools=["socat"])
def udp_echo(bench):
    for sender, address, family in (("UDP4-RECVFROM", "127.0.0.1", "bind=127.0.0.1"), ("UDP6-RECVFROM", "::1", "bind=[::1]")):
        port = net.free_port(net.socket.SOCK_DGRAM, address)
        server = bench.start(["socat", "-d", "-d", "-b", "70000", f"{sender}:{port},{family},fork", "EXEC:cat"])
        server.wait_for("receiving on|successfully prepared local socket")
        for flavour in ("runner", "lua5.1", "luajit"):
            script = bench.play(f"""
                local id = kit.connect(1, "{address}", {port})
                for _, size in ipairs {{1, 100, 1472, 9000, 60000}} do
                  local data = ("0123456789"):rep(size / 10 + 1):sub(1, size)
                  local confirmed = kit.send(id, data)
                  local message = kit.wait("RECV_IND", id)
                  local got = socketcore.sock_recv(id, 70000)
                  kit.say("round", {{sent = confirmed.send_len, announced = message.recv_len, same = got == data}})
                end
                kit.close(id)
            """, flavour=flavour)
            bench.equal([(n["sent"], n["announced"], n["same"]) for n in script.notes("round")],
                        [(size, size, True) for size in (1, 100, 1472, 9000, 60000)], f"{address} {flavour}")
