"""Names: dnsmasq and a scripted server in a namespace with its own resolv.conf and hosts file."""
import socket

from harness import namespace, net, pki
from harness.case import Skip, case
from harness.dns import (A, AAAA, CNAME, NXDOMAIN, REFUSED, SERVFAIL, Dnsmasq, ScriptedServer, answer, use_hosts, use_servers)
from harness.script import lua
from harness.tls import TlsServer, cert, ssl_open

ETIMEOUT, ERTE, ERST = 3, 4, 14

dns_case = lambda **settings: case(needs_namespace=True, **settings)  # noqa: E731


class Greeter:
    """Servers that say who they are, on one port of several addresses."""

    def __init__(self, bench, *addresses):
        self.seen = []
        first = net.Server(bench, self.handler(addresses[0]), address=addresses[0])
        self.port = first.port
        for address in addresses[1:]:
            net.Server(bench, self.handler(address), address=address, port=self.port)

    def handler(self, address):
        def serve(connection):
            self.seen.append(address)
            connection.sendall(f"I am {address}\n".encode())
            net.receive_all(connection)
        return serve


def ask(bench, name, port, **settings):
    """Connects by name; returns the CONN_CNF with `greeting` and `seconds` added."""
    script = bench.play(f"""
        local start = kit.seconds()
        local id, confirmed = kit.open(0, {lua(name)}, {port})
        local seconds, text = kit.seconds() - start, ""
        if confirmed.result == 0 then
          while not text:find("\\n") do text = text .. kit.read(id, 1) end
        end
        kit.say("outcome", {{seconds = seconds, text = text}})
        kit.close(id)
    """, **settings)
    message = dict(script.message("CONN_CNF"))
    message["greeting"] = script.said("outcome")["text"].strip()
    message["seconds"] = script.said("outcome")["seconds"]
    return message


@dns_case(tools=["dnsmasq"])
def one_family_or_both(bench):
    use_hosts("")
    use_servers("127.0.0.53")
    server = Dnsmasq(bench, "--host-record=four.test,127.0.0.1", "--host-record=six.test,::1",
                     "--host-record=both.test,127.0.0.1,::1")
    greeter = Greeter(bench, "127.0.0.1", "::1")
    for name, greeting in (("four.test", "127.0.0.1"), ("six.test", "::1"), ("both.test", "127.0.0.1"),
                           ("FOUR.test", "127.0.0.1"), ("four.test.", "127.0.0.1")):
        for flavour in ("runner", "lua5.1"):
            message = ask(bench, name, greeter.port, flavour=flavour)
            bench.equal((message["result"], message["greeting"]), (0, "I am " + greeting), f"{name}: {message}")
            bench.within(message["seconds"], 0, 3, f"{name}: {message}")
    # A and AAAA were asked for separately.
    bench.true(server.asked("both.test", "A") >= 1 and server.asked("both.test", "AAAA") >= 1, "questions")


@dns_case(tools=["dnsmasq"])
def fallback_to_the_other_family(bench):
    """Nobody listens on the IPv4 address."""
    use_hosts("")
    use_servers("127.0.0.53")
    Dnsmasq(bench, "--host-record=both.test,127.0.0.9,::1")
    greeter = Greeter(bench, "::1")
    message = ask(bench, "both.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am ::1"), str(message))


@dns_case(tools=["dnsmasq", "iptables"])
def several_addresses(bench):
    """The first refuse; all refuse."""
    use_hosts("")
    use_servers("127.0.0.53")
    Dnsmasq(bench, hosts="".join(f"127.0.0.{i} many.test\n" for i in (11, 12, 13, 14)) + "127.0.0.11 bad.test\n127.0.0.12 bad.test\n")
    greeter = Greeter(bench, "127.0.0.14")
    message = ask(bench, "many.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.14"), str(message))
    message = ask(bench, "bad.test", greeter.port)
    bench.equal((message["result"], message["error"]), (1, ERST), str(message))
    bench.true("bad.test" in message["reason"] and "refused" in message["reason"], message["reason"])


