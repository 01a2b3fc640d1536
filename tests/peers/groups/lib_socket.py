"""The library's sockets against servers of Python: tcp, udp, ssl; waiting and not waiting; losses."""
import os
import socket
import struct
import threading

from harness import net, pki
from harness.case import case
from harness.project import Project, play
from harness.tls import server_context

BIG = net.pattern(2_000_000, seed=9)


def upload(connection):
    """Takes a length and as many bytes, and answers with their digest."""
    size = struct.unpack(">I", net.receive_exactly(connection, 4))[0]
    connection.sendall(net.digest(net.receive_exactly(connection, size)).encode())


@case(limit=60)
def tcp_and_ssl(bench):
    """Connect, send, recv, close; small and large; names, port numbers and strings; the messages that are published."""
    keys = pki.of(bench)
    context = server_context(keys.leaf("lib", ["DNS:localhost", "IP:127.0.0.1"]))
    files = {"ca.crt": keys.ca().text}
    for arguments, security in (("", None), ("true", context), ("true, { caCert = 'ca.crt', insist = 0 }", context)):
        echo, sink = net.Server(bench, net.echo, context=security), net.Server(bench, upload, context=security)
        project = play(bench, f"""
          for _, topic in ipairs {{ "SOCKET_ACTIVE", "LIB_SOCKET_CLOSE_IND", "LIB_SOCKET_CONNECT_FAIL_IND" }} do
            sys.subscribe(topic, function(...) note(topic, ...) end)
          end
          local client = socket.tcp({arguments})
          note("unconnected", client:send("x"), client:recv(100))
          local good, id = client:connect("localhost", "{echo.port}", 10)
          note("connect", good, id == client.id, type(id))
          note("send", client:send("hello"))
          note("recv", client:recv(5000))
          note("timeout", client:recv(50))
          client:close()
          note("closed", client.id, client:send("x"), client:recv(100))
          client = socket.tcp({arguments})
          client:connect("127.0.0.1", {sink.port})
          local data = ("0123456789abcdef"):rep(60000)
          local size = string.char(0, math.floor(#data / 65536), math.floor(#data / 256) % 256, #data % 256)
          note("send", client:send(size .. data))
          note("digest", client:recv(10000))
          note("end", client:recv(5000))
          note("again", client:recv(5000))
          client:close()
          client:close()
          local connected = client:connect("127.0.0.1", {echo.port})
          sys.timerStart(client.close, 20, client)
          note("reused", connected, client:recv(5000))
          note("reused", client:connect("127.0.0.1", {echo.port}) == true, client:send("x"), client:recv(5000))
          client:close()
          note("refused", socket.tcp({arguments}):connect("127.0.0.1", 1))
          sys.wait(50)
        """, files=files)
        bench.equal(project.said("unconnected"), ["false", "false", "CLOSED"], arguments)
        bench.equal(project.said("connect"), ["true", "true", "number"], arguments)
        bench.equal(project.notes("send"), [["true"], ["true"]], arguments)
        bench.equal(project.said("recv"), ["true", "hello"], arguments)
        bench.equal(project.said("timeout"), ["false", "timeout"], arguments)
        bench.equal(project.said("closed"), ["nil", "false", "false", "CLOSED"], arguments)
        bench.equal(project.said("digest"), ["true", net.digest(b"0123456789abcdef" * 60000)], arguments)
        bench.equal([project.said("end"), project.said("again")], [["false", "CLOSED"]] * 2, arguments)
        bench.equal(project.said("refused"), ["false"], arguments)
        bench.equal(project.notes("reused"), [["true", "false", "CLOSED"], ["true", "true", "true", "x"]], arguments)
        ssl = str(security is not None).lower()
        bench.equal(project.notes("SOCKET_ACTIVE"), [["true"], ["false"]] * 4, arguments)
        bench.equal(project.notes("LIB_SOCKET_CLOSE_IND")[:2], [[ssl, "TCP", "localhost", str(echo.port)],
                                                                [ssl, "TCP", "127.0.0.1", str(sink.port)]], arguments)
        bench.equal(project.notes("LIB_SOCKET_CONNECT_FAIL_IND"), [[ssl, "TCP", "127.0.0.1", "1"]], arguments)


