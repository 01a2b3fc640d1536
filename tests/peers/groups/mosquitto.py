"""mosquitto: MQTT over TCP and TLS, with certificates on both sides."""
import signal

from harness import net, pki
from harness.case import case
from harness.tls import cert, ssl_open


class Mosquitto:
    """A broker with a plain, a TLS and a mutual-TLS listener."""

    def __init__(self, bench):
        keys = pki.of(bench)
        leaf = keys.leaf("broker", ["IP:127.0.0.1"])
        self.tcp, self.tls, self.mutual = net.free_port(), net.free_port(), net.free_port()
        files = f"cafile {keys.ca().cert}\ncertfile {leaf.cert}\nkeyfile {leaf.key}\n"
        config = bench.file("mosquitto.conf", f"""
per_listener_settings false
allow_anonymous true
persistence false
log_type all
connection_messages true
user root
listener {self.tcp} 127.0.0.1
listener {self.tls} 127.0.0.1
{files}
listener {self.mutual} 127.0.0.1
{files}
require_certificate true
use_identity_as_username true
""")
        self.bench = bench
        self.process = bench.start(["mosquitto", "-c", config])
        for port in (self.tcp, self.tls, self.mutual):
            net.wait_listening(bench, port, self.process)

    def subscribe(self, topic, count):
        """A mosquitto_sub that ends after `count` messages; returns once the broker knows it."""
        name = f"sub-{topic.replace('/', '-')}"
        process = self.bench.start(["mosquitto_sub", "-h", "127.0.0.1", "-p", self.tcp, "-t", topic, "-q", "1", "-C", count,
                                    "-i", name, "-F", "%t %x"])
        self.process.wait_for(f"Sending SUBACK to {name}")
        return process

    def publish(self, topic, payload):
        self.bench.start(["mosquitto_pub", "-h", "127.0.0.1", "-p", self.tcp, "-t", topic, "-q", "1", "-m", payload]).wait()


TALK = """
local mqtt = require "mqtt"
local id = {open}
kit.say("connack", {{code = mqtt.connect(kit, id, {{client = "device"}})}})
kit.say("suback", {{qos = mqtt.subscribe(kit, id, "to/device", 1)}})
local got = {{}}
local function other(kind, body, head) got[#got + 1] = {{mqtt.message(kit, id, body, head)}} end
kit.say("puback", {{ok = mqtt.publish(kit, id, "from/device", "hello", 1, other)}})
kit.say("puback", {{ok = mqtt.publish(kit, id, "from/device", ("\\0\\1\\2\\255"):rep(50000), 2, other)}})
kit.say("puback", {{ok = mqtt.publish(kit, id, "to/device", "to myself", 3, other)}})
while #got < 1 do
  local kind, body, head = mqtt.receive(kit, id)
  other(kind, body, head)
end
kit.say("got", {{topic = got[1][1], payload = got[1][2]}})
kit.say("subscribed")
local kind, body, head = mqtt.receive(kit, id)
local topic, payload = mqtt.message(kit, id, body, head)
kit.say("answer", {{topic = topic, payload = payload}})
kit.say("ping", {{ok = mqtt.ping(kit, id)}})
mqtt.disconnect(kit, id)
kit.read_all(id)
kit.close(id)
"""


@case(tools=["mosquitto", "mosquitto_sub", "mosquitto_pub"], limit=60)
def conversation(bench):
    """CONNECT, SUBSCRIBE, PUBLISH with QoS 1 both ways, PINGREQ, DISCONNECT; TCP, TLS, certificates, each interpreter."""
    broker = Mosquitto(bench)
    keys = pki.of(bench)
    client = keys.leaf("device-7", client=True)
    tcp = f"kit.connect(0, '127.0.0.1', {broker.tcp})"
    runs = [
        ("TCP", tcp, "runner", []),
        ("TCP, lua5.1", tcp, "lua5.1", []),
        ("TCP, air724u", tcp, "runner", ["--profile", "air724u"]),
        ("TLS", ssl_open("127.0.0.1", broker.tls, cert(keys.ca()), 0, call="connect"), "runner", []),
        ("TLS, luajit", ssl_open("127.0.0.1", broker.tls, cert(keys.ca()), 0, call="connect"), "luajit", []),
        ("mutual", ssl_open("127.0.0.1", broker.mutual, cert(keys.ca(), client), 0, call="connect"), "runner", []),
    ]
    for title, opening, flavour, options in runs:
        listener = broker.subscribe("from/device", 2)
        script = bench.script(TALK.format(open=opening), flavour=flavour, options=options)
        script.wait_note("subscribed")
        broker.publish("to/device", "from the broker")
        script.finish()
        listener.wait()
        bench.equal(script.said("connack")["code"], 0, title)
        bench.equal(script.said("suback")["qos"], 1, title)
        bench.equal([n["ok"] for n in script.notes("puback")], [True] * 3, title)
        bench.equal((script.said("got")["topic"], script.said("got")["payload"]), ("to/device", "to myself"), title)
        bench.equal(script.said("answer")["payload"], "from the broker", title)
        bench.equal(script.said("ping")["ok"], True, title)
        lines = listener.output().splitlines()
        bench.equal(lines, ["from/device " + b"hello".hex(), "from/device " + (b"\0\1\2\xff" * 50000).hex()], title)
        if title == "mutual":
            bench.true("u'device-7'" in broker.process.errors(), "the broker took the certificate's name for the user's")


