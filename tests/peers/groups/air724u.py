"""The device's own limits, against real peers and a real network."""
from harness import namespace, net, pki
from harness.case import case
from harness.script import lua
from harness.tls import cert, server_context, ssl_open

ENOBUFS, ENOTCONN, ERST, EARG = 2, 11, 14, 16
OPTIONS = ["--profile", "air724u"]


@case()
def ten_sockets_and_their_ids(bench):
    """The lowest free id; a socket counts until it is destroyed, a failed one too."""
    server = net.Server(bench, net.receive_all)
    script = bench.play(f"""
        local function open() local id, code = socketcore.sock_conn(0, "127.0.0.1", {server.port}) return id == nil and -code or id end
        local ids = {{}}
        for i = 1, 12 do ids[i] = open() end
        kit.say("first", {{ids = ids}})
        for i = 1, 10 do kit.wait("CONN_CNF") end
        socketcore.sock_close(7)
        kit.wait("CLOSE_CNF", 7)
        kit.say("closed, not destroyed", {{id = open()}})
        kit.say("destroy", {{result = socketcore.sock_destroy(7)}})
        for _, id in ipairs {{3, 5}} do kit.close(id) end
        kit.say("again", {{ids = {{open(), open(), open(), open()}}}})
        for i = 1, 3 do kit.wait("CONN_CNF") end
        kit.close(0)
        local failing = socketcore.sock_conn(0, "127.0.0.1", {net.free_port()})
        kit.wait("CONN_CNF", failing)
        kit.say("failing", {{id = failing, full = open(), destroy = socketcore.sock_destroy(failing), again = open()}})
    """, options=OPTIONS)
    bench.equal(script.said("first")["ids"], [*range(10), -ENOBUFS, -ENOBUFS], "ids")
    bench.equal(script.said("closed, not destroyed")["id"], -ENOBUFS, "a closed one still counts")
    bench.equal(script.said("again")["ids"], [3, 5, 7, -ENOBUFS], "ids")
    failing = script.said("failing")
    bench.equal((failing["id"], failing["full"], failing["destroy"], failing["again"]), (0, -ENOBUFS, 1, 0), str(failing))


@case()
def address_of_101_characters(bench):
    script = bench.play("""
        for _, length in ipairs {100, 101} do
          local id, code = socketcore.sock_conn(0, ("a"):rep(50) .. "." .. ("b"):rep(length - 51), 80)
          kit.say("conn", {id = id or -1, code = code or 0})
        end
    """, options=OPTIONS)
    bench.equal([(n["id"], n["code"]) for n in script.notes("conn")], [(0, 0), (-1, EARG)], "sock_conn")


@case()
def announcements_of_2_kib(bench):
    content = net.pattern(300_000)
    server = net.Server(bench, lambda c: c.sendall(content))
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local sink = io.open({lua(bench.tmp / 'got')}, "wb")
        local total = kit.read_all(id, sink)
        sink:close()
        kit.close(id)
    """, options=OPTIONS)
    sizes = [m["recv_len"] for m in script.messages("RECV_IND")]
    bench.equal(max(sizes), 2048, "the largest recv_len")
    bench.equal(sum(sizes), len(content), "their sum")
    bench.equal(net.file_digest(bench.tmp / "got"), net.digest(content), "what the script got")


@case()
def send_buffer_of_11200_bytes(bench):
    server = net.Server(bench, net.receive_all)
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        kit.say("room", {{bytes = socketcore.sock_getremainbuf(id)}})
        for _, size in ipairs {{11200, 11201, 11200}} do
          local confirmed, ok, code = kit.send(id, ("x"):rep(size))
          kit.say("send", {{ok = ok, code = code, sent = confirmed.send_len, result = confirmed.result}})
        end
        kit.close(id)
    """, options=OPTIONS)
    bench.equal(script.said("room")["bytes"], 11200, "sock_getremainbuf")
    bench.equal([(n["ok"], n["code"], n["sent"], n["result"]) for n in script.notes("send")],
                [(1, 0, 11200, 0), (0, ENOBUFS, 0, 1), (1, 0, 11200, 0)], "sends")
    bench.equal(len(server.result()), 22400, "what the peer got")