@case(limit=60)
def nothing_is_lost(bench):
    """A script that reads slowly, or only after the peer has gone, gets all the same bytes; memory stays small."""

    def serve(connection):
        connection.sendall(BIG)

    server = net.Server(bench, serve)
    small = net.Server(bench, lambda connection: connection.sendall(BIG[:300_000]))
    project = play(bench, f"""
      local function fetch(name, pause, port)
        local client = socket.tcp()
        client:connect("127.0.0.1", port or {server.port})
        sys.wait(pause)
        collectgarbage() collectgarbage()
        note("memory", math.floor(collectgarbage("count")))
        local pieces = {{}}
        while true do
          local good, data = client:recv(5000)
          if not good then note("end", data) break end
          pieces[#pieces + 1] = data
          if #pieces % 10 == 0 then sys.wait(5) end
        end
        client:close()
        local all = table.concat(pieces)
        note(name, #all, crypto.sha256(all, #all))
      end
      fetch("at once", 5)
      fetch("late", 1500)
      fetch("after the end", 1500, {small.port})
    """)
    for name in ("at once", "late"):
        bench.equal(project.said(name), [str(len(BIG)), net.digest(BIG).upper()], name)
    bench.equal(project.said("after the end"), ["300000", net.digest(BIG[:300_000]).upper()], "after the end")
    bench.equal(project.notes("end"), [["CLOSED"]] * 3, "the end")
    for (memory,) in project.notes("memory"):
        bench.within(int(memory), 0, 8000, "KiB while nothing is read")


