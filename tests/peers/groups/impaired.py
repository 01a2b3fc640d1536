"""A network that loses, delays, repeats and reorders, or is gone for a while: all that was accepted arrives, or its loss is told."""
import os
import pathlib
import signal
import socket
import time

from harness import namespace, net, pki
from harness.case import Skip, case
from harness.impair import FAR, NEAR, BadNetwork
from harness.script import SCRIPTS, lua
from harness.tls import server_context

TCP, UDP, SSL = 0, 1, 2

impaired = lambda **settings: case(needs_namespace=True, tools=["ip"], **settings)  # noqa: E731


def bad_network(bench, seed=1, **settings):
    if not os.path.exists("/dev/net/tun"):
        raise Skip("there is no /dev/net/tun")
    return BadNetwork(bench, seed, **settings)


def echo_server(bench, kind):
    """Echoes, and tells how many bytes it has had and their digest."""

    def serve(connection):
        parts = []
        while data := connection.recv(1 << 16):
            parts.append(data)
            connection.sendall(data)
        return b"".join(parts)

    context = server_context(pki.of(bench).leaf("impaired", ["IP:" + FAR])) if kind == SSL else None
    return net.Server(bench, serve, address=NEAR, context=context)


def pump(bench, kind, server, size, piece, flavour="runner"):
    return bench.script(SCRIPTS / "pump.lua", kind, FAR, server.port, size, piece, flavour=flavour)


def whole(bench, script, server, size):
    """Every byte went there and came back; nothing was reported lost, and nothing was."""
    script.finish()
    done = script.said("done")
    bench.equal({key: done.get(key) for key in ("accepted", "confirmed", "received", "failures", "wrong", "ended", "closed")},
                {"accepted": size, "confirmed": size, "received": size, "failures": 0, "wrong": None, "ended": None,
                 "closed": 0}, "what the script was told")
    bench.equal(done["answers"], done["asked"], "answers to sends")
    bench.equal(len(server.result()), size, "bytes that the peer had")


BAD = {"loss": 0.03, "twice": 0.03, "late": 0.1, "delay": 0.005, "lateness": 0.03}


@impaired(limit=120)
def loss_repetition_and_disorder(bench):
    network = bad_network(bench, seed=7, **BAD)
    pairs = []
    for kind, flavour in ((TCP, "runner"), (SSL, "runner"), (TCP, "luajit"), (SSL, "lua5.1")):
        server = echo_server(bench, kind)
        pairs.append((pump(bench, kind, server, 400_000, 7_000, flavour), server))
    for script, server in pairs:
        whole(bench, script, server, 400_000)
    done = network.close()
    bench.true(min(done["lost"], done["twice"], done["late"]) > 20, f"the network was bad: {done}")


@impaired(limit=120)
def a_line_of_1_kbit_per_second(bench):
    network = bad_network(bench, rate=1_000, queue=2_000)
    server = echo_server(bench, TCP)
    script = pump(bench, TCP, server, 300, 100)
    whole(bench, script, server, 300)
    bench.equal(network.close()["lost"], 0, "lost packets")


@impaired(limit=120)
def tls_over_a_line_of_8_kbit_per_second(bench):
    bad_network(bench, rate=8_000, queue=8_000)
    server = echo_server(bench, SSL)
    whole(bench, pump(bench, SSL, server, 1_000, 300), server, 1_000)


@impaired(limit=90)
def link_down_in_mid_transfer(bench):
    """Gone for two seconds: TCP repeats what was lost, and nobody is told."""
    for kind in (TCP, SSL):
        network = bad_network(bench, delay=0.01)
        server = echo_server(bench, kind)
        script = pump(bench, kind, server, 3_000_000, 60_000)
        script.wait_note("half")
        network.set(loss=1.0)
        time.sleep(2)
        network.set(delay=0.01)
        whole(bench, script, server, 3_000_000)
        network.close()


