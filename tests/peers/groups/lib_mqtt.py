"""The library's MQTT client against mosquitto and against brokers that misbehave."""
import signal
import time

from groups.mosquitto import Mosquitto
from harness import net, pki
from harness.case import case
from harness.project import Project, play

TOOLS = ["mosquitto", "mosquitto_sub", "mosquitto_pub"]

# A message as a note.
HEAR = r"""
function hear(client, name, timeout, msg)
  local good, data, param = client:receive(timeout or 5000, msg)
  if good then note(name, data.topic, data.payload, data.qos, data.retain) else note(name, data, param) end
  return good
end
"""


def send(bench, broker, topic, qos, payload):
    words = ["-h", "127.0.0.1", "-p", broker.tcp, "-t", topic, "-q", qos, "-m", payload]
    bench.start(["mosquitto_pub", *words]).wait()


def mqtt(**more):
    return {"requires": ["mqtt"], "before": HEAR, **more}


@case(tools=TOOLS, limit=60)
def conversation(bench):
    """QoS 0, 1 and 2 both ways, retained messages, wild cards, binary and large payloads, messages of the script."""
    broker = Mosquitto(bench)
    listener = broker.subscribe("from/device", 4)
    project = Project(bench, f"""
      local client = mqtt.client("device", 60, "name", "word")
      note("connect", client:connect("127.0.0.1", "{broker.tcp}"))
      note("subscribe", client:subscribe("to/+", 2), client:subscribe({{ ["more/a"] = 0, ["more/b"] = 1 }}))
      for qos = 0, 2 do note("publish", client:publish("from/device", "payload " .. qos, qos)) end
      note("publish", client:publish("from/device", ("\\0\\1\\2\\255"):rep(50000), 1))
      for qos = 0, 2 do client:publish("to/me", "own " .. qos, qos) end
      for qos = 0, 2 do hear(client, "own") end
      note("ready")
      for _ = 1, 3 do hear(client, "other") end
      client:publish("more/kept", "kept", 1, 1)
      client:subscribe("more/kept", 1)
      hear(client, "kept")
      client:publish("to/me", "", 0)
      hear(client, "empty")
      hear(client, "nothing", 100)
      sys.timerStart(sys.publish, 20, "SENSOR", "first")
      sys.timerStart(sys.publish, 30, "SENSOR", "second")
      hear(client, "script", 5000, "SENSOR")
      sys.wait(50)
      hear(client, "script", 5000, "SENSOR")
      hear(client, "script", 50, "SENSOR")
      note("unsubscribe", client:unsubscribe("to/+"), client:unsubscribe({{ "more/a", "more/b" }}))
      client:publish("to/me", "not heard", 1)
      hear(client, "nothing", 200)
      client:disconnect()
      note("afterwards", client:publish("to/me", "x", 1), client:receive(100))
    """, **mqtt())
    project.wait_note("ready")
    for qos in (0, 1, 2):
        send(bench, broker, "to/x", qos, f"theirs {qos}")
    project.finish()
    listener.wait()
    bench.equal(project.said("connect"), ["true"], "connect")
    bench.equal(project.said("subscribe"), ["true", "true"], "subscribe")
    bench.equal(project.notes("publish"), [["true"]] * 4, "publish")
    bench.equal(project.notes("own"), [["to/me", f"own {q}", str(q), "false"] for q in (0, 1, 2)], "own messages")
    bench.equal(project.notes("other"), [["to/x", f"theirs {q}", str(q), "false"] for q in (0, 1, 2)], "theirs")
    bench.equal(project.said("kept"), ["more/kept", "kept", "1", "true"], "a retained message")
    bench.equal(project.said("empty"), ["to/me", "", "0", "false"], "an empty message")
    bench.equal(project.notes("nothing"), [["timeout", "nil"]] * 2, "no message")
    bench.equal(project.notes("script"), [["SENSOR", "first"], ["SENSOR", "second"], ["timeout", "nil"]], "script's")
    bench.equal(project.said("unsubscribe"), ["true", "true"], "unsubscribe")
    bench.equal(project.said("afterwards"), ["false", "false", "CLOSED", "nil"], "after disconnect")
    lines = listener.output().splitlines()
    bench.equal([line.split()[1] for line in lines], [f"payload {q}".encode().hex() for q in (0, 1, 2)] +
                [(b"\0\1\2\xff" * 50000).hex()], "what the listener got")


