"""Name servers: dnsmasq in the namespace, and a scripted one."""
import contextlib
import socket
import struct
import threading
import time

from . import namespace, net

A, AAAA, CNAME = 1, 28, 5
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def use_servers(*addresses, extra="", replace=False):
    """Writes the private resolv.conf."""
    namespace.write_etc("resolv.conf", "".join(f"nameserver {a}\n" for a in addresses) + extra, replace)


def use_hosts(text, replace=False):
    namespace.write_etc("hosts", "127.0.0.1 localhost\n::1 localhost\n" + text, replace)


class Dnsmasq:
    """dnsmasq on 127.0.0.53 (or another address of lo), with records as `address=name` options or a hosts text."""

    def __init__(self, bench, *options, hosts="", address="127.0.0.53"):
        words = ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-poll",
                 f"--listen-address={address}", "--bind-interfaces", "--log-queries", "--cache-size=0", "--no-round-robin", "--local=/#/", *options]
        if hosts:
            words.append("--addn-hosts=" + str(bench.file("dnsmasq.hosts", hosts)))
        self.process = bench.start(words)
        self.process.wait_for(r"started, version", stream="err")

    def asked(self, name, kind):
        """How often it was asked for `name`, kind "A" or "AAAA"."""
        return self.process.errors().count(f"query[{kind}] {name} ")


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def question_of(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    kind = struct.unpack(">H", packet[at + 1 : at + 3])[0]
    return ".".join(labels).lower(), kind, packet[12 : at + 5]


def answer(packet, records=(), code=NOERROR, truncated=False):
    """`records`: (kind, text) pairs, or (kind, text, owner)."""
    name, _, question = question_of(packet)
    body = b""
    for kind, text, *owner in records:
        if kind == A:
            data = socket.inet_pton(socket.AF_INET, text)
        elif kind == AAAA:
            data = socket.inet_pton(socket.AF_INET6, text)
        else:
            data = encode_name(text)
        body += encode_name(owner[0] if owner else name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    return packet[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + body


class ScriptedServer:
    """
    Answers each question with what `rule(name, kind, packet, over_tcp)` returns: bytes, a list of bytes, or None for
    silence. (seconds, bytes) answers late.
    """

    def __init__(self, bench, rule, address="127.0.0.54"):
        self.rule = rule
        self.asked = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        self.tcp = net.listener(address, 53)
        bench.own(self)
        self.thread = threading.Thread(target=self.serve_udp, daemon=True)
        self.thread.start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def serve_udp(self):
        while True:
            try:
                packet, sender = self.udp.recvfrom(4096)
            except OSError:
                return
            if not packet:
                return  # shut down
            name, kind, _ = question_of(packet)
            self.asked.append((name, kind, time.monotonic()))
            result = self.rule(name, kind, packet, False)
            delay = 0
            if isinstance(result, tuple):
                delay, result = result
            if result is None:
                continue
            for one in result if isinstance(result, list) else [result]:
                if delay:
                    threading.Timer(delay, self.send, (one, sender)).start()
                else:
                    self.send(one, sender)

    def send(self, data, sender):
        with contextlib.suppress(OSError):
            self.udp.sendto(data, sender)

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_stream, args=(connection,), daemon=True).start()

    def serve_stream(self, connection):
        with connection, contextlib.suppress(OSError, struct.error, IndexError):
            connection.settimeout(10)
            while True:
                size = struct.unpack(">H", net.receive_exactly(connection, 2))[0]
                packet = net.receive_exactly(connection, size)
                name, kind, _ = question_of(packet)
                self.asked.append((name, kind, time.monotonic()))
                result = self.rule(name, kind, packet, True)
                if result is not None:
                    connection.sendall(struct.pack(">H", len(result)) + result)

    def count(self, name, kind):
        return sum(1 for n, k, _ in self.asked if (n, k) == (name, kind))

    def close(self):
        # A thread inside recvfrom would keep the port.
        with contextlib.suppress(OSError):
            self.udp.shutdown(socket.SHUT_RDWR)
        self.thread.join(2)
        self.udp.close()
        with contextlib.suppress(OSError):
            self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()