@case()
def buffer_towards_a_peer_that_does_not_read(bench):
    """The kernel's buffer comes first, then 11200 bytes of ours, then ERR_ENOBUFS."""
    silent = net.Silent(bench, receive_buffer=4096)
    script = bench.script(f"""
        kit.quiet = true
        local id = kit.connect(0, "127.0.0.1", {silent.port})
        local sent = 0
        while true do
          local room = socketcore.sock_getremainbuf(id)
          if room == 0 then break end
          socketcore.sock_send(id, ("x"):rep(math.min(room, 1400)))
          sent = sent + math.min(room, 1400)
        end
        local ok, code = socketcore.sock_send(id, "x")
        kit.say("full", {{ok = ok, code = code, sent = sent, room = socketcore.sock_getremainbuf(id)}})
        kit.pause("wait")
        kit.close(id)
    """, options=OPTIONS, stdin="pipe")
    full = script.wait_note("full")
    bench.equal((full["ok"], full["code"], full["room"]), (0, ENOBUFS, 0), str(full))
    connection = silent.accept(bench)
    script.wait_note("wait")
    script.go()
    bench.equal(len(net.receive_all(connection)), full["sent"], "what the peer got")
    script.finish()


def drop_acknowledgements(bench, address, port):
    return bench.own(namespace.Filter("OUTPUT", "-p", "tcp", "-s", address, "--sport", port, "--tcp-flags", "RST", "NONE", "-j", "DROP"))


@case(needs_namespace=True, tools=["iptables"], limit=60)
def confirmation_waits_for_the_acknowledgement(bench):
    """The peer's kernel has the bytes, but its acknowledgements are lost: no MSG_SOCK_SEND_CNF until they come. TCP and TLS."""
    keys = pki.of(bench)
    context = server_context(keys.leaf("device-server", ["IP:127.0.0.71"]))
    tcp = net.Server(bench, net.receive_all, address="127.0.0.71")
    tls = net.Server(bench, net.receive_all, address="127.0.0.71", context=context)
    opens = {"TCP": (f"kit.connect(0, '127.0.0.71', {tcp.port})", tcp),
             "TLS": (ssl_open("127.0.0.71", tls.port, cert(keys.ca()), 0, call="connect"), tls)}
    for title, (opening, server) in opens.items():
        script = bench.script(f"""
            local id = {opening}
            kit.send(id, "first")
            kit.pause("cut")
            local start = kit.seconds()
            for _, text in ipairs {{"second", "third", "a fourth, longer one"}} do socketcore.sock_send(id, text) end
            kit.say("early", {{count = kit.watch(1000)}})
            kit.say("mend")
            for i = 1, 3 do kit.wait("SEND_CNF", id) end
            kit.close(id)
        """, options=OPTIONS, stdin="pipe")
        script.wait_note("cut")
        rule = drop_acknowledgements(bench, "127.0.0.71", server.port)
        script.go()
        script.wait_note("mend")
        bench.equal(script.said("early")["count"], 0, f"{title}: messages while no acknowledgement came")
        rule.close()
        script.finish()
        lengths = [(m["result"], m["send_len"]) for m in script.messages("SEND_CNF")]
        bench.equal(lengths, [(0, 5), (0, 6), (0, 5), (0, 20)], title)
        bench.equal(server.result(), b"firstsecondthirda fourth, longer one", title)


@case(needs_namespace=True, tools=["iptables"])
def host_profile_does_not_wait_for_it(bench):
    server = net.Server(bench, net.receive_all, address="127.0.0.71")
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.71", {server.port})
        kit.pause("cut")
        kit.send(id, "second")
        kit.say("confirmed")
        kit.pause("mend")
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("cut")
    rule = drop_acknowledgements(bench, "127.0.0.71", server.port)
    script.go()
    script.wait_note("mend")
    rule.close()
    script.go()
    script.finish()
    bench.equal(script.message("SEND_CNF")["send_len"], 6, "SEND_CNF")