@case(tools=TOOLS, limit=60)
def tls_and_certificates(bench):
    broker = Mosquitto(bench)
    keys = pki.of(bench)
    client = keys.leaf("device-7", client=True)
    files = {"ca.crt": keys.ca().text, "other.crt": keys.ca("other").text, "client.crt": client.text,
             "client.key": client.key_text}
    project = play(bench, f"""
      local client = mqtt.client("device", 60)
      local function try(name, port, cert)
        local good = client:connect("127.0.0.1", port, "tcp_ssl", cert, 10)
        note(name, good, good and client:subscribe("a", 1), good and client:publish("a", name, 2), client:receive(2000))
        client:disconnect()
      end
      try("unverified", {broker.tls})
      try("verified", {broker.tls}, {{ caCert = "ca.crt", insist = 0 }})
      try("wrong", {broker.tls}, {{ caCert = "other.crt", insist = 0 }})
      try("mutual", {broker.mutual},
        {{ caCert = "ca.crt", clientCert = "client.crt", clientKey = "client.key", insist = 0 }})
      try("without", {broker.mutual}, {{ caCert = "ca.crt" }})
      note("plain", client:connect("127.0.0.1", {broker.tls}, "tcp", nil, 3))
    """, **mqtt(files=files))
    for name in ("unverified", "verified", "mutual"):
        bench.equal(project.said(name)[:4], ["true"] * 4, name)
    for name in ("wrong", "without", "plain"):
        bench.equal(project.said(name)[0], "false", name)
    bench.true("u'device-7'" in broker.process.errors(), "the broker took the certificate's name for the user's")


@case(tools=TOOLS, limit=60)
def last_will(bench):
    broker = Mosquitto(bench)
    listener = broker.subscribe("wills", 1)
    project = Project(bench, f"""
      local will = {{ topic = "wills", payload = "gone", qos = 1, retain = 0 }}
      local client = mqtt.client("device", 60, nil, nil, 1, will)
      client:connect("127.0.0.1", {broker.tcp})
      client:disconnect()
      client:connect("127.0.0.1", {broker.tcp})
      note("ready")
      client:receive(30000)
    """, **mqtt())
    project.wait_note("ready")
    time.sleep(0.2)
    bench.equal(listener.output(), "", "no will after a good-bye")
    project.signal(signal.SIGKILL)
    listener.wait()
    bench.equal(listener.output(), "wills " + b"gone".hex() + "\n", "the will")


@case(tools=TOOLS, limit=90)
def the_broker_dies(bench):
    """It dies and comes back, several times: each time the client is told, and connects again."""
    broker = Mosquitto(bench)
    project = Project(bench, f"""
      local client = mqtt.client("device", 60)
      local rounds = 0
      while rounds < 4 do
        if client:connect("127.0.0.1", {broker.tcp}, "tcp", nil, 5) then
          note("subscribed", client:subscribe("a", 1))
          note("published", client:publish("a", "hello", 1), hear(client, "heard"))
          rounds = rounds + 1
          while rounds < 4 and hear(client, "ending", 20000) do end
          note("after", client:publish("a", "nobody", 1), client:subscribe("b"))
        end
        client:disconnect()
        sys.wait(50)
      end
    """, **mqtt())
    for turn in range(1, 4):
        project.wait_note("published", turn)
        broker.process.signal(signal.SIGKILL if turn < 3 else signal.SIGTERM)
        broker.process.wait()
        if turn == 2:
            time.sleep(0.5)  # refused for a while
        broker.process = bench.start(broker.process.argv)
    project.finish()
    bench.equal(project.notes("published"), [["true", "true"]] * 4, "publish")
    bench.equal(project.notes("ending")[:3], [["CLOSED", "nil"]] * 3, "the end of each connection")
    bench.equal(project.notes("after")[:3], [["false", "false"]] * 3, "calls after the end")