@impaired(limit=90)
def the_peers_host_is_gone(bench):
    """For good, in mid-transfer. The close gives up at its limit, says so once, and the bytes that arrived are a prefix."""
    network = bad_network(bench, delay=0.02)
    server = echo_server(bench, TCP)
    script = bench.script(f"""
        local id = kit.connect(0, {lua(FAR)}, {server.port})
        kit.quiet = true
        local data = ("0123456789abcdef"):rep(4096)
        local accepted = 0
        for i = 1, 10 do
          if socketcore.sock_send(id, data) == 1 then accepted = accepted + #data end
        end
        kit.wait("RECV_IND", id)
        kit.pause("moving")
        local closed = kit.close(id)
        kit.say("closed", {{result = closed.result, error = closed.error, accepted = accepted, reason = closed.reason}})
        kit.watch(300)
    """, stdin="pipe")
    script.wait_note("moving")
    network.set(loss=1.0)
    script.go()
    script.finish()
    closed = script.said("closed")
    bench.equal(closed["result"], 1, f"the loss is told: {closed}")
    bench.equal(len(script.messages("CLOSE_CNF")), 1, "CLOSE_CNF")
    bench.equal(script.messages("CLOSE_IND"), [], "CLOSE_IND")


@impaired(limit=60)
def stopped_and_continued_in_mid_transfer(bench):
    """Both sides in turn stand still for a while, as under a debugger or in a suspended machine."""
    bad_network(bench, delay=0.002)
    for kind in (TCP, SSL):
        server = echo_server(bench, kind)
        script = pump(bench, kind, server, 6_000_000, 60_000)
        script.wait_note("connected")
        for _ in range(3):
            script.signal(signal.SIGSTOP)
            time.sleep(0.4)
            script.signal(signal.SIGCONT)
            time.sleep(0.1)
        whole(bench, script, server, 6_000_000)


