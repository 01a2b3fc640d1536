"""TCP against peers that do one odd thing."""
import contextlib
import os
import socket
import threading

from harness import net
from harness.case import case
from harness.script import lua

ENOBUFS, ETIMEOUT, ERTE, EADDRINUSE, ENOTCONN, ERST, ECLSD = 2, 3, 4, 8, 11, 14, 15


@case()
def refused_names_peer_and_cause(bench):
    port = net.free_port()
    for address, text in (("127.0.0.1", f"127.0.0.1:{port}"), ("::1", f"[::1]:{port}"), ("localhost", f"]:{port}")):
        script = bench.play(f"""
            local id = kit.open(0, {lua(address)}, {port})
            kit.say("send", {{ok = socketcore.sock_send(id, "x")}})
            kit.wait("SEND_CNF", id)
            kit.say("destroy", {{result = socketcore.sock_destroy(id)}})
            kit.watch(50)
        """)
        message = script.message("CONN_CNF")
        bench.equal((message["result"], message["error"]), (1, ERST), str(message))
        bench.true(text in message["reason"] and "refused" in message["reason"], message["reason"])
        bench.equal(script.message("SEND_CNF")["result"], 1, "SEND_CNF")
        bench.equal(script.said("destroy")["result"], 1, "sock_destroy")
        bench.equal(len(script.messages()), 2, "messages")


@case()
def reset_in_the_middle_of_a_transfer(bench):
    """While the script receives, sends, and does nothing."""
    def serve(connection):
        connection.sendall(b"x" * 100_000)
        connection.recv(1)
        net.reset(connection)

    server = net.Server(bench, serve)
    script = bench.play(f"""
        kit.quiet = true
        for _, what in ipairs {{"receives", "sends", "does nothing"}} do
          local id = kit.connect(0, "127.0.0.1", {server.port})
          kit.read(id, 100000)
          socketcore.sock_send(id, "go")
          if what == "sends" then
            repeat
              socketcore.sock_send(id, ("y"):rep(1000))
            until kit.wait("SEND_CNF|CLOSE_IND", id).kind == "CLOSE_IND"
          elseif what == "does nothing" then
            rtos.sleep(300)
            kit.wait("CLOSE_IND", id)
          else
            kit.wait("CLOSE_IND", id)
          end
          kit.say("late", {{ok = socketcore.sock_send(id, "late"), data = socketcore.sock_recv(id, 100)}})
          kit.close(id)
        end
    """)
    endings = script.messages("CLOSE_IND")
    bench.equal(len(endings), 3, "CLOSE_IND")
    for message in endings:
        bench.equal((message["result"], message["error"]), (1, ERST), str(message))
        bench.true("reset" in message["reason"] and "127.0.0.1" in message["reason"], message["reason"])
    bench.equal([n["ok"] for n in script.notes("late")], [0, 0, 0], "sock_send afterwards")
    bench.equal([m["result"] for m in script.messages("CLOSE_CNF")], [0, 0, 0], "CLOSE_CNF")


