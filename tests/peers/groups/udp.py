"""UDP: one datagram at a time, ICMP errors, broadcast and multicast."""
import socket
import struct

from harness import namespace, net
from harness.case import case

ERST, EARG, ENOBUFS = 14, 16, 2


class Datagrams:
    """A UDP socket of the test's."""

    def __init__(self, bench, address="127.0.0.1", port=0):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.port = self.socket.getsockname()[1]
        self.bench = bench
        bench.own(self.socket)

    def receive(self):
        self.socket.settimeout(max(0.1, self.bench.left()))
        return self.socket.recvfrom(70000)


@case()
def a_datagram_at_a_time(bench):
    """What does not fit in `len` is dropped; 0 takes only an empty datagram; only the peer's datagrams come."""
    peer, stranger = Datagrams(bench), Datagrams(bench)
    script = bench.script(f"""
        local id = kit.connect(1, "127.0.0.1", {peer.port})
        kit.send(id, "hello")
        local got = {{}}
        local function take(length)
          kit.wait("RECV_IND", id)
          got[#got + 1] = socketcore.sock_recv(id, length)
        end
        take(3) take(100) take(100) take(0)
        kit.wait("RECV_IND", id)
        got[#got + 1] = socketcore.sock_recv(id, 0)    -- not empty: stays
        got[#got + 1] = socketcore.sock_recv(id, 100)
        got[#got + 1] = socketcore.sock_recv(id, 100)  -- nothing there
        kit.say("got", {{list = got}})
        kit.send(id, "")
        kit.close(id)
    """)
    data, client = peer.receive()
    bench.equal(data, b"hello", "the first datagram")
    stranger.socket.sendto(b"from a stranger", client)
    for data in (b"abcdef", b"second", b"third", b"", b"fifth"):
        peer.socket.sendto(data, client)
    script.finish()
    bench.equal(script.said("got")["list"], ["abc", "second", "third", "", "", "fifth", ""], "sock_recv")
    bench.equal([m["recv_len"] for m in script.messages("RECV_IND")], [6, 6, 5, 0, 5], "recv_len")
    bench.equal(peer.receive()[0], b"", "the empty datagram")


@case()
def sizes(bench):
    peer = Datagrams(bench)
    script = bench.play(f"""
        local id = kit.connect(1, "127.0.0.1", {peer.port})
        for _, size in ipairs {{0, 1, 65507, 65508, 100000}} do
          local confirmed, ok, code = kit.send(id, ("d"):rep(size))
          kit.say("send", {{size = size, ok = ok, code = code, result = confirmed.result, sent = confirmed.send_len}})
        end
        kit.close(id)
    """)
    found = [(n["size"], n["ok"], n["code"], n["result"], n["sent"]) for n in script.notes("send")]
    bench.equal(found, [(0, 1, 0, 0, 0), (1, 1, 0, 0, 1), (65507, 1, 0, 0, 65507), (65508, 0, EARG, 1, 0),
                        (100000, 0, EARG, 1, 0)], "sends")
    bench.equal([len(peer.receive()[0]) for _ in range(3)], [0, 1, 65507], "what the peer got")


