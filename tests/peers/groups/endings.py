"""The end of a script: what it has sent still arrives, whichever way it ends."""
import threading
import time

from harness import net, pki
from harness.case import Skip, case
from harness.ending import FILL, slow_reader
from harness.script import lua
from harness.tls import cert, server_context, ssl_open

ETIMEOUT = 3

# Ways for a script to end, the exit status of each, and who knows them.
WAYS = {
    "return": ("", 0),
    "error": ('error("on purpose")', 1),
    "os.exit": ("os.exit(7)", 7),
    "os.exit that closes the state": ("os.exit(7, true)", 7),
    "os.exit in a coroutine": ("coroutine.wrap(function() pcall(function() os.exit(7) end) end)()", 7),
    "rtos.poweroff": ("rtos.poweroff()", 0),
}
RUNNER_ONLY = ("rtos.poweroff",)

def run_endings(bench, flavour, ways, opening, server, content, path):
    for way in ways:
        text, code = WAYS[way]
        started = time.monotonic()
        script = bench.play(f"local id = {opening}\n" + FILL.format(path=lua(path)) + text, code=code, flavour=flavour)
        accepted = script.said("accepted")["bytes"]
        got = server.result()
        what = f"{flavour}, {way}"
        bench.equal(len(got), accepted, what + ": bytes")
        bench.true(got == content[:accepted], what + ": the same bytes")
        bench.within(time.monotonic() - started, 0, 4.5, what + ": seconds")
        if way == "error":
            bench.true("on purpose" in script.errors() and "traceback" in script.errors(), script.errors())


@case(limit=60)
def accepted_bytes_arrive_over_tcp(bench):
    content = net.pattern(8_000_000)
    path = bench.file("up.bin", content)
    server = net.Server(bench, slow_reader(0.3), receive_buffer=16384)
    for flavour in ("runner", "lua5.1", "luajit"):
        ways = [w for w in WAYS if flavour == "runner" or w not in RUNNER_ONLY]
        run_endings(bench, flavour, ways, f"kit.connect(0, '127.0.0.1', {server.port})", server, content, path)


@case(limit=60)
def accepted_bytes_arrive_over_tls(bench):
    """And after them close_notify: Python raises an error where it is missing."""
    keys = pki.of(bench)
    content = net.pattern(8_000_000)
    path = bench.file("up.bin", content)
    context = server_context(keys.leaf("server", ["IP:127.0.0.1"]))
    server = net.Server(bench, slow_reader(0.3), receive_buffer=16384, context=context)
    for flavour in ("runner", "lua5.1", "luajit"):
        ways = [w for w in WAYS if flavour == "runner" or w not in RUNNER_ONLY]
        run_endings(bench, flavour, ways, ssl_open("127.0.0.1", server.port, cert(keys.ca()), 0, call="connect"), server,
                    content, path)


@case(limit=40)
def linger_limit_with_a_peer_that_never_reads(bench):
    """5 s, then CLOSE_CNF says ERR_ETIMEOUT; the peer must not take what it got for the whole."""
    silent = net.Silent(bench, receive_buffer=4096)
    keys = pki.of(bench)
    quiet = threading.Event()
    tls = net.Server(bench, lambda c: quiet.wait(20), context=server_context(keys.leaf("server")), receive_buffer=4096)
    script = bench.script(f"""
        local start, names = kit.seconds(), {{}}
        local function fill(id, name)
          while socketcore.sock_send(id, ("x"):rep(100000)) == 1 do end
          names[id] = name
          kit.say("close", {{result = socketcore.sock_close(id)}})
        end
        fill((kit.connect(0, "127.0.0.1", {silent.port})), "TCP")
        fill((kit.connect(2, "127.0.0.1", {tls.port})), "TLS")
        for i = 1, 2 do
          local message = kit.wait("CLOSE_CNF")
          kit.say("closed", {{name = names[message.socket_index], seconds = kit.seconds() - start}})
        end
    """)
    connection = silent.accept(bench)
    script.finish()
    quiet.set()
    for message, note in zip(script.messages("CLOSE_CNF"), script.notes("closed")):
        bench.equal((message["result"], message["error"]), (1, ETIMEOUT), str(message))
        bench.within(note["seconds"], 4.8, 7, str(note))
    try:
        while connection.recv(65536):
            pass
        raise AssertionError("the peer saw an orderly end of a stream that was cut")
    except ConnectionResetError:
        pass


@case(limit=40)
def end_of_a_script_with_a_peer_that_never_reads(bench):
    """The process ends after the linger limit, not before, not much later. All ways at once."""
    silent = net.Silent(bench, receive_buffer=4096)
    scripts = []
    for flavour, ways in (("runner", ("return", "os.exit")), ("lua5.1", ("return", "os.exit")), ("luajit", ("error",))):
        for way in ways:
            scripts.append((flavour, way, bench.script(f"""
                local id = kit.connect(0, "127.0.0.1", {silent.port})
                while socketcore.sock_send(id, ("x"):rep(100000)) == 1 do end
                kit.say("full")
                {WAYS[way][0]}
            """, flavour=flavour)))
    for _, _, script in scripts:
        script.wait_note("full")
    started = time.monotonic()
    for flavour, way, script in scripts:
        script.finish(WAYS[way][1])
        bench.within(time.monotonic() - started, 4.0, 8, f"{flavour}, {way}: seconds")