@case()
def reset_answers_what_waits(bench):
    """The peer never reads and resets: each sock_send is answered, in order, before CLOSE_IND."""
    silent = net.Silent(bench, receive_buffer=4096)
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.1", {silent.port})
        local count = 0
        while true do
          local ok, code = socketcore.sock_send(id, ("z"):rep(60000))
          count = count + 1
          if ok == 0 then kit.say("full", {{code = code, left = socketcore.sock_getremainbuf(id), count = count}}) break end
        end
        kit.wait("CLOSE_IND", id)
        kit.close(id)
    """)
    connection = silent.accept(bench)
    count = script.wait_note("full")["count"]
    net.reset(connection)
    script.finish()
    kinds = [m["message"] for m in script.messages() if m["message"] in ("SEND_CNF", "CLOSE_IND")]
    bench.equal(kinds, ["SEND_CNF"] * count + ["CLOSE_IND"], "messages")
    results = [m["result"] for m in script.messages("SEND_CNF")]
    bench.equal(results, sorted(results), "first the good ones, then the failed ones")
    bench.equal(script.message("CLOSE_IND")["error"], ERST, "CLOSE_IND")


@case()
def half_close_by_the_peer(bench):
    """Sends are accepted until CLOSE_IND is delivered; what was accepted goes out after it, too."""
    def serve(connection):
        connection.sendall(b"all I have")
        connection.shutdown(socket.SHUT_WR)
        return net.receive_all(connection)

    server = net.Server(bench, serve)
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        rtos.sleep(200)
        kit.say("before", {{ok = socketcore.sock_send(id, "your end is not mine, ")}})
        kit.wait("RECV_IND", id)
        kit.say("between", {{ok = socketcore.sock_send(id, "I still speak")}})
        kit.say("data", {{text = socketcore.sock_recv(id, 100)}})
        kit.wait("CLOSE_IND", id)
        local ok, code = socketcore.sock_send(id, "never")
        kit.say("after", {{ok = ok, code = code}})
        kit.wait("SEND_CNF", id)
        kit.close(id)
    """)
    bench.equal([script.said(n)["ok"] for n in ("before", "between", "after")], [1, 1, 0], "sock_send")
    bench.equal(script.said("after")["code"], ECLSD, "code")
    bench.equal(script.said("data")["text"], "all I have", "data")
    message = script.message("CLOSE_IND")
    bench.equal((message["result"], message["error"]), (0, 0), str(message))
    bench.equal(server.result(), b"your end is not mine, I still speak", "what the peer got")


@case()
def urgent_data(bench):
    """Urgent data is a part of the stream, and what comes behind its mark is announced too."""
    sent, go = threading.Event(), threading.Event()

    def serve(connection):
        connection.recv(5)
        for part, flags in ((b"abc", 0), (b"X", socket.MSG_OOB), (b"defghi", 0), (b"Y", socket.MSG_OOB), (b"end", 0)):
            connection.send(part, flags)
        sent.set()
        go.wait(20)
        connection.send(b"!", socket.MSG_OOB)
        connection.recv(1)

    server = net.Server(bench, serve)
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        kit.send(id, "hello")
        kit.pause("sending")  -- all of it arrives behind one edge
        local function announced(size)
          local text = ""
          while #text < size do text = text .. socketcore.sock_recv(id, kit.wait("RECV_IND", id, 5000).recv_len) end
          return text
        end
        kit.say("data", {{text = announced(14)}})
        kit.say("more", {{text = announced(1)}})
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("sending")
    bench.true(sent.wait(10), "the peer has sent it")
    script.go()
    bench.equal(script.wait_note("data")["text"], "abcXdefghiYend", "data")
    go.set()
    script.finish()
    bench.equal(script.said("more")["text"], "!", "more")