@impaired(limit=60)
def datagrams_lost_twice_and_late(bench):
    """Each datagram comes whole or not at all; the script goes on."""
    network = bad_network(bench, seed=3, **{**BAD, "loss": 0.1, "twice": 0.1})
    listening = bench.own(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    listening.bind((NEAR, 0))
    listening.settimeout(0.5)
    script = bench.script(f"""
        local id = kit.connect(1, {lua(FAR)}, {listening.getsockname()[1]})
        kit.quiet = true
        local sent, whole, broken = 0, 0, 0
        for i = 1, 300 do
          local data = ("%05d"):format(i):rep(50)
          if socketcore.sock_send(id, data) == 1 then sent = sent + 1 end
          local message = kit.next(5)
          while message do
            if message.kind == "RECV_IND" then
              local data = socketcore.sock_recv(id, 65536)
              if #data == 250 and data == data:sub(1, 5):rep(50) then whole = whole + 1 else broken = broken + 1 end
            elseif message.kind ~= "SEND_CNF" or message.result ~= 0 then
              error(tostring(message.kind) .. ": " .. tostring(message.reason))
            end
            message = kit.next(i < 300 and 4 or 300)
          end
        end
        kit.say("done", {{sent = sent, whole = whole, broken = broken}})
        kit.close(id)
    """)
    while script.running():
        try:
            data, sender = listening.recvfrom(65536)
            listening.sendto(data, sender)
        except socket.timeout:
            pass
    script.finish()
    done = script.said("done")
    bench.equal((done["sent"], done["broken"]), (300, 0), "datagrams")
    bench.within(done["whole"], 150, 400, "datagrams that came back")
    bench.true(network.close()["lost"] > 20, "some were lost")


@impaired(limit=60)
def connections_come_and_go_on_a_bad_network(bench):
    """Many short ones: each opens, echoes and ends, or its failure is told."""
    bad_network(bench, seed=11, **BAD)
    server = net.Server(bench, net.echo, address=NEAR)
    script = bench.play(f"""
        kit.quiet = true
        local good, bad = 0, 0
        local live, opened = {{}}, 0
        local function open()
          opened = opened + 1
          live[assert(socketcore.sock_conn(0, {lua(FAR)}, {server.port}))] = {{left = 2000}}
        end
        for _ = 1, 20 do open() end
        local function destroy(id)
          assert(socketcore.sock_destroy(id) == 1)
          live[id] = nil
          if opened < 150 then open() end
        end
        while next(live) do
          local message = assert(kit.next(30000))
          local id = message.socket_index
          if message.kind == "CONN_CNF" then
            if message.result == 0 then
              assert(socketcore.sock_send(id, ("y"):rep(2000)) == 1)
            else
              bad = bad + 1
              destroy(id)
            end
          elseif message.kind == "RECV_IND" then
            live[id].left = live[id].left - #socketcore.sock_recv(id, 65536)
            if live[id].left == 0 then assert(socketcore.sock_close(id) == 1) end
          elseif message.kind == "CLOSE_CNF" then
            good = good + 1
            destroy(id)
          else
            assert(message.kind == "SEND_CNF" and message.result == 0, message.reason)
          end
        end
        kit.say("done", {{good = good, bad = bad}})
    """)
    done = script.said("done")
    bench.equal((done["good"], done["bad"]), (150, 0), "connections")


@case(limit=60, tools=["faketime"])
def the_clock_is_set_in_mid_transfer(bench):
    """The time of day jumps a year ahead and back: timers, waits and transfers do not notice."""
    if bench.sanitized:
        raise Skip("libfaketime and the sanitizers' libraries do not go together")
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise Skip("needs libfaketime")
    setting = bench.file("clock", "+0")
    server = net.Server(bench, net.echo)
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local first = os.time()
        kit.pause("running")
        local since = kit.seconds()
        kit.say("jumped", {{seconds = os.time() - first}})
        assert(rtos.timer_start(1, 200) == 1)
        assert(socketcore.sock_send(id, ("z"):rep(1000)) == 1)
        local got, rang = 0, 0
        while got < 1000 or rang == 0 do
          local message = kit.next(5000)
          if message == 1 then rang = kit.seconds() - since
          elseif message and message.kind == "RECV_IND" then got = got + #socketcore.sock_recv(id, 65536) end
        end
        kit.say("rang", {{seconds = rang}})
        kit.pause("waiting")
        since = kit.seconds()
        rtos.receive(200)
        kit.say("waited", {{seconds = kit.seconds() - since}})
        kit.close(id)
    """, stdin="pipe", env={"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(setting), "FAKETIME_NO_CACHE": "1",
                            "DONT_FAKE_MONOTONIC": "1"})
    script.wait_note("running")
    setting.write_text("+365d")
    script.go()
    script.wait_note("waiting")
    setting.write_text("-365d")
    script.go()
    script.finish()
    bench.within(script.said("jumped")["seconds"], 364 * 86400, 366 * 86400, "the clock jumped")
    bench.within(script.said("rang")["seconds"], 0.19, 5, "the timer")
    bench.within(script.said("waited")["seconds"], 0.19, 5, "the wait")


@impaired(limit=60)
def the_disk_is_full(bench):
    """A device whose flash is full: io.write says so, and its sockets go on."""
    flash = bench.tmp / "flash"
    flash.mkdir()
    namespace.run("mount", "-t", "tmpfs", "-o", "size=64k", "full-flash", flash)
    bench.defer(namespace.run, "umount", flash)
    server = net.Server(bench, net.echo)
    folder = bench.tmp / "project"
    folder.mkdir()
    (folder / "main.lua").write_text(f"""
        local rtos, socketcore = require "rtos", require "socketcore"
        local file = assert(io.open("/full.txt", "w"))
        file:setvbuf("no")
        local written, refused = 0
        for _ = 1, 100 do
          local ok, why = file:write(("x"):rep(4096))
          if not ok then refused = why break end
          written = written + 4096
        end
        file:close()
        print("WRITTEN", written, refused)
        local id = socketcore.sock_conn(0, "127.0.0.1", {server.port})
        while true do
          local message = rtos.receive(20000)
          if type(message) == "table" then
            if message.id == rtos.MSG_SOCK_CONN_CNF then
              socketcore.sock_send(id, "still here")
            elseif message.id == rtos.MSG_SOCK_RECV_IND then
              print("ECHO", socketcore.sock_recv(id, 100))
              os.exit(0)
            end
          end
        end
    """)
    process = bench.start([bench.interpreters.runner, "run", "--data", flash, "--modem", "instant", folder])
    bench.equal(process.wait(), 0, "exit status")
    bench.true("No space left" in process.output(), f"the reason: {process.output()}")
    bench.true("still here" in process.output(), "sockets go on")