@dns_case(tools=["dnsmasq"])
def names_that_do_not_exist(bench):
    use_hosts("")
    use_servers("127.0.0.53")
    Dnsmasq(bench, "--host-record=four.test,127.0.0.1")
    for name in ("missing.test", "a..b", ".", "-", "x" * 64 + ".test", "x." * 126 + "x", "under_score.test", "a b", "ü.test",
                 "127.0.0.1.", "300.1.1.1", "1.2.3", "::zz", "[::1]", "%lo", "*"):
        message = ask(bench, name, 9)
        bench.equal(message["result"], 1, f"{name[:20]}: {message}")
        bench.true(message["error"] in (ERTE, ERST), f"{name[:20]}: {message}")
        bench.within(message["seconds"], 0, 5, f"{name[:20]}: {message}")
        if name == "missing.test":
            bench.equal(message["error"], ERTE, str(message))
            bench.true("missing.test" in message["reason"], message["reason"])


@dns_case()
def answers_that_are_none(bench):
    """SERVFAIL, REFUSED, no data, garbage: ERR_ERTE with words, at once or after some tries."""
    use_hosts("")
    use_servers("127.0.0.54", extra="options timeout:1 attempts:1\n")

    def rule(name, kind, packet, _):
        if name == "servfail.test":
            return answer(packet, code=SERVFAIL)
        if name == "refused.test":
            return answer(packet, code=REFUSED)
        if name == "nodata.test":
            return answer(packet)
        if name == "nxdomain.test":
            return answer(packet, code=NXDOMAIN)
        if name == "odd.test":  # somebody else's address
            return answer(packet, [(A if kind == A else AAAA, "127.0.0.1" if kind == A else "::1", "other.test")])
        return packet[:2] + b"\x81\x80" + b"\xff" * 40

    ScriptedServer(bench, rule)
    for name in ("servfail.test", "refused.test", "nodata.test", "nxdomain.test", "odd.test", "garbage.test"):
        message = ask(bench, name, 9)
        # What cannot be read is waited out, as if it had not come.
        wanted = ETIMEOUT if name == "garbage.test" else ERTE
        bench.equal((message["result"], message["error"]), (1, wanted), f"{name}: {message}")
        bench.true(name in message["reason"], message["reason"])
        bench.within(message["seconds"], 0, 10, str(message))


@dns_case()
def one_family_is_never_answered(bench):
    """A lost AAAA answer costs nothing; a lost A answer a moment."""
    use_hosts("")
    use_servers("127.0.0.54")

    def rule(name, kind, packet, _):
        if name == "noaaaa.test" and kind == A:
            return answer(packet, [(A, "127.0.0.1")])
        if name == "noa.test" and kind == AAAA:
            return answer(packet, [(AAAA, "::1")])
        return None

    ScriptedServer(bench, rule)
    greeter = Greeter(bench, "127.0.0.1", "::1")
    message = ask(bench, "noaaaa.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.1"), str(message))
    bench.within(message["seconds"], 0, 1, str(message))
    message = ask(bench, "noa.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am ::1"), str(message))
    bench.within(message["seconds"], 0, 5, str(message))


@dns_case(tools=["iptables"])
def aaaa_is_dropped_by_a_packet_filter(bench):
    """The middlebox that the design speaks of: every query for AAAA vanishes."""
    if not namespace.has("iptables", "-A", "OUTPUT", "-p", "udp", "-m", "string", "--algo", "bm", "--string", "x", "-j", "ACCEPT"):
        raise Skip("needs the string match of iptables")
    namespace.run("iptables", "-F", "OUTPUT")
    use_hosts("")
    use_servers("127.0.0.53")
    Dnsmasq(bench, "--host-record=both.test,127.0.0.1,::1")
    rule = bench.own(namespace.Filter("OUTPUT", "-p", "udp", "--dport", "53", "-m", "string", "--algo", "bm", "--hex-string",
                                      "|00001c0001|", "-j", "DROP"))
    greeter = Greeter(bench, "127.0.0.1")
    message = ask(bench, "both.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.1"), str(message))
    bench.within(message["seconds"], 0, 1, str(message))
    bench.true(rule.packets() >= 1, "the filter has seen the query")