@case(needs_namespace=True, tools=["iptables"])
def reset_before_the_acknowledgement(bench):
    """What was not acknowledged is answered with result 1, before MSG_SOCK_CLOSE_IND."""
    server = net.Server(bench, net.receive_all, address="127.0.0.71")
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.71", {server.port})
        kit.send(id, "first")
        kit.pause("cut")
        socketcore.sock_send(id, "second")
        socketcore.sock_send(id, "third")
        kit.say("sent")
        kit.wait("CLOSE_IND", id)
        kit.close(id)
    """, options=OPTIONS, stdin="pipe")
    script.wait_note("cut")
    rule = drop_acknowledgements(bench, "127.0.0.71", server.port)
    script.go()
    script.wait_note("sent")
    # From now on the peer's host answers with a reset.
    bench.own(namespace.Filter("OUTPUT", "-p", "tcp", "-d", "127.0.0.71", "-j", "REJECT", "--reject-with", "tcp-reset"))
    script.finish()
    rule.close()
    kinds = [(m["message"], m["result"]) for m in script.messages() if m["message"] in ("SEND_CNF", "CLOSE_IND")]
    bench.equal(kinds, [("SEND_CNF", 0), ("SEND_CNF", 1), ("SEND_CNF", 1), ("CLOSE_IND", 1)], "messages")
    bench.equal(script.message("CLOSE_IND")["error"], ERST, "CLOSE_IND")


@case()
def confirmations_come_promptly(bench):
    """Three hundred sends, each after the last one's confirmation; with Nagle or delayed acknowledgements it takes 12 s and more."""
    keys = pki.of(bench)
    tcp = net.Server(bench, net.receive_all)
    tls = net.Server(bench, net.receive_all, context=server_context(keys.leaf("server")))
    script = bench.play(f"""
        kit.quiet = true
        for kind, port in pairs {{[0] = {tcp.port}, [2] = {tls.port}}} do
          local id = kit.connect(kind, "127.0.0.1", port)
          local start = kit.seconds()
          for i = 1, 300 do kit.send(id, "message " .. i) end
          kit.say("took", {{seconds = kit.seconds() - start, kind = kind}})
          kit.close(id)
        end
    """, options=OPTIONS)
    for note in script.notes("took"):
        bench.within(note["seconds"], 0, 15, str(note))


@case()
def many_sends_that_are_acknowledged_together(bench):
    """One acknowledgement for many sends: one MSG_SOCK_SEND_CNF each, in order, refused ones in their places."""
    server = net.Server(bench, net.receive_all)
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local results = {{}}
        for i = 1, 30 do
          local data = ("d"):rep(i == 15 and 20000 or i)
          results[i] = socketcore.sock_send(id, data)
        end
        kit.say("results", {{list = results}})
        for i = 1, 30 do kit.wait("SEND_CNF", id) end
        kit.watch(100)
        kit.close(id)
    """, options=OPTIONS)
    bench.equal(script.said("results")["list"], [0 if i == 15 else 1 for i in range(1, 31)], "sock_send")
    bench.equal([m["send_len"] for m in script.messages("SEND_CNF")], [0 if i == 15 else i for i in range(1, 31)], "send_len")
    server.result()


@case(limit=60)
def bulk_both_ways(bench):
    keys = pki.of(bench)
    content = net.pattern(700_000)
    path = bench.file("up.bin", content)
    tcp = net.Server(bench, net.echo)
    tls = net.Server(bench, net.echo, context=server_context(keys.leaf("bulk", ["IP:127.0.0.1"])))
    for title, opening in (("TCP", f"kit.connect(0, '127.0.0.1', {tcp.port})"),
                           ("TLS", ssl_open("127.0.0.1", tls.port, cert(keys.ca()), 0, call="connect"))):
        script = bench.play(f"""
            kit.quiet = true
            local data, at, got = kit.file({lua(path)}), 1, 0
            local sink = io.open({lua(bench.tmp / 'got')}, "wb")
            local id = {opening}
            local unconfirmed, confirmed = 0, 0
            while got < #data or unconfirmed > 0 do
              while at <= #data do
                local room = math.min(socketcore.sock_getremainbuf(id), 1460, #data - at + 1)
                if room == 0 or unconfirmed >= 8 then break end
                if socketcore.sock_send(id, data:sub(at, at + room - 1)) ~= 1 then error("refused") end
                at, unconfirmed = at + room, unconfirmed + 1
              end
              local message = kit.next()
              if message.kind == "RECV_IND" then
                local piece = socketcore.sock_recv(id, message.recv_len)
                sink:write(piece)
                got = got + #piece
              elseif message.kind == "SEND_CNF" then
                unconfirmed, confirmed = unconfirmed - 1, confirmed + message.send_len
              end
            end
            sink:close()
            kit.say("confirmed", {{bytes = confirmed}})
            kit.close(id)
        """, options=OPTIONS)
        bench.equal(script.said("confirmed")["bytes"], len(content), title)
        bench.equal(net.file_digest(bench.tmp / "got"), net.digest(content), title)