@case(tools=TOOLS, limit=60)
def a_session_that_stays(bench):
    """Messages that came while the device was away; those that it did not take come again."""
    broker = Mosquitto(bench)
    project = Project(bench, f"""
      local client = mqtt.client("device", 60, "", "", 0)
      client:connect("127.0.0.1", {broker.tcp})
      client:subscribe("kept", 2)
      client:disconnect()
      note("away")
      sys.waitUntil("NEVER", 600)
      client:connect("127.0.0.1", {broker.tcp})
      sys.wait(200)
      note("published", client:publish("other", "the messages wait meanwhile", 1))
      hear(client, "message")
      client:disconnect()
      client:connect("127.0.0.1", {broker.tcp})
      for _ = 2, 6 do hear(client, "message") end
      hear(client, "message", 300)
    """, **mqtt())
    project.wait_note("away")
    for number in range(6):
        send(bench, broker, "kept", 1 + number % 2, number)
    project.finish()
    bench.equal([one[1] if one[0] == "kept" else one[0] for one in project.notes("message")],
                ["0", "1", "2", "3", "4", "5", "timeout"], "messages")


@case(tools=TOOLS, limit=60)
def keep_alive(bench):
    """Pings keep a silent connection up; a broker that does not answer them is given up."""
    broker = Mosquitto(bench)

    def deaf(connection):
        connection.recv(1000)
        connection.sendall(b"\x20\x02\x00\x00")
        pings = 0
        while data := connection.recv(1000):
            pings += data.count(b"\xc0\x00")
        return pings

    server = net.Server(bench, deaf)
    project = play(bench, f"""
      local client = mqtt.client("device", 1)
      client:connect("127.0.0.1", {broker.tcp})
      hear(client, "kept", 4000)
      note("alive", client:publish("a", "b", 1))
      client:disconnect()
      client:connect("127.0.0.1", {server.port})
      local started = os.clockms()
      hear(client, "deaf", 10000)
      note("after", math.floor(os.clockms() - started))
    """, **mqtt())
    bench.equal(project.said("kept"), ["timeout", "nil"], "a silent connection")
    bench.equal(project.said("alive"), ["true"], "alive")
    bench.equal(project.said("deaf"), ["CLOSED", "nil"], "a deaf broker")
    bench.within(int(project.said("after")[0]), 1500, 4000 * bench.patience, "milliseconds until it is given up")
    bench.equal(server.result(), 1, "pings")


CONNACK = b"\x20\x02\x00\x00"


def publish(body):
    return b"\x30" + bytes([len(body)]) + body