@case(limit=60)
def udp(bench):
    """Datagrams keep their bounds, and none is split; an unreachable port does not end the socket."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    bench.own(server)
    port = server.getsockname()[1]

    def serve():
        try:
            while True:
                data, peer = server.recvfrom(65536)
                for part in data.split(b","):
                    server.sendto(part, peer)
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    project = play(bench, f"""
      local client = socket.udp()
      note("connect", client:connect("127.0.0.1", {port}) == true)
      note("send", client:send("one,two,,four"))
      for _ = 1, 4 do note("recv", client:recv(3000)) end
      client:send(("x"):rep(30000))
      local good, data = client:recv(3000)
      note("large", good, #data)
      note("too large", client:send(("x"):rep(70000), 5))
      client:send("still here")
      note("after", client:recv(3000))
      client:close()
      local nobody = socket.udp()
      nobody:connect("127.0.0.1", 1)
      for _ = 1, 3 do nobody:send("hello") sys.wait(20) end
      note("nobody", nobody:recv(100))
      nobody:close()
    """)
    bench.equal(project.said("connect"), ["true"], "connect")
    bench.equal(project.said("send"), ["true"], "send")
    bench.equal(project.notes("recv"), [["true", "one"], ["true", "two"], ["true", ""], ["true", "four"]], "datagrams")
    bench.equal(project.said("large"), ["true", "30000"], "large")
    bench.equal(project.said("too large"), ["false"], "too large")
    bench.equal(project.said("after"), ["true", "still here"], "after")
    bench.equal(project.said("nobody"), ["false", "timeout"], "nobody")


@case(limit=60)
def messages_of_the_script(bench):
    """`recv` with a message: those between two calls are kept, one per call; data and messages take turns."""
    server = net.Server(bench, net.echo)
    project = play(bench, f"""
      local client = socket.tcp()
      client:connect("127.0.0.1", {server.port})
      sys.timerStart(sys.publish, 30, "WORK", 1, "more")
      note("wait", client:recv(5000, "WORK"))
      for i = 2, 4 do sys.publish("WORK", i) end
      sys.publish("WORK")
      sys.publish("OTHER", "x")
      client:send("data")
      sys.wait(100)
      for _ = 1, 6 do note("turn", client:recv(100, "WORK")) end
      sys.timerStart(sys.publish, 20, "WORK", "kept")
      note("held back", client:recv(100, "WORK", true))
      note("later", client:recv(100, "WORK"))
      client:close()
    """)
    bench.equal(project.said("wait"), ["false", "WORK", "1"], "wait")
    bench.equal(project.notes("turn"), [["true", "data"], ["false", "WORK", "2"], ["false", "WORK", "3"],
                                        ["false", "WORK", "4"], ["false", "WORK", ""], ["false", "timeout"]], "turns")
    bench.equal(project.said("held back"), ["false", "timeout"], "held back")
    bench.equal(project.said("later"), ["false", "WORK", "kept"], "later")


@case(limit=60)
def asynchronous(bench):
    """One task in asyncSelect, others that send and take what arrives; keep-alive; a receiving function; the end."""
    sessions = []

    def serve(connection):
        seen = b""
        while data := connection.recv(1000):
            seen += data
            if b"bye" in data:
                sessions.append(seen)
                return
            connection.sendall(data.upper())

    server = net.Server(bench, serve)
    project = play(bench, f"""
      local client = socket.tcp()
      local ended
      sys.subscribe("SOCKET_RECV", function(id)
        if id == client.id then note("recv", client:asyncRecv()) end
      end)
      sys.subscribe("SOCKET_SEND", function(id, good) note("sent", id == client.id, good) end)
      sys.taskInit(function()
        note("connect", client:connect("127.0.0.1", {server.port}) == true)
        while client:asyncSelect(0.15, "ping") do end
        note("select", client:asyncSelect())
        note("late", client:asyncSend("x"), client:getAsyncSend())
        client:close()
        ended = true
        sys.publish("ENDED")
      end)
      sys.wait(50)
      note("send", client:asyncSend("one "), client:asyncSend("two "))
      sys.wait(250)
      client:setRcvProc(function(read, id, length)
        note("read", read(id, length))
        return true
      end)
      client:asyncSend("three")
      sys.wait(50)
      client:asyncSend("bye")
      if not ended then sys.waitUntil("ENDED", 5000) end
    """)
    bench.equal(project.said("connect"), ["true"], "connect")
    bench.equal(project.said("send"), ["true", "true"], "send")
    received = "".join(one[0] for one in project.notes("recv"))
    bench.true(received.startswith("ONE TWO PING"), received)
    bench.true("THREE" in "".join(one[0] for one in project.notes("read")), project.notes("read"))
    bench.equal({tuple(one) for one in project.notes("sent")}, {("true", "true")}, "sent")
    bench.equal(project.said("select"), ["false"], "select")
    bench.equal(project.said("late"), ["false", "0"], "late")
    bench.equal(len(sessions), 1, "sessions")


@case(limit=60)
def peers_that_fail(bench):
    """Resets, refusals, black holes of a kind: each call ends, in time, with the word for it."""

    def reset_soon(connection):
        connection.recv(10)
        net.reset(connection)

    resetting = net.Server(bench, reset_soon)
    deaf = net.Silent(bench, receive_buffer=4096)
    tls_less = net.Silent(bench)
    project = play(bench, f"""
      local client = socket.tcp()
      client:connect("127.0.0.1", {resetting.port})
      client:send("x")
      note("reset", client:recv(5000))
      note("after", client:send("y"))
      client:close()
      local started = os.clockms()
      client = socket.tcp()
      client:connect("127.0.0.1", {deaf.port})
      sys.subscribe("LIB_SOCKET_SEND_FAIL_IND", function(...) note("fail", ...) end)
      note("stuck", client:send(("x"):rep(8000000), 1))
      note("stuck took", math.floor(os.clockms() - started))
      client:close()
      started = os.clockms()
      client = socket.tcp(true)
      note("no TLS", client:connect("127.0.0.1", {tls_less.port}, 1))
      note("no TLS took", math.floor(os.clockms() - started))
      client:close()
      sys.timerStart(client.close, 20, client)
      note("closed", client:connect("127.0.0.1", {tls_less.port}))
      note("no name", socket.tcp():connect("no.such.name.invalid", 80, 5))
      note("no address", socket.tcp():connect("", 80, 5))
      note("no port", socket.tcp():connect("127.0.0.1", 99999, 5))
      note("no file", socket.tcp(true, {{ caCert = "nothing.crt" }}):connect("127.0.0.1", 1, 5))
      sys.timerStart(function() note("no task", pcall(client.connect, socket.tcp(), "127.0.0.1", 1)) end, 5)
      sys.wait(50)
    """)
    bench.equal(project.said("reset"), ["false", "CLOSED"], "reset")
    bench.equal(project.said("after"), ["false"], "after a reset")
    bench.equal(project.said("stuck"), ["false"], "stuck")
    bench.within(int(project.said("stuck took")[0]), 900, 4000 * bench.patience, "stuck: milliseconds")
    bench.equal(project.said("fail"), ["false", "TCP", "127.0.0.1", str(deaf.port), "8000000"], "the message about it")
    bench.within(int(project.said("no TLS took")[0]), 900, 4000 * bench.patience, "no TLS: milliseconds")
    for name in ("no TLS", "closed", "no name", "no address", "no port", "no file", "no task"):
        bench.equal(project.said(name)[0], "false", name)


@case(limit=60)
def the_link_goes(bench):
    """The loss of the data link ends every connection and every wait; the next connection works."""
    server = net.Server(bench, net.echo)
    project = Project(bench, f"""
      local done = 0
      for i = 1, 5 do
        sys.taskInit(function()
          local client = socket.tcp()
          client:connect("127.0.0.1", {server.port})
          if i == 1 then sys.publish("IP_ERROR_IND") end
          note("ended", client:recv(20000))
          client:close()
          done = done + 1
        end)
      end
      while done < 5 do sys.wait(20) end
      local client = socket.tcp()
      note("again", client:connect("127.0.0.1", {server.port}), client:send("x"), client:recv(1000))
      client:close()
    """)
    project.wait_note("again")
    project.finish()
    bench.equal(project.notes("ended"), [["false", "CLOSED"]] * 5, "ended")


@case(limit=60)
def the_modem_loses_the_link(bench):
    """As the modem tells it: connections end, `connect` refuses, and after the link's return all works again."""
    server = net.Server(bench, net.echo)
    control = bench.tmp / "control"
    os.mkfifo(control)
    project = Project(bench, f"""
      local client = socket.tcp()
      client:connect("127.0.0.1", {server.port})
      client:send("x")
      note("before", client:recv(5000))
      note("ended", client:recv(20000))
      sys.wait(200)
      note("down", socket.isReady(), client:send("y"))
      client:close()
      note("refused", socket.tcp():connect("127.0.0.1", {server.port}))
      note("up", sys.waitUntil("IP_READY_IND", 20000))
      note("after", client:connect("127.0.0.1", {server.port}) == true, client:send("z"), client:recv(5000))
      client:close()
    """, options=["--modem-ctl", control])
    project.wait_note("before")
    with open(control, "w") as orders:
        orders.write("link down\n")
        orders.flush()
        project.wait_note("refused")
        orders.write("link up\n")
        orders.flush()
        project.finish()
    bench.equal(project.said("ended"), ["false", "CLOSED"], "ended")
    bench.equal(project.said("down"), ["false", "false"], "down")
    bench.equal(project.said("refused"), ["false"], "refused")
    bench.equal(project.said("up"), ["true"], "up")
    bench.equal(project.said("after"), ["true", "true", "true", "z"], "after")


@case(limit=60)
def many(bench):
    """Forty tasks at once, and then nothing of them is left."""
    server = net.Server(bench, net.echo)
    silent = net.Silent(bench)
    project = Project(bench, f"""
      local left = 40
      for i = 1, 40 do
        sys.taskInit(function()
          local client = socket.tcp()
          if i % 10 == 0 then
            if client:connect("127.0.0.1", {silent.port}) then note("silent", client:recv(300)) end
          else
            for round = 1, 20 do
              if round % 5 == 1 then client:close() client:connect("127.0.0.1", {server.port}) end
              local word = i .. "/" .. round
              client:send(word)
              local good, answer = client:recv(5000)
              if not good or answer ~= word then note("wrong", word, answer) end
            end
          end
          client:close()
          left = left - 1
        end)
      end
      while left > 0 do sys.wait(20) end
      note("finished")
      sys.wait(1000)
    """)
    project.wait_note("finished")
    bench.until(lambda: len(project.sockets()) <= 2, "sockets that are closed")
    project.finish()
    bench.equal(project.notes("wrong"), [], "answers")
    bench.equal(project.notes("silent"), [["false", "timeout"]] * 4, "silent")