@dns_case()
def late_answers(bench):
    use_hosts("")
    use_servers("127.0.0.54")
    ScriptedServer(bench, lambda name, kind, packet, _: (0.7, answer(packet, [(A, "127.0.0.1")] if kind == A else [])))
    greeter = Greeter(bench, "127.0.0.1")
    message = ask(bench, "late.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.1"), str(message))
    bench.within(message["seconds"], 0.6, 4, str(message))


@dns_case()
def second_server_where_the_first_is_dead(bench):
    use_hosts("")
    use_servers("127.0.0.55", "127.0.0.54", extra="options timeout:1\n")
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.55", 53))
    bench.own(silent)
    ScriptedServer(bench, lambda name, kind, packet, _: answer(packet, [(A, "127.0.0.1")] if kind == A else []))
    greeter = Greeter(bench, "127.0.0.1")
    message = ask(bench, "second.test", greeter.port)
    bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.1"), str(message))
    bench.within(message["seconds"], 0.5, 8, str(message))
    # Where nobody is at home the kernel says so, and the next one is asked at once.
    silent.close()
    message = ask(bench, "third.test", greeter.port)
    bench.within(message["seconds"], 0, 2.5, str(message))


@dns_case()
def aliases_truncation_and_strangers(bench):
    """A CNAME; an answer that only fits over TCP; forged answers with a wrong number before the true one."""
    use_hosts("")
    use_servers("127.0.0.54")

    def rule(name, kind, packet, over_tcp):
        if name == "alias.test":
            records = [(CNAME, "real.test")] + ([(A, "127.0.0.1", "real.test")] if kind == A else [])
            return answer(packet, records)
        if name == "big.test":
            if not over_tcp:
                return answer(packet, truncated=True)
            return answer(packet, [(A, f"127.0.1.{i}") for i in range(1, 100)] + [(A, "127.0.0.1")] if kind == A else [])
        if name == "forged.test":
            forged = bytes([packet[0] ^ 1]) + packet[1:]
            return [answer(forged, [(A, "127.0.0.66")]), answer(packet, [(A, "127.0.0.1")] if kind == A else [])]
        return answer(packet, code=NXDOMAIN)

    server = ScriptedServer(bench, rule)
    greeter = Greeter(bench, "127.0.0.1")
    for name in ("alias.test", "big.test", "forged.test"):
        message = ask(bench, name, greeter.port)
        bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.1"), f"{name}: {message}")
    bench.true(server.count("big.test", A) >= 2, "asked again over TCP")


@dns_case()
def search_domains(bench):
    use_hosts("")
    use_servers("127.0.0.54", extra="search one.test two.test\noptions ndots:1\n")

    def rule(name, kind, packet, _):
        known = name in ("short.two.test", "dotted.name")
        return answer(packet, [(A, "127.0.0.1")] if kind == A and known else [], NXDOMAIN if not known else 0)

    ScriptedServer(bench, rule)
    greeter = Greeter(bench, "127.0.0.1")
    for name in ("short", "dotted.name"):
        message = ask(bench, name, greeter.port)
        bench.equal((message["result"], message["greeting"]), (0, "I am 127.0.0.1"), f"{name}: {message}")


@dns_case()
def hosts_file(bench):
    """It needs no server; a name may have several addresses there; it changes while the script runs."""
    use_servers("127.0.0.55")
    use_hosts("127.0.0.2 local.test alias.test\n::1 six.test\n127.0.0.8 two.test\n127.0.0.2 two.test\n")
    greeter = Greeter(bench, "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1")
    for name, greeting in (("local.test", "127.0.0.2"), ("alias.test", "127.0.0.2"), ("LOCAL.test", "127.0.0.2"),
                           ("six.test", "::1"), ("two.test", "127.0.0.2"), ("localhost", "127.0.0.1")):
        message = ask(bench, name, greeter.port)
        bench.equal((message["result"], message["greeting"]), (0, "I am " + greeting), f"{name}: {message}")
        bench.within(message["seconds"], 0, 3, f"{name}: {message}")

    for replace in (False, True):
        use_hosts("127.0.0.2 moving.test\n")
        script = bench.script(f"""
            for i = 1, 2 do
              local id = kit.connect(0, "moving.test", {greeter.port})
              kit.say("greeting", {{text = kit.read(id, 14)}})
              kit.close(id)
              kit.pause("pause")
            end
        """, stdin="pipe")
        script.wait_note("pause")
        use_hosts("127.0.0.3 moving.test\n", replace)
        script.go()
        script.wait_note("pause")
        script.go()
        script.finish()
        bench.equal([n["text"] for n in script.notes("greeting")], ["I am 127.0.0.2", "I am 127.0.0.3"], f"replace {replace}")