@case()
def half_close_and_megabytes_under_way(bench):
    """The peer ends its half, then reads slowly: all that was accepted arrives, though CLOSE_IND came long before."""
    piece = net.pattern(100_000)
    path = bench.file("up.bin", piece)
    ready = threading.Event()

    def serve(connection):
        connection.recv(1)
        connection.shutdown(socket.SHUT_WR)
        ready.wait(20)
        return net.digest(net.receive_all(connection))

    server = net.Server(bench, serve, receive_buffer=8192)
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local data, count = kit.file({lua(path)}), 0
        while socketcore.sock_send(id, data) == 1 do count = count + 1 end
        kit.wait("CLOSE_IND", id)
        kit.say("ended", {{count = count}})
        kit.close(id)
    """)
    count = script.wait_note("ended")["count"]
    ready.set()
    script.finish()
    bench.equal(server.result(), net.digest((piece * count)[1:]), "what the peer got")
    results = [m["result"] for m in script.messages("SEND_CNF")]
    bench.equal(len(results), count + 1, "SEND_CNF")
    bench.true(results[0] == 0 and results == sorted(results), f"first the good, then those that were pending: {results}")
    bench.true(results.count(1) > 1, "some were pending when CLOSE_IND came")
    bench.equal(script.message("CLOSE_CNF")["result"], 0, "CLOSE_CNF")


@case(limit=60)
def peer_that_stalls(bench):
    """Back pressure: sock_getremainbuf goes to 0, ERR_ENOBUFS, bounded memory; in the end every byte is there, once."""
    content = net.pattern(24_000_000)
    path = bench.file("up.bin", content)
    go = threading.Event()

    def serve(connection):
        go.wait(30)
        return net.digest(net.receive_all(connection))

    server = net.Server(bench, serve)
    script = bench.script(f"""
        kit.quiet = true
        local data = kit.file({lua(path)})
        local id = kit.connect(0, "127.0.0.1", {server.port})
        kit.say("start", {{capacity = socketcore.sock_getremainbuf(id)}})
        local at, stalled = 1, false
        while at <= #data do
          local room = math.min(socketcore.sock_getremainbuf(id), #data - at + 1)
          if room > 0 then
            local ok, code = socketcore.sock_send(id, data:sub(at, at + room - 1))
            if ok ~= 1 then error(code) end
            at = at + room
          elseif kit.wait("SEND_CNF", id, stalled and 20000 or 500) == nil then
            stalled = true
            local ok, code = socketcore.sock_send(id, "x")
            kit.say("stalled", {{left = socketcore.sock_getremainbuf(id), ok = ok, code = code, at = at}})
          end
        end
        kit.close(id)
    """)
    stalled = script.wait_note("stalled")
    before = script.resident_kib()
    bench.equal((stalled["left"], stalled["ok"], stalled["code"]), (0, 0, ENOBUFS), str(stalled))
    # The script's own copy of the file, the interpreter, 1 MiB of buffer, and some slack.
    if not bench.sanitized:
        bench.within(before, 0, (len(content) >> 10) * 2 + 30_000, "resident KiB while stalled")
    go.set()
    script.finish()
    bench.equal(server.result(), net.digest(content), "what the peer got")
    bench.equal(script.said("start")["capacity"], 1 << 20, "capacity")


@case()
def peer_that_sends_one_byte_at_a_time(bench):
    content = net.pattern(3000)

    def serve(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(content)):
            connection.sendall(content[i : i + 1])
        return net.receive_all(connection)

    server = net.Server(bench, serve)
    script = bench.play(f"""
        kit.quiet = true
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local data = kit.read(id, {len(content)})
        for i = 1, #data do socketcore.sock_send(id, data:sub(i, i)) end
        kit.close(id)
    """)
    bench.equal(server.result(), content, "what came back")


@case(limit=60)
def peer_that_floods(bench):
    """A script that does not read makes the peer wait; then it reads all of it."""
    content = net.pattern(16_000_000)
    progress = {"sent": 0}

    def serve(connection):
        view = memoryview(content)
        while progress["sent"] < len(content):
            progress["sent"] += connection.send(view[progress["sent"] :][:65536])
        connection.shutdown(socket.SHUT_WR)
        return net.receive_all(connection)

    server = net.Server(bench, serve)
    script = bench.script(f"""
        kit.quiet = true
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local first = kit.wait("RECV_IND", id)
        kit.say("announced", {{bytes = first.recv_len, more = kit.watch(1000)}})
        kit.say("memory", {{}})
        local sink = io.open({lua(bench.tmp / 'got')}, "wb")
        sink:write(socketcore.sock_recv(id, first.recv_len))
        local total, ending = kit.read_all(id, sink)
        sink:close()
        kit.close(id)
    """, stdin="pipe")
    announced = script.wait_note("announced")
    bench.within(announced["bytes"], 1, 65536, "recv_len")
    bench.equal(announced["more"], 0, "messages while one announcement is outstanding")
    script.finish()
    bench.equal(net.file_digest(bench.tmp / "got"), net.digest(content), "what the script got")
    server.result()


@case(limit=60)
def memory_while_a_peer_floods(bench):
    def serve(connection):
        sent = 0
        connection.settimeout(2)
        with contextlib.suppress(TimeoutError):
            while sent < 64_000_000:
                sent += connection.send(b"f" * 65536)
        return sent

    server = net.Server(bench, serve)
    script = bench.script(f"""
        local ids = {{}}
        for i = 1, 8 do ids[i] = kit.connect(0, "127.0.0.1", {server.port}) end
        kit.say("connected")
        kit.watch(2500)
        kit.say("flooded")
        io.read()
        for i = 1, 8 do kit.close(ids[i]) end
    """, stdin="pipe")
    script.wait_note("connected")
    before = script.resident_kib()
    script.wait_note("flooded")
    after = script.resident_kib()
    if not bench.sanitized:
        bench.within(after - before, -10_000, 8 * 64 + 2048, "growth in KiB")
    script.go()
    script.finish()
    bench.equal(len(script.messages("RECV_IND")), 8, "announcements")
    for _ in range(8):
        bench.within(server.result(), 1, 40_000_000, "bytes that the kernel took")


@case()
def receive_window_that_the_peer_sees(bench):
    """recvBufferLen in place 5, and as a number in place 4: how much a peer can send to a script that does not read."""
    amounts = {}

    def serve(connection):
        connection.settimeout(0.4)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 10_000_000:
                sent += connection.send(b"w" * 1000)
        # What the peer's own kernel holds does not count.
        return sent - net.unsent(connection)

    server = net.Server(bench, serve)
    for title, arguments in (("5", "nil, 4096"), ("4", "4096"), ("64k", "nil, 65536"), ("zero", "nil, 0"), ("default", "nil")):
        script = bench.script(f"""
            local id = kit.connect(0, "127.0.0.1", {server.port}, {arguments})
            local first = kit.wait("RECV_IND", id)
            kit.say("first", {{bytes = first.recv_len}})
            io.read()
            kit.close(id)
        """, stdin="pipe")
        amounts[title] = server.result()
        if title in ("5", "4"):
            bench.within(script.wait_note("first")["bytes"], 1, 4096, "recv_len")
        script.go()
        script.finish()
    for title in ("5", "4"):
        bench.within(amounts[title], 2000, 4096 * 3, f"window of 4096, {title}: {amounts}")
    bench.within(amounts["64k"], 30_000, 65536 * 3, f"window of 65536: {amounts}")
    bench.within(amounts["default"], 65536, 10_000_000, f"default: {amounts}")
    bench.within(amounts["zero"], 65536, 10_000_000, f"zero is the default: {amounts}")


@case()
def local_port(bench):
    ports = []

    def serve(connection):
        ports.append(connection.getpeername()[1])
        return net.receive_all(connection)

    server = net.Server(bench, serve)
    wanted = net.free_port()
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port}, nil, nil, nil, {wanted})
        kit.send(id, "x")
        kit.close(id)
    """)
    server.result()
    bench.equal(ports, [wanted], "the port that the peer sees")


