"""Addresses that swallow packets, routes that are not there, peers that vanish: with iptables in a namespace."""
from harness import namespace, net, pki
from harness.case import Skip, case
from harness.dns import use_hosts, use_servers
from harness.script import lua
from harness.tls import TlsServer, cert, server_context, ssl_open

ENOBUFS, ETIMEOUT, ERTE, EADDRINUSE, EIF, ERST = 2, 3, 4, 8, 12, 14

hole_case = lambda **settings: case(needs_namespace=True, tools=["iptables", "ip"], **settings)  # noqa: E731


def hole(bench, address, port=None, chain="INPUT"):
    """Packets to this address vanish."""
    words = ["-p", "tcp", "-d", address] + (["--dport", port] if port else [])
    return bench.own(namespace.Filter(chain, *words, "-j", "DROP"))


@hole_case()
def connect_to_a_black_hole_while_others_work(bench):
    hole(bench, "127.0.0.66")
    echo = net.Server(bench, net.echo)
    script = bench.play(f"""
        local lost = socketcore.sock_conn(0, "127.0.0.66", 80)
        local lost_tls = socketcore.sock_conn(2, "127.0.0.66", 443)
        kit.quiet = true
        for i = 1, 100 do
          local id = kit.connect(0, "127.0.0.1", {echo.port})
          kit.send(id, "ping")
          kit.read(id, 4)
          socketcore.sock_close(id)
          kit.wait("CLOSE_CNF", id)
        end
        kit.quiet = false
        local ok, code = socketcore.sock_send(lost, "x")
        kit.say("send", {{code = code}})
        kit.wait("SEND_CNF", lost)
        local start = kit.seconds()
        kit.close(lost)
        kit.close(lost_tls)
        kit.say("closed", {{seconds = kit.seconds() - start}})
        kit.watch(100)
    """)
    bench.equal(script.said("send")["code"], 11, "sock_send")
    bench.within(script.said("closed")["seconds"], 0, 0.5, "seconds to close both")
    for socket_index in (0, 1):
        kinds = [m["message"] for m in script.messages(socket=socket_index)]
        bench.equal(kinds, ["SEND_CNF", "CLOSE_CNF"] if socket_index == 0 else ["CLOSE_CNF"], "messages")
    bench.equal({m["result"] for m in script.messages("CLOSE_CNF")}, {0}, "CLOSE_CNF")


@hole_case()
def no_route(bench):
    """Network unreachable, host unreachable, forbidden by a route, rejected by a router: ERR_ERTE at once, and why."""
    namespace.run("ip", "route", "add", "unreachable", "10.66.0.1")
    bench.defer(namespace.run, "ip", "route", "del", "unreachable", "10.66.0.1")
    namespace.run("ip", "address", "replace", "10.66.1.1/32", "dev", "lo")
    bench.own(namespace.Filter("OUTPUT", "-p", "tcp", "-d", "10.66.1.1", "--dport", "80", "-j", "REJECT", "--reject-with",
                               "icmp-host-unreachable"))
    bench.own(namespace.Filter("OUTPUT", "-p", "tcp", "-d", "10.66.1.1", "--dport", "81", "-j", "REJECT", "--reject-with",
                               "icmp-net-unreachable"))
    rows = [("192.0.2.1", 80, "unreachable"), ("10.66.0.1", 80, "no route"), ("2001:db8::1", 80, "unreachable"),
            ("10.66.1.1", 80, "no route"), ("10.66.1.1", 81, "unreachable")]
    for kind in (0, 2):
        script = bench.play(f"""
            for _, row in ipairs {lua([list(row) for row in rows])} do
              local start = kit.seconds()
              local id = kit.open({kind}, row[1], row[2])
              kit.say("took", {{seconds = kit.seconds() - start}})
              kit.close(id)
            end
        """)
        for row, message, took in zip(rows, script.messages("CONN_CNF"), script.notes("took")):
            bench.equal((message["result"], message["error"]), (1, ERTE), f"{row}: {message}")
            bench.true(row[0] in message["reason"] and row[2] in message["reason"], f"{row}: {message}")
            bench.within(took["seconds"], 0, 3, str(row))


@hole_case()
def no_route_for_datagrams(bench):
    script = bench.play("""
        local id = kit.open(1, "192.0.2.1", 53)
        kit.close(id)
        local id = kit.open(1, "255.255.255.255", 53)
        if socketcore.sock_send(id, "x") == 1 then kit.wait("SEND_CNF", id) end
        kit.close(id)
    """)
    bench.equal(script.messages("CONN_CNF")[0].get("error"), ERTE, "CONN_CNF of an address without a route")
    bench.equal(script.messages("SEND_CNF")[0].get("error"), ERTE, "a broadcast without a route")