@case()
def unreachable_port_fails_one_send(bench):
    """ICMP says that nobody listens: at most the next send fails, with ERR_ERST; the socket lives on."""
    port = net.free_port(socket.SOCK_DGRAM)
    script = bench.script(f"""
        local id = kit.connect(1, "127.0.0.1", {port})
        kit.send(id, "nobody hears this")
        rtos.sleep(100)
        kit.watch(100)
        kit.send(id, "this may fail")
        rtos.sleep(100)
        kit.pause("ready")
        kit.send(id, "this may fail too")
        kit.send(id, "this must arrive")
        kit.say("data", {{text = kit.read(id, 6)}})
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("ready")
    peer = Datagrams(bench, port=port)
    script.go()
    client = None
    while True:
        data, client = peer.receive()
        if data == b"this must arrive":
            break
    peer.socket.sendto(b"answer", client)
    script.finish()
    confirmed = script.messages("SEND_CNF")
    bench.equal(len(confirmed), 4, "SEND_CNF")
    bench.equal((confirmed[0]["result"], confirmed[3]["result"]), (0, 0), "the first and the last")
    bench.equal({m.get("error", 0) for m in confirmed} - {0, ERST}, set(), "errors")
    bench.equal(confirmed[1]["error"], ERST, "the send after the ICMP message")
    bench.equal(script.messages("CLOSE_IND"), [], "CLOSE_IND")
    bench.equal(script.said("data")["text"], "answer", "the answer")


@case()
def datagrams_before_the_icmp_are_not_lost(bench):
    """The peer answers three times and goes; the error of a later send must not swallow the answers or the next datagram."""
    peer = Datagrams(bench)
    script = bench.script(f"""
        local id = kit.connect(1, "127.0.0.1", {peer.port})
        kit.send(id, "hello")
        kit.pause("sent")
        kit.send(id, "to a dead port")
        rtos.sleep(200)
        local got = {{}}
        for i = 1, 3 do
          kit.wait("RECV_IND", id)
          got[i] = socketcore.sock_recv(id, 100)
        end
        kit.say("got", {{list = got}})
        kit.pause("again")
        local confirmed = kit.send(id, "are you back?")
        kit.say("data", {{text = kit.read(id, 3)}})
        kit.close(id)
    """, stdin="pipe")
    _, client = peer.receive()
    script.wait_note("sent")
    for text in (b"one", b"two", b"three"):
        peer.socket.sendto(text, client)
    peer.socket.close()
    script.go()
    bench.equal(script.wait_note("got")["list"], ["one", "two", "three"], "answers")
    back = Datagrams(bench, port=peer.port)
    script.wait_note("again")
    script.go()
    data, client = back.receive()
    bench.equal(data, b"are you back?", "the send that reports the earlier error goes out itself")
    back.socket.sendto(b"yes", client)
    script.finish()
    bench.equal(script.said("data")["text"], "yes", "data")


@case()
def flood_of_datagrams(bench):
    """More than is read: some are dropped by the kernel, none is torn or doubled, memory does not grow."""
    peer = Datagrams(bench)
    script = bench.script(f"""
        kit.quiet = true
        local id = kit.connect(1, "127.0.0.1", {peer.port}, nil, 65536)
        socketcore.sock_send(id, "start")
        kit.pause("ready")
        local last, count, wrong = 0, 0, 0
        while true do
          local message = kit.wait("RECV_IND", id, 500)
          if message == nil then break end
          local data = socketcore.sock_recv(id, message.recv_len)
          local number, rest = data:match("^(%d+):(x*)$")
          number = tonumber(number)
          if number == nil or number <= last or #rest ~= 500 then wrong = wrong + 1 end
          last, count = number or last, count + 1
        end
        kit.say("end", {{count = count, wrong = wrong}})
        kit.close(id)
    """, stdin="pipe")
    _, client = peer.receive()
    script.wait_note("ready")
    for i in range(1, 5001):
        peer.socket.sendto(b"%d:" % i + b"x" * 500, client)
    script.go()
    script.finish()
    note = script.said("end")
    bench.equal(note["wrong"], 0, str(note))
    bench.within(note["count"], 10, 4999, "datagrams that the buffer of 64 KiB kept")


@case()
def local_port_of_udp(bench):
    peer = Datagrams(bench)
    wanted = net.free_port(socket.SOCK_DGRAM)
    script = bench.play(f"""
        local id = kit.connect(1, "127.0.0.1", {peer.port}, nil, nil, nil, {wanted})
        kit.send(id, "x")
        local other, confirmed = kit.open(1, "127.0.0.1", {peer.port}, nil, nil, nil, {wanted})
        kit.close(id)
        kit.close(other)
    """)
    bench.equal(peer.receive()[1], ("127.0.0.1", wanted), "the sender")
    first, second = script.messages("CONN_CNF")
    bench.equal((first["result"], second["result"], second["error"]), (0, 1, 8), "CONN_CNF")


@case(needs_namespace=True, tools=["ip"], limit=120)
def broadcast(bench):
    """255.255.255.255 and the subnet's own; answers of any host come through."""
    namespace.run("ip", "link", "add", "bc0", "type", "veth", "peer", "name", "bc1")
    bench.defer(namespace.run, "ip", "link", "delete", "bc0")
    namespace.run("ip", "address", "add", "10.77.0.1/24", "brd", "+", "dev", "bc0")
    for link in ("bc0", "bc1"):
        namespace.run("ip", "link", "set", link, "up")
    namespace.run("ip", "route", "add", "255.255.255.255/32", "dev", "bc0")
    # Broadcasts come back to the sockets of their own host.
    peer = Datagrams(bench, "0.0.0.0")
    for address in ("255.255.255.255", "10.77.0.255"):
        script = bench.script(f"""
            local id = kit.connect(1, "{address}", {peer.port})
            kit.send(id, "who is there?")
            kit.say("data", {{text = kit.read(id, 10)}})
            kit.say("data", {{text = kit.read(id, 10)}})
            kit.close(id)
        """)
        data, client = peer.receive()
        bench.equal((data, client[0]), (b"who is there?", "10.77.0.1"), address)
        peer.socket.sendto(b"I, host 1!", client)
        Datagrams(bench, "127.0.0.1").socket.sendto(b"I, host 2!", ("10.77.0.1", client[1]))
        script.finish()
        bench.equal({n["text"] for n in script.notes("data")}, {"I, host 1!", "I, host 2!"}, address)
        bench.equal(script.message("SEND_CNF")["result"], 0, address)


@case(needs_namespace=True, tools=["ip"], limit=120)
def multicast(bench):
    """IPv4 and IPv6. The script joins no group: it hears the answers, not the group."""
    namespace.run("ip", "link", "add", "mc0", "type", "veth", "peer", "name", "mc1")
    bench.defer(namespace.run, "ip", "link", "delete", "mc0")
    namespace.run("ip", "address", "add", "10.78.0.1/24", "dev", "mc0")
    for link in ("mc0", "mc1"):
        namespace.run("ip", "link", "set", link, "up")
    namespace.run("ip", "route", "add", "239.0.0.0/8", "dev", "mc0")
    namespace.run("ip", "-6", "address", "add", "fd78::1/64", "dev", "mc0", "nodad")
    index = socket.if_nametoindex("mc0")

    peer = Datagrams(bench, "0.0.0.0")
    group = socket.inet_aton("239.1.2.3") + struct.pack("=4si", socket.inet_aton("0.0.0.0"), index)
    peer.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    peer6 = Datagrams(bench, "::")
    peer6.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, "ff02::7878")
                            + struct.pack("=i", index))
    for address, listener in (("239.1.2.3", peer), ("ff02::7878%mc0", peer6)):
        script = bench.script(f"""
            local id = kit.connect(1, "{address}", {listener.port})
            kit.send(id, "discover")
            kit.say("data", {{text = kit.read(id, 6)}})
            kit.close(id)
        """)
        data, client = listener.receive()
        bench.equal(data, b"discover", address)
        listener.socket.sendto(b"answer", client)
        script.finish()
        bench.equal(script.said("data")["text"], "answer", address)