@dns_case()
def resolv_conf_is_replaced(bench):
    """While the script runs: rewritten in place, and replaced by a new file. Also where there was none before."""
    use_hosts("")
    ScriptedServer(bench, lambda n, kind, p, _: answer(p, [(A, "127.0.0.1")] if kind == A else []), "127.0.0.54")
    ScriptedServer(bench, lambda n, kind, p, _: answer(p, [(A, "127.0.0.2")] if kind == A else []), "127.0.0.56")
    greeter = Greeter(bench, "127.0.0.1", "127.0.0.2")
    for replace in (False, True):
        use_servers("127.0.0.54")
        script = bench.script(f"""
            for i = 1, 2 do
              local id = kit.connect(0, "moving.test", {greeter.port})
              kit.say("greeting", {{text = kit.read(id, 14)}})
              kit.close(id)
              kit.pause("pause")
            end
        """, stdin="pipe")
        script.wait_note("pause")
        use_servers("127.0.0.56", extra="# another network now\n", replace=replace)
        script.go()
        script.wait_note("pause")
        script.go()
        script.finish()
        bench.equal([n["text"] for n in script.notes("greeting")], ["I am 127.0.0.1", "I am 127.0.0.2"], f"replace {replace}")
    (namespace.private_etc() / "resolv.conf").unlink()
    script = bench.script(f"""
        kit.open(0, "early.test", {greeter.port})
        kit.pause("pause")
        kit.open(0, "late.test", {greeter.port})
    """, stdin="pipe")
    script.wait_note("pause")
    use_servers("127.0.0.54")
    script.go()
    script.finish()
    bench.equal([m["result"] for m in script.messages("CONN_CNF")], [1, 0], "without a file, and with one")


@dns_case(tools=["dnsmasq"], limit=60)
def many_names_at_once(bench):
    """Three hundred; a timer of 20 ms runs on meanwhile; each connects to where its own name points."""
    use_hosts("")
    use_servers("127.0.0.53")
    hosts = "".join(f"127.0.{1 + i // 200}.{1 + i % 200} host{i}.test\n" for i in range(300))
    Dnsmasq(bench, hosts=hosts)
    listening = net.Server(bench, lambda c: c.sendall(c.getsockname()[0].encode() + b"\n"), address="0.0.0.0", backlog=1000)
    script = bench.play(f"""
        kit.quiet = true
        local wanted, ticks, open, good = {{}}, 0, 0, 0
        local start = kit.seconds()
        for i = 0, 299 do
          local id = socketcore.sock_conn(0, "host" .. i .. ".test", {listening.port})
          wanted[id] = "127.0." .. (1 + math.floor(i / 200)) .. "." .. (1 + i % 200) .. "\\n"
          open = open + 1
        end
        rtos.timer_start(7, 20)
        local data = {{}}
        while open > 0 do
          local message = kit.next()
          if message == 7 then
            ticks = ticks + 1
            rtos.timer_start(7, 20)
          elseif message.kind == "CONN_CNF" then
            if message.result ~= 0 then error(message.reason) end
          elseif message.kind == "RECV_IND" then
            local id = message.socket_index
            data[id] = (data[id] or "") .. socketcore.sock_recv(id, message.recv_len)
          elseif message.kind == "CLOSE_IND" then
            if data[message.socket_index] == wanted[message.socket_index] then good = good + 1 end
            open = open - 1
          end
        end
        kit.say("done", {{good = good, ticks = ticks, seconds = kit.seconds() - start}})
    """)
    done = script.said("done")
    bench.equal(done["good"], 300, "names that led to their address")
    bench.true(done["ticks"] >= min(2, done["seconds"] / 0.1), f"timers meanwhile: {done}")


