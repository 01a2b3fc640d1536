"""The library's websocket client against servers, good and bad."""
import struct
import time

from harness import net, pki
from harness.case import case
from harness.project import Project, play
from harness.script import lua
from harness.tls import server_context
from harness.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Client, frame

WEBSOCKET = {"requires": ["websocket"]}


def talk(connection):
    """Echoes messages; some words make it do other things."""
    client = Client(connection)
    seen = []
    while True:
        final, kind, data = client.receive()
        seen.append((kind, final, data[:20]))
        if kind == CLOSE:
            client.send(CLOSE, data)
            return seen
        if data == b"fragments":
            client.send(TEXT, b"one ", final=False)
            client.send(PING, b"between")
            client.send(CONTINUATION, b"two ", final=False)
            client.send(CONTINUATION, b"three")
        elif data == b"go away":
            client.send(CLOSE, struct.pack(">H", 1001) + b"good-bye")
        elif kind == PING:
            client.send(PONG, data)
        elif kind != PONG:
            client.send(kind, data, final=final)


CONVERSATION = """
  local ws = websocket.new({url}, {cert})
  ws:on("open", function() note("event", "open", ws:state(), ws:online()) end)
  ws:on("close", function(code, reason) note("event", "close", code, reason) end)
  ws:on("pong", function(data) note("event", "pong", data) end)
  ws:on("message", function(message, binary) note("message", #message, binary) end)
  note("before", ws:state(), ws:online(), ws:send("x"))
  note("connect", ws:connect(5000))
  local function exchange(data, text)
    ws:send(data, text)
    local good, got, binary = ws:recv(5000)
    note("same", good, got == data, binary)
  end
  exchange("hello", true)
  exchange("", true)
  exchange("\\0\\1\\2\\255")
  exchange(("m"):rep(126))
  exchange(("n"):rep(65536), true)
  exchange(("large"):rep(60000))
  ws:ping("are you there")
  ws:sendFrame(false, 0x1, "in ")
  ws:sendFrame(true, 0x0, "parts")
  note("echo", ws:recv(5000))
  ws:send("fragments", true)
  note("fragments", ws:recv(5000))
  note("nothing", ws:recv(100))
  ws:close(1000, "done")
  note("after", ws:state(), ws:recv(100))
  ws:connect(5000)
  ws:send("go away", true)
  note("gone", ws:recv(5000))
  note("over", ws:state())
"""


@case(limit=60)
def conversation(bench):
    """Messages of every length form, fragments, pings both ways, both ways to close; ws and wss."""
    keys = pki.of(bench)
    context = server_context(keys.leaf("ws", ["IP:127.0.0.1"]))
    for scheme, security in (("ws", None), ("wss", context)):
        server = net.Server(bench, talk, context=security)
        cert = {"caCert": "ca.crt", "insist": 0} if security else None
        url = f"{scheme}://127.0.0.1:{server.port}/chat?x=1"
        project = play(bench, CONVERSATION.format(url=lua(url), cert=lua(cert)), files={"ca.crt": keys.ca().text},
                       **WEBSOCKET)
        bench.equal(project.said("before"), ["CLOSED", "false", "false"], scheme)
        bench.equal(project.said("connect"), ["true"], scheme)
        bench.equal(project.notes("same"), [["true", "true", binary] for binary in
                                            ("false", "false", "true", "true", "false", "true")], scheme)
        bench.equal(project.said("echo"), ["true", "in parts", "false"], scheme)
        bench.equal(project.said("fragments"), ["true", "one two three", "false"], scheme)
        bench.equal(project.said("nothing"), ["false", "timeout"], scheme)
        bench.equal(project.said("after"), ["CLOSED", "false", "closed"], scheme)
        bench.equal(project.said("gone"), ["false", "closed"], scheme)
        bench.equal(project.said("over"), ["CLOSED"], scheme)
        bench.equal(project.notes("event"), [["open", "OPEN", "true"], ["pong", "are you there"],
                                             ["close", "1000", "done"], ["open", "OPEN", "true"],
                                             ["close", "1001", "good-bye"]], scheme)
        seen = server.result()
        bench.true((PONG, True, b"between") in seen, "the client's pong")
        bench.equal(seen[-1][0], CLOSE, "the client's farewell")


def after_handshake(data, linger=True):
    """A server that sends `data` once hands are shaken, and keeps what the client says to it."""

    def serve(connection):
        client = Client(connection)
        connection.sendall(data)
        if not linger:
            return b""
        try:
            _, kind, said = client.receive()
        except (OSError, ValueError, EOFError):
            return b""
        return said if kind == CLOSE else b""

    return serve