@case(tools=["mosquitto"])
def no_certificate_for_a_broker_that_demands_one(bench):
    broker = Mosquitto(bench)
    keys = pki.of(bench)
    script = bench.play(f"""
        local id, confirmed = {ssl_open('127.0.0.1', broker.mutual, cert(keys.ca()), 0)}
        if confirmed.result == 0 then
          socketcore.sock_send(id, "\\16\\12\\0\\4MQTT\\4\\2\\0\\60\\0\\0")
          kit.read_all(id)
        end
        kit.close(id)
    """)
    ending = script.message("CLOSE_IND")
    bench.equal((ending["result"], ending["error"]), (1, 18), str(ending))
    bench.true("certificate required" in ending["reason"], ending["reason"])


@case(tools=["mosquitto", "mosquitto_sub"], limit=40)
def last_will(bench):
    """A script that is killed breaks off; one that is ended by SIGTERM has its sockets closed. Either way: the will."""
    broker = Mosquitto(bench)
    for number in (signal.SIGKILL, signal.SIGTERM):
        listener = broker.subscribe("wills", 1)
        script = bench.script(f"""
            local mqtt = require "mqtt"
            local id = kit.connect(0, "127.0.0.1", {broker.tcp})
            mqtt.connect(kit, id, {{client = "device", will = {{"wills", "gone"}}}})
            kit.say("ready")
            kit.watch(30000)
        """)
        script.wait_note("ready")
        script.signal(number)
        listener.wait()
        bench.equal(listener.output(), "wills " + b"gone".hex() + "\n", str(number))
        script.wait()


@case(tools=["mosquitto"], limit=40)
def broker_that_closes_a_silent_client(bench):
    broker = Mosquitto(bench)
    script = bench.play(f"""
        local mqtt = require "mqtt"
        local id = kit.connect(0, "127.0.0.1", {broker.tcp})
        mqtt.connect(kit, id, {{client = "device", keepalive = 1}})
        kit.wait("CLOSE_IND", id)
        kit.close(id)
        local other = kit.connect(0, "127.0.0.1", {broker.tcp})
        kit.upload(other, "this is not MQTT")
        kit.wait("CLOSE_IND", other)
        kit.close(other)
    """)
    bench.equal(len(script.messages("CLOSE_IND")), 2, "CLOSE_IND")


@case(tools=["mosquitto"], limit=40)
def broker_is_killed(bench):
    broker = Mosquitto(bench)
    script = bench.script(f"""
        local mqtt = require "mqtt"
        local ids = {{}}
        for i = 1, 20 do
          ids[i] = kit.connect(0, "127.0.0.1", {broker.tcp})
          mqtt.connect(kit, ids[i], {{client = "device" .. i}})
        end
        kit.say("ready")
        for i = 1, 20 do kit.wait("CLOSE_IND", ids[i]) end
        local id, message = kit.open(0, "127.0.0.1", {broker.tcp})
        for i = 1, 20 do kit.close(ids[i]) end
    """)
    script.wait_note("ready")
    broker.process.signal(signal.SIGKILL)
    script.finish()
    bench.equal({m["error"] for m in script.messages("CLOSE_IND")}, {0}, "CLOSE_IND")
    bench.equal(script.messages("CONN_CNF")[-1]["error"], 14, "a new connection")