@case()
def local_port_taken(bench):
    holder = net.listener()
    bench.own(holder)
    taken = holder.getsockname()[1]
    server = net.Server(bench, net.echo)
    for reuse in (False, True):
        script = bench.play(f"""
            local id = socketcore.sock_conn(0, "127.0.0.1", {server.port}, nil, nil, nil, {taken})
            if {lua(reuse)} then socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_REUSEADDR, 1) end
            kit.wait("CONN_CNF", id)
            kit.close(id)
        """)
        message = script.message("CONN_CNF")
        # A listener keeps its port, whatever the other asks for.
        bench.equal((message["result"], message["error"]), (1, EADDRINUSE), str(message))
        bench.true("in use" in message["reason"], message["reason"])


@case()
def reuse_address_right_after_sock_conn(bench):
    """The port's last connection waits in TIME_WAIT: only the option, set before bind runs, gives it back."""
    server = net.Server(bench, net.receive_all)
    port = net.free_port()
    script = bench.play(f"""
        local function once(reuse)
          local id = socketcore.sock_conn(0, "127.0.0.1", {server.port}, nil, nil, nil, {port})
          if reuse then
            kit.say("setopt", {{result = socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_REUSEADDR, 1)}})
          end
          local message = kit.wait("CONN_CNF", id)
          kit.close(id)
          return message
        end
        once(true)
        kit.say("second", {{error = once(false).error or 0}})
        local other = {net.Server(bench, net.receive_all).port}
        local id = socketcore.sock_conn(0, "127.0.0.1", other, nil, nil, nil, {port})
        kit.say("setopt", {{result = socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_REUSEADDR, 1)}})
        kit.say("third", {{error = kit.wait("CONN_CNF", id).error or 0}})
        kit.close(id)
    """)
    bench.equal([n["result"] for n in script.notes("setopt")], [0, 0], "sock_setopt")
    bench.equal(script.said("second")["error"], EADDRINUSE, "without the option")
    bench.equal(script.said("third")["error"], 0, "with it, to another peer")