@dns_case()
def timers_while_nobody_answers(bench):
    """Nothing blocks: 1 s of unanswered questions, with a timer of 10 ms; then all is closed, without CONN_CNF."""
    use_hosts("")
    use_servers("127.0.0.54")
    ScriptedServer(bench, lambda *_: None)
    script = bench.play("""
        local ids = {}
        for i = 1, 20 do ids[i] = socketcore.sock_conn(i % 3, "never" .. i .. ".test", 80) end
        kit.quiet = true
        local last, longest, count = kit.seconds(), 0, 0
        rtos.timer_start(1, 10)
        local stop = last + 1
        while kit.seconds() < stop do
          kit.next(1000)
          local now = kit.seconds()
          longest, last, count = math.max(longest, now - last), now, count + 1
          rtos.timer_start(1, 10)
        end
        rtos.timer_stop(1)
        kit.say("timers", {longest = longest, count = count})
        local ok, code = socketcore.sock_send(ids[1], "x")
        kit.say("send", {ok = ok, code = code, room = socketcore.sock_getremainbuf(ids[1])})
        kit.wait("SEND_CNF", ids[1])
        for i = 1, 20 do kit.close(ids[i]) end
        kit.watch(200)
    """)
    bench.within(script.said("timers")["longest"], 0, 0.5, "the longest wait for a timer of 10 ms")
    bench.equal(script.said("send")["code"], 11, "sock_send")
    bench.equal(script.messages("CONN_CNF"), [], "CONN_CNF")
    bench.equal(len(script.messages("CLOSE_CNF")), 20, "CLOSE_CNF")
    bench.equal({m["result"] for m in script.messages("CLOSE_CNF")}, {0}, "CLOSE_CNF")


@dns_case()
def options_set_while_the_name_is_resolved(bench):
    """Kept, and applied to the descriptor when there is one: seen at its keepalive timer."""
    use_hosts("")
    use_servers("127.0.0.54")
    ScriptedServer(bench, lambda name, kind, packet, _: (0.3, answer(packet, [(A, "127.0.0.1")] if kind == A else [])))
    greeter = Greeter(bench, "127.0.0.1")
    script = bench.script(f"""
        local id = socketcore.sock_conn(0, "slow.test", {greeter.port})
        kit.say("set", {{results = {{
          socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1),
          socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPIDLE, 50),
          socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPCNT, -3),
          socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, 99, 1)}}}})
        kit.wait("CONN_CNF", id)
        kit.pause("connected")
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("connected")
    bench.equal(script.said("set")["results"], [0, 0, -1, -1], "sock_setopt")
    with open("/proc/net/tcp") as table:
        timers = [line.split()[5] for line in table if line.split()[2].endswith(f":{greeter.port:04X}")]
    bench.equal([t.split(":")[0] for t in timers], ["02"], "a keepalive timer runs")
    script.go()
    script.finish()


@dns_case()
def udp_and_tls_by_name(bench):
    use_hosts("")
    use_servers("127.0.0.54")
    ScriptedServer(bench, lambda name, kind, packet, _: answer(packet, [(A, "127.0.0.1")] if kind == A else []))
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("named", ["DNS:iot.example.test"]), "-rev")
    script = bench.play(f"""
        local id = {ssl_open('iot.example.test', server.port, cert(keys.ca()), 0, 1)}
        kit.close(id)
        local udp = kit.open(1, "iot.example.test", 9)
        kit.close(udp)
    """)
    bench.equal([m["result"] for m in script.messages("CONN_CNF")], [0, 0], "CONN_CNF")
    bench.equal(script.messages("CONN_CNF")[0]["verify"], "ok", "verify")