@case(needs_namespace=True, tools=["iptables"])
def unreachable_host_by_icmp(bench):
    """A router's 'host unreachable' has the same effect as a port's."""
    peer = Datagrams(bench)
    namespace.run("ip", "address", "replace", "10.79.0.1/32", "dev", "lo")
    rule = namespace.Filter("OUTPUT", "-p", "udp", "-d", "10.79.0.1", "-j", "REJECT", "--reject-with", "icmp-host-unreachable")
    script = bench.script(f"""
        local id = kit.connect(1, "10.79.0.1", {peer.port})
        kit.send(id, "first")
        rtos.sleep(100)
        kit.send(id, "second")
        kit.pause("ready")
        kit.send(id, "third")
        kit.send(id, "fourth")
        kit.close(id)
    """, stdin="pipe")
    script.wait_note("ready")
    rule.close()
    listener = Datagrams(bench, "10.79.0.1", peer.port)
    script.go()
    got = [listener.receive()[0]]
    while got[-1] != b"fourth":
        got.append(listener.receive()[0])
    script.finish()
    bench.true(got[-2:] == [b"third", b"fourth"] or got == [b"fourth"], f"what arrived: {got}")
    bench.equal(script.messages("CLOSE_IND"), [], "CLOSE_IND")
    bench.equal(script.messages("SEND_CNF")[-1]["result"], 0, "the last SEND_CNF")