@hole_case()
def a_name_whose_first_address_is_a_black_hole(bench):
    """The connect limit is shared: the second address gets its turn (37 s at most with two addresses)."""
    hole(bench, "127.0.0.66")
    use_servers("127.0.0.53")
    greeter = net.Server(bench, net.echo, address="127.0.0.67")
    use_hosts("127.0.0.66 two.test\n" + "".join(f"127.0.1.{i} two.test\n" for i in range(1, 40)) + "127.0.0.67 two.test\n")
    script = bench.play(f"""
        local start = kit.seconds()
        local id = kit.connect(0, "two.test", {greeter.port})
        kit.say("connected", {{seconds = kit.seconds() - start}})
        kit.close(id)
    """)
    # 41 addresses: the first takes 75/41 s, the next 39 refuse.
    bench.within(script.said("connected")["seconds"], 1.5, 5, "seconds")


@hole_case(limit=40)
def keepalive_finds_a_dead_peer(bench):
    """1 s idle, 1 s between probes, 2 probes: ERR_ETIMEOUT some 3 s after the peer has vanished. TCP and TLS."""
    keys = pki.of(bench)
    server = net.Server(bench, lambda c: c.recv(10), address="127.0.0.68")
    tls = TlsServer(bench, keys.leaf("server"), address="127.0.0.68")
    script = bench.script(f"""
        local ids = {{}}
        for i = 1, 3 do
          local kind = i == 2 and 2 or 0
          local id = socketcore.sock_conn(kind, "127.0.0.68", kind == 2 and {tls.port} or {server.port})
          if i < 3 then
            socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1)
            socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPIDLE, 1)
            socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPINTVL, 1)
            socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPCNT, 2)
          end
          kit.wait("CONN_CNF", id)
          ids[i] = id
        end
        kit.pause("connected")
        local start = kit.seconds()
        kit.wait("CLOSE_IND", ids[1])
        kit.wait("CLOSE_IND", ids[2])
        kit.say("dead", {{seconds = kit.seconds() - start}})
        kit.watch(500)
        for i = 1, 2 do kit.close(ids[i]) end
    """, stdin="pipe")
    script.wait_note("connected")
    hole(bench, "127.0.0.68", chain="OUTPUT")
    bench.own(namespace.Filter("OUTPUT", "-p", "tcp", "-s", "127.0.0.68", "-j", "DROP"))
    script.go()
    script.finish()
    endings = script.messages("CLOSE_IND")
    bench.equal(sorted(m["socket_index"] for m in endings), [0, 1], "who heard of it (the third has no keepalive)")
    for message in endings:
        bench.equal((message["result"], message["error"]), (1, ETIMEOUT), str(message))
        bench.true("127.0.0.68" in message["reason"] and "timed out" in message["reason"], message["reason"])
    bench.within(script.said("dead")["seconds"], 1.5, 8, "seconds")


@hole_case(limit=40)
def close_towards_a_peer_that_vanished(bench):
    """What was accepted is not acknowledged: after the linger limit of 5 s, CLOSE_CNF says ERR_ETIMEOUT."""
    server = net.Server(bench, net.receive_all, address="127.0.0.68")
    script = bench.script(f"""
        local busy = kit.connect(0, "127.0.0.68", {server.port})
        local idle = kit.connect(0, "127.0.0.68", {server.port})
        kit.pause("connected")
        kit.send(busy, "never acknowledged")
        local start = kit.seconds()
        local function close(id, name)
          socketcore.sock_close(id)
          kit.say("second close", {{result = socketcore.sock_close(id)}})
          kit.wait("CLOSE_CNF", id)
          kit.say(name, {{seconds = kit.seconds() - start}})
        end
        close(idle, "idle")  -- nothing is left to deliver: the FIN's own acknowledgement is not waited for
        close(busy, "busy")
        kit.watch(300)
    """, stdin="pipe")
    script.wait_note("connected")
    hole(bench, "127.0.0.68", chain="OUTPUT")
    script.go()
    script.finish()
    bench.within(script.said("idle")["seconds"], 0, 0.5, "idle")
    bench.within(script.said("busy")["seconds"], 4.5, 6.5, "busy")
    idle, busy = script.messages("CLOSE_CNF")
    bench.equal((idle["result"], busy["result"], busy["error"]), (0, 1, ETIMEOUT), str(busy))
    bench.equal([n["result"] for n in script.notes("second close")], [0, 0], "a second sock_close")