@case()
def local_port_with_a_name(bench):
    """Each address that is tried binds anew."""
    ports = []
    server = net.Server(bench, lambda c: ports.append(c.getpeername()[1]))
    wanted = net.free_port()
    bench.play(f"""
        local id = kit.connect(0, "localhost", {server.port}, nil, nil, nil, {wanted})
        kit.read_all(id)
        kit.close(id)
    """)
    server.result()
    bench.equal(ports, [wanted], "the port that the peer sees")


@case()
def keepalive_options_reach_the_kernel(bench):
    server = net.Server(bench, net.receive_all)
    script = bench.script(f"""
        local id = socketcore.sock_conn(0, "127.0.0.1", {server.port})
        local results = {{}}
        local function set(...) results[#results + 1] = socketcore.sock_setopt(id, ...) end
        set(socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1)
        set(socketcore.IPPROTO_TCP, socketcore.TCP_KEEPIDLE, 77)
        set(socketcore.IPPROTO_TCP, socketcore.TCP_KEEPINTVL, 60)
        set(socketcore.IPPROTO_TCP, socketcore.TCP_KEEPCNT, 3)
        kit.wait("CONN_CNF", id)
        set(socketcore.IPPROTO_TCP, socketcore.TCP_KEEPIDLE, 30)
        kit.say("set", {{results = results}})
        io.read()
        kit.close(id)
    """, stdin="pipe")
    bench.equal(script.wait_note("set")["results"], [0, 0, 0, 0, 0], "sock_setopt")
    with open("/proc/net/tcp") as table:
        timers = [line.split()[5] for line in table if line.split()[2].endswith(f":{server.port:04X}")]
    bench.equal([t.split(":")[0] for t in timers], ["02"], "a keepalive timer runs")
    hz = os.sysconf("SC_CLK_TCK")
    bench.within(int(timers[0].split(":")[1], 16) / hz, 20, 31, "seconds until the first probe")
    script.go()
    script.finish()


@case(limit=90)
def thousands_of_lives(bench):
    """connect, send, recv, close, destroy: the same descriptors and the same memory at the end."""
    server = net.Server(bench, net.echo)
    script = bench.script(f"""
        kit.quiet = true
        local show = io.stdout
        io.stdout = {{write = function() end, flush = function() end}}
        local function live(n)
          for i = 1, n do
            local id = kit.connect(0, "127.0.0.1", {server.port})
            kit.send(id, "ping " .. i)
            if kit.read(id, #("ping " .. i)) ~= "ping " .. i then error("wrong echo") end
            kit.close(id)
          end
          collectgarbage() collectgarbage()
        end
        live(500)
        io.stdout = show
        kit.say("warm")
        io.read()
        io.stdout = {{write = function() end, flush = function() end}}
        live(3000)
        io.stdout = show
        kit.say("done")
        io.read()
    """, stdin="pipe")
    script.wait_note("warm")
    before, descriptors = script.resident_kib(), len(script.descriptors())
    script.go()
    script.wait_note("done")
    after = script.resident_kib()
    bench.equal(len(script.descriptors()), descriptors, "descriptors")
    bench.equal(script.sockets(), [], "sockets left")
    if not bench.sanitized:
        bench.within(after - before, -100_000, 600, "growth in KiB")
    script.go()
    script.finish()