@case(limit=90)
def misbehaviour(bench):
    """What is not MQTT ends the connection at once; what never comes ends it in time."""
    after_connect = {
        "not MQTT": b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "long puback": b"\x40\x03\x00\x01\x00",
        "client's packet": b"\x82\x05\x00\x01\x00\x01a",
        "length without end": b"\x30\xff\xff\xff\xff\xff\xff\xff",
        "too long": b"\x30\xff\xff\xff\x7f",
        "topic longer than the packet": publish(b"\xff\xffab"),
        "publish of one byte": publish(b"\x00"),
        "empty publish": b"\x30\x00",
        "no id": b"\x32\x03\x00\x01a",
        "id zero": b"\x32\x05\x00\x01a\x00\x00",
        "qos 3": b"\x36\x05\x00\x01a\x00\x01",
        "reserved kind": b"\xf0\x02\x00\x00",
        "empty puback": b"\x40\x00",
        "truncated": b"\x30\x50abc",
    }
    script, position = list(after_connect.items()), [0]

    def serve(connection):
        connection.recv(1000)
        name, answer = script[position[0]]
        position[0] += 1
        connection.sendall(CONNACK + answer)
        if name == "truncated":
            time.sleep(0.1)
            return
        connection.recv(1)

    server = net.Server(bench, serve)
    kinds = {"refused": b"\x20\x02\x00\x05", "nonsense": b"HTTP/1.1 400 Bad Request\r\n\r\n", "early": b"\x20\x01\x00"}
    servers = {name: net.Server(bench, lambda c, a=answer: (c.recv(1000), c.sendall(a), c.recv(1)))
               for name, answer in kinds.items()}
    silent = net.Silent(bench)

    def flood(connection):
        connection.recv(1000)
        connection.sendall(CONNACK)
        while True:
            connection.sendall(publish(b"\x00\x01a" + b"x" * 100) * 100)

    flooding = net.Server(bench, flood)
    tries = "\n".join(f'try("{name}", {one.port})' for name, one in servers.items())
    project = play(bench, f"""
      local client = mqtt.client("device", 60)
      for _ = 1, {len(script)} do
        note("connect", client:connect("127.0.0.1", {server.port}))
        local started = os.clockms()
        hear(client, "ending", 5000)
        note("took", math.floor(os.clockms() - started))
        client:disconnect()
      end
      local function try(name, port)
        note(name, client:connect("127.0.0.1", port, "tcp", nil, 1))
      end
      {tries}
      try("silent", {silent.port})
      client:connect("127.0.0.1", {flooding.port})
      sys.timerStart(function()
        collectgarbage() collectgarbage()
        note("memory", math.floor(collectgarbage("count")))
        client.io:close()
      end, 3000)
      note("flooded", client:publish("a", "b", 1))
      note("raised", pcall(mqtt.client, ("x"):rep(70000)))
    """, **mqtt())
    bench.equal(project.notes("connect"), [["true"]] * len(script), "connect")
    for (name, _), ending, took in zip(script, project.notes("ending"), project.notes("took")):
        bench.equal(ending[0], "CLOSED", name)
        bench.within(int(took[0]), 0, 1000 * bench.patience, name)
    bench.equal(project.said("refused"), ["false", "refused: not authorized"], "refused")
    bench.equal(project.said("nonsense")[0], "false", "nonsense")
    bench.equal(project.said("early")[0], "false", "early")
    bench.equal(project.said("silent"), ["false", "timeout"], "silent")
    bench.within(int(project.said("memory")[0]), 0, 16000, "KiB in use while a broker floods")
    bench.equal(project.said("flooded"), ["false"], "a publication that the flood drowns")
    bench.equal(project.said("raised")[0], "false", "an overlong client id")


@case(limit=60)
def confirmations_of_nothing(bench):
    """A broker that confirms what nobody sent neither uses up the ids nor confuses a publication."""

    def serve(connection):
        connection.recv(1000)
        everything = b"".join(b"\x50\x02" + id.to_bytes(2, "big") for id in range(1, 65536))
        connection.sendall(CONNACK + everything + b"\x40\x02\x77\x77\xb0\x02\x77\x77")
        data = b""
        while b"the payload" not in data:
            data = data[-20:] + connection.recv(65536)
        at = data.index(b"from/device") + len("from/device")
        connection.sendall(b"\x40\x02" + data[at : at + 2])
        connection.recv(65536)

    server = net.Server(bench, serve)
    project = play(bench, f"""
      local client = mqtt.client("device", 60)
      client:connect("127.0.0.1", {server.port})
      note("nothing", client:receive(2000))
      note("published", client:publish("from/device", "the payload", 1))
    """, **mqtt())
    bench.equal(project.said("nothing")[:2], ["false", "timeout"], "nothing was received")
    bench.equal(project.said("published"), ["true"], "published")


@case(tools=TOOLS, limit=90)
def thousands_in_a_row(bench):
    """Publications with QoS 1, each confirmed before the next."""
    broker = Mosquitto(bench)
    count = 1000 if bench.sanitized else 10000
    project = play(bench, f"""
      local client = mqtt.client("device", 60)
      client:connect("127.0.0.1", {broker.tcp})
      local confirmed = 0
      for _ = 1, {count} do
        if client:publish("speed", "a payload of thirty-two letters.", 1) then confirmed = confirmed + 1 end
      end
      note("confirmed", confirmed)
    """, **mqtt())
    bench.equal(project.said("confirmed"), [str(count)], "confirmed publications")