@hole_case(limit=40)
def a_hole_that_closes_again(bench):
    """Two seconds of lost packets in a transfer both ways: every byte is there in the end."""
    content = net.pattern(3_000_000)
    path = bench.file("up.bin", content)
    server = net.Server(bench, net.echo, address="127.0.0.68")
    script = bench.script(f"""
        kit.quiet = true
        local data, at, got = kit.file({lua(path)}), 1, 0
        local sink = io.open({lua(bench.tmp / 'got')}, "wb")
        local id = kit.connect(0, "127.0.0.68", {server.port})
        local said = false
        while got < #data do
          while at <= #data do
            local room = math.min(socketcore.sock_getremainbuf(id), 65536, #data - at + 1)
            if room == 0 or (not said and at > 500000) or socketcore.sock_send(id, data:sub(at, at + room - 1)) ~= 1 then break end
            at = at + room
          end
          if at > 500000 and not said then kit.pause("half way") said = true end
          local message = kit.next()
          if message.kind == "RECV_IND" then
            local piece = socketcore.sock_recv(id, message.recv_len)
            sink:write(piece)
            got = got + #piece
          end
        end
        sink:close()
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("half way")
    rule = hole(bench, "127.0.0.68", chain="OUTPUT")
    script.go()
    bench.until(lambda: rule.packets() >= 3, "lost packets")
    rule.close()
    script.finish()
    bench.equal(net.file_digest(bench.tmp / "got"), net.digest(content), "what came back")


@hole_case()
def lossy_network(bench):
    """Every tenth packet is lost, both ways; TLS."""
    if not namespace.has("iptables", "-A", "FORWARD", "-m", "statistic", "--mode", "random", "--probability", "0.05", "-j", "DROP"):
        raise Skip("needs the statistic match of iptables")
    keys = pki.of(bench)
    content = net.pattern(300_000)
    path = bench.file("up.bin", content)
    server = net.Server(bench, lambda c: net.digest(net.receive_all(c)), address="127.0.0.68",
                        context=server_context(keys.leaf("lossy", ["IP:127.0.0.68"])))
    for way in ("-s", "-d"):
        bench.own(namespace.Filter("OUTPUT", "-p", "tcp", way, "127.0.0.68", "-m", "statistic", "--mode", "random",
                                   "--probability", "0.05", "-j", "DROP"))
    script = bench.play(f"""
        kit.quiet = true
        local id = {ssl_open('127.0.0.68', server.port, cert(keys.ca()), 0, call='connect')}
        kit.upload(id, kit.file({lua(path)}), 5000)
        kit.close(id)
    """)
    bench.equal(server.result(), net.digest(content), "what the peer got")
    bench.equal(script.message("CLOSE_CNF")["result"], 0, "CLOSE_CNF")


@hole_case()
def reset_by_a_packet_filter(bench):
    """A middlebox ends the connection: the next send meets a reset."""
    server = net.Server(bench, net.receive_all, address="127.0.0.68")
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.68", {server.port})
        kit.pause("connected")
        socketcore.sock_send(id, "x")
        kit.wait("CLOSE_IND", id)
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("connected")
    bench.own(namespace.Filter("OUTPUT", "-p", "tcp", "-d", "127.0.0.68", "-j", "REJECT", "--reject-with", "tcp-reset"))
    script.go()
    script.finish()
    ending = script.message("CLOSE_IND")
    bench.equal((ending["result"], ending["error"]), (1, ERST), str(ending))


@hole_case(limit=120)  # setting links up and down waits for the whole machine's other namespaces
def interface_goes_down(bench):
    """A neighbour that does not answer, and then no network at all."""
    namespace.run("ip", "link", "add", "dn0", "type", "veth", "peer", "name", "dn1")
    bench.defer(namespace.run, "ip", "link", "delete", "dn0")
    namespace.run("ip", "address", "add", "10.68.0.1/24", "dev", "dn0")
    for link in ("dn0", "dn1"):
        namespace.run("ip", "link", "set", link, "up")
    script = bench.script("""
        kit.open(0, "10.68.0.2", 80)  -- nobody answers its ARP
        kit.pause("connected")
        kit.open(0, "10.68.0.2", 80)
    """, stdin="pipe")
    script.wait_note("connected")
    namespace.run("ip", "link", "set", "dn0", "down")
    script.go()
    script.finish()
    for message in script.messages("CONN_CNF"):
        bench.equal((message["result"], message["error"]), (1, ERTE), str(message))