@case()
def idle_connections_end_at_once(bench):
    """Sockets in every state, nothing left to deliver: the process does not linger, its peers see an end."""
    silent = net.Silent(bench)
    server = net.Server(bench, net.receive_all)
    for flavour in ("runner", "lua5.1"):
        started = time.monotonic()
        bench.play(f"""
            for i = 1, 10 do kit.connect(0, "127.0.0.1", {server.port}) end
            socketcore.sock_conn(2, "127.0.0.1", {silent.port})        -- in the handshake
            rtos.sleep(50)
            socketcore.sock_conn(0, "no-such-name.invalid", 80)        -- resolving
            socketcore.sock_conn(0, "127.0.0.1", {silent.port})        -- starting
            socketcore.sock_conn(1, "127.0.0.1", 9)
        """, flavour=flavour)
        bench.within(time.monotonic() - started, 0, 2.5, "seconds")
        for _ in range(10):
            bench.equal(server.result(), b"", "what a peer got")


@case()
def children_do_not_inherit_sockets(bench):
    """os.execute and io.popen: no socket, epoll or eventfd in the child; a child that lives on keeps no connection open."""
    server = net.Server(bench, net.receive_all)
    for flavour in ("runner", "lua5.1", "luajit"):
        script = bench.play(f"""
            local id = kit.connect(0, "127.0.0.1", {server.port})
            local function list(way)
              local pipe = io.popen("ls -l /proc/self/fd | tail -n +2")
              if way == "os.execute" then
                pipe:close()
                os.execute("ls -l /proc/self/fd | tail -n +2 > {bench.tmp}/list")
                pipe = io.open("{bench.tmp}/list")
              end
              kit.say("list", {{way = way, text = pipe:read("*a")}})
              pipe:close()
            end
            list("io.popen")
            list("os.execute")
            os.execute("sleep 5 >/dev/null 2>&1 &")
            kit.send(id, "done")
        """, flavour=flavour)
        for note in script.notes("list"):
            for word in ("socket:", "eventpoll", "eventfd"):
                bench.true(word not in note["text"], f"{flavour}, {note['way']}: {note['text']}")
        started = time.monotonic()
        bench.equal(server.result(), b"done", "what the peer got")
        bench.within(time.monotonic() - started, 0, 2, "seconds until the peer sees the end")


@case()
def forked_child_only_closes(bench):
    """fork() without exec, by LuaJIT's ffi: the child's end takes nothing from the parent, says no goodbye, sends nothing twice."""
    keys = pki.of(bench)
    content = net.pattern(3_000_000)
    path = bench.file("up.bin", content)
    plain = net.Server(bench, slow_reader(0.3), receive_buffer=16384)
    context = server_context(keys.leaf("server", ["IP:127.0.0.1"]))
    tls = net.Server(bench, slow_reader(0.3), receive_buffer=16384, context=context)
    for flavour in ("runner", "luajit"):
        for title, opening, server in (("TCP", f"kit.connect(0, '127.0.0.1', {plain.port})", plain),
                                       ("TLS", ssl_open("127.0.0.1", tls.port, None, call="connect"), tls)):
            script = bench.script(f"""
                if not jit then kit.say("no ffi") return end
                local ffi = require "ffi"
                ffi.cdef "int fork(void); int waitpid(int, int *, int);"
                local id = {opening}
                """ + FILL.format(path=lua(path)) + """
                for i, way in ipairs {"return", "os.exit", "calls"} do
                  local child = ffi.C.fork()
                  if child == 0 then
                    if way == "calls" then
                      socketcore.sock_close(id)
                      pcall(rtos.receive, 100)
                    end
                    os.exit(0)
                  end
                  ffi.C.waitpid(child, nil, 0)
                end
                kit.say("parent", {room = socketcore.sock_getremainbuf(id)})
                kit.close(id)
            """, flavour=flavour)
            script.finish(limit=20)
            if script.notes("no ffi"):
                raise Skip("the runner has no LuaJIT, and lua5.1 cannot fork")
            accepted = script.said("accepted")["bytes"]
            got = server.result()
            bench.true(got == content[:accepted], f"{flavour}, {title}: {len(got)} of {accepted} bytes")
            bench.equal(script.message("CLOSE_CNF")["result"], 0, f"{flavour}, {title}")


@case()
def restart_keeps_nothing_open(bench):
    """rtos.restart(): what was accepted arrives, the old sockets are gone, the new life starts afresh."""
    server = net.Server(bench, net.receive_all)
    count = bench.file("count", "0")
    script = bench.play(f"""
        local lives = tonumber(kit.file({lua(count)}))
        local id = kit.connect(0, "127.0.0.1", {server.port})
        kit.say("life", {{number = lives, id = id, leftover = leftover ~= nil}})
        leftover = true
        local file = io.open({lua(count)}, "w")
        file:write(lives + 1)
        file:close()
        kit.send(id, "life " .. lives)
        if lives < 3 then rtos.restart() end
    """)
    bench.equal([(n["number"], n["id"], n["leftover"]) for n in script.notes("life")], [(i, 0, False) for i in range(4)], "lives")
    bench.equal(sorted(server.result() for _ in range(4)), [b"life %d" % i for i in range(4)], "what the peer got")