@case(limit=60)
def misbehaviour(bench):
    part = b"x" * 60000
    bad = {
        "reserved bits": (b"\xf1\x00", 1002),
        "unknown kind": (b"\x83\x00", 1002),
        "masked": (frame(TEXT, b"x", masked=True), 1002),
        "long ping": (b"\x89\x7e\x00\x80" + b"x" * 128, 1002),
        "ping in parts": (frame(PING, b"", final=False), 1002),
        "continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
        "two messages at once": (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), 1002),
        "endless": (b"\x82\x7f" + b"\xff" * 8, 1009),
        "large": (b"\x82\x7f" + struct.pack(">Q", 1 << 21), 1009),
        "large in parts": (frame(BINARY, part, final=False) + frame(CONTINUATION, part, final=False) * 18, 1009),
        "tiny parts": (frame(BINARY, b"", final=False) + frame(CONTINUATION, b"", final=False) * 5000, 1009),
    }
    servers = {name: net.Server(bench, after_handshake(data)) for name, (data, _) in bad.items()}
    cut = net.Server(bench, after_handshake(b"\x82\x7e\x10", linger=False))
    answers = {
        "wrong key": None,
        "no upgrade": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "refused": b"HTTP/1.1 403 Forbidden\r\n\r\n",
        "garbage": net.pattern(100_000),
        "endless": b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 10000,
    }

    def handshake(answer):
        def serve(connection):
            Client(connection, key=b"another key", answer=answer)
            connection.recv(1)
        return serve

    hands = {name: net.Server(bench, handshake(answer)) for name, answer in answers.items()}
    silent = net.Silent(bench)
    lines = [f'converse("{name}", {server.port})' for name, server in servers.items()]
    lines += [f'shake("hand {name}", {server.port})' for name, server in hands.items()]
    project = play(bench, """
      local function converse(name, port)
        local ws = websocket.new("ws://127.0.0.1:" .. port)
        ws:on("close", function(code) note(name .. " code", code) end)
        note(name .. " connect", ws:connect(3000))
        local started = os.clockms()
        note(name, ws:recv(5000))
        note(name .. " took", math.floor(os.clockms() - started))
      end
      local function shake(name, port)
        local ws = websocket.new("ws://127.0.0.1:" .. port)
        ws:on("error", function(why) note(name .. " error", why) end)
        local started = os.clockms()
        note(name, ws:connect(1000))
        note(name .. " took", math.floor(os.clockms() - started))
      end
    """ + "\n".join(lines) + f"""
      shake("silent", {silent.port})
      shake("port", 1)
      converse("cut", {cut.port})
      note("urls", websocket.new("http://x"), websocket.new("ws://"), websocket.new("ws://[::1"), websocket.new(nil))
      note("event", pcall(websocket.new("ws://x").on, websocket.new("ws://x"), "nothing", print))
    """, **WEBSOCKET)
    for name, (_, code) in bad.items():
        bench.equal(project.said(name + " connect"), ["true"], name)
        bench.equal(project.said(name)[0], "false", name)
        bench.true("the server sent" in project.said(name)[1], name)
        bench.equal(project.said(name + " code"), [str(code)], name)
        bench.within(int(project.said(name + " took")[0]), 0, 1500 * bench.patience, name)
    bench.equal(servers["masked"].result(), struct.pack(">H", 1002), "the server is told why")
    for name in ["hand " + one for one in hands] + ["silent", "port"]:
        bench.equal(project.said(name)[0], "false", name)
        bench.equal(len(project.notes(name + " error")), 1, name)
        bench.within(int(project.said(name + " took")[0]), 0, 2000 * bench.patience, name)
    bench.equal(project.said("hand wrong key")[1], "the server's key is wrong", "wrong key")
    bench.equal(project.said("cut"), ["false", "closed"], "cut")
    bench.equal(project.said("urls"), ["nil"] * 4, "urls")
    bench.equal(project.said("event")[0], "false", "an event that is none")


@case(limit=60)
def kept_up(bench):
    """`start` connects again when a connection is lost, pings silent servers, and ends by `exit`."""
    turns = []

    def serve(connection):
        client = Client(connection)
        turns.append(time.monotonic())
        if len(turns) == 1:
            client.send(TEXT, b"first")
            return "left"
        if len(turns) == 2:  # silent: no pong
            while True:
                client.receive()
        client.send(TEXT, b"third")
        while True:
            _, kind, data = client.receive()
            if kind == CLOSE:
                client.send(CLOSE, data)
                return "closed"
            client.send(PONG if kind == PING else kind, data)

    server = net.Server(bench, serve)
    project = Project(bench, f"""
      local ws = websocket.new("ws://127.0.0.1:{server.port}")
      ws:on("open", function() note("open") end)
      ws:on("close", function(code) note("close", code) end)
      ws:on("pong", function() note("pong") sys.publish("PONG") end)
      sys.taskInit(ws.start, ws, 0.3, function(message) note("message", message) sys.publish(message) end, 100)
      sys.waitUntil("PONG")
      note("sent", ws:send("from another task", true))
      sys.waitUntil("from another task")
      websocket.exit(ws)
      sys.wait(500)
      note("state", ws:state())
    """, **WEBSOCKET)
    project.finish()
    bench.equal(project.notes("message"), [["first"], ["third"], ["from another task"]], "messages")
    bench.equal(len(project.notes("open")), 3, "connections")
    bench.equal([one[0] for one in project.notes("close")], ["1006", "1006", "1000"], "ends")
    bench.equal(project.said("sent"), ["true"], "sent")
    bench.equal(project.said("state"), ["CLOSED"], "state")
