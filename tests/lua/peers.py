"""The other end of the specs: servers on free ports of 127.0.0.1 that do what the spec tells them to.

A connection to the TCP peer is a list of commands, a line each, so that a spec decides what happens when and nobody has
to sleep:

    send N          send N bytes of the pattern that the specs know
    text STRING     send STRING
    echo            send back everything from here on; at the end of input close
    half            end the sending side, go on reading commands
    close           close in order, once the line has been read
    reset           reset the connection
    sink TAG        read to the end; "wait TAG" tells how much it was
    stall TAG       like sink, but read nothing before somebody says "release TAG"
    release TAG
    wait TAG        answer "BYTES SHA1 HOW\\n" (HOW: end or reset) once TAG is over
    drip N          send N bytes of the pattern, each in a segment of its own
"""

import hashlib
import socket
import struct
import threading

PATTERN = bytes(range(256)) * 256


def pattern(count):
    return (PATTERN * (count // len(PATTERN) + 1))[:count]


class Tags:
    """What connections tell each other."""

    def __init__(self):
        self.changed = threading.Condition()
        self.released = set()
        self.results = {}

    def release(self, tag):
        with self.changed:
            self.released.add(tag)
            self.changed.notify_all()

    def wait_release(self, tag):
        with self.changed:
            self.changed.wait_for(lambda: tag in self.released)

    def report(self, tag, result):
        with self.changed:
            self.results[tag] = result
            self.changed.notify_all()

    def wait_result(self, tag):
        with self.changed:
            self.changed.wait_for(lambda: tag in self.results)
            return self.results[tag]


class Connection:
    def __init__(self, sock, tags):
        self.sock = sock
        self.tags = tags
        self.unread = b""

    def line(self):
        while b"\n" not in self.unread:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.unread += data
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode()

    def rest(self):
        yield self.unread
        while True:
            data = self.sock.recv(65536)
            if not data:
                return
            yield data

    def sink(self, tag):
        digest, count, how = hashlib.sha1(), 0, "end"
        try:
            for data in self.rest():
                digest.update(data)
                count += len(data)
        except OSError:
            how = "reset"
        self.tags.report(tag, f"{count} {digest.hexdigest()} {how}\n")

    def serve(self):
        while (line := self.line()) is not None:
            command, _, argument = line.partition(" ")
            if command == "send":
                self.sock.sendall(pattern(int(argument)))
            elif command == "text":
                self.sock.sendall(argument.encode())
            elif command == "echo":
                for data in self.rest():
                    self.sock.sendall(data)
                return
            elif command == "half":
                self.sock.shutdown(socket.SHUT_WR)
            elif command == "close":
                return
            elif command == "reset":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            elif command == "sink":
                return self.sink(argument)
            elif command == "stall":
                self.tags.wait_release(argument)
                return self.sink(argument)
            elif command == "release":
                self.tags.release(argument)
            elif command == "wait":
                self.sock.sendall(self.tags.wait_result(argument).encode())
            elif command == "drip":
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for i in range(int(argument)):
                    self.sock.sendall(pattern(int(argument))[i:i + 1])
            else:
                raise ValueError(f"unknown command {line!r}")

    def run(self):
        with self.sock:
            try:
                self.serve()
            except (OSError, UnicodeDecodeError):
                pass  # the spec closed, or reset, its end, or speaks TLS to a peer that speaks none


def background(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


def serve_tcp(listener):
    tags = Tags()
    while True:
        sock, _ = listener.accept()
        background(Connection(sock, tags).run)


def serve_udp(sock, stranger):
    """Sends a datagram back; 'empty' gets an empty one, 'twice:X' X twice, 'stranger' an answer from another port first."""
    while True:
        data, sender = sock.recvfrom(65536)
        if data == b"empty":
            sock.sendto(b"", sender)
        elif data.startswith(b"twice:"):
            sock.sendto(data[6:], sender)
            sock.sendto(data[6:], sender)
        elif data == b"stranger":
            stranger.sendto(b"from a stranger", sender)
            sock.sendto(b"from the peer", sender)
        else:
            sock.sendto(data, sender)


class Peers:
    """Starts them; `environment` is how the specs find them."""

    def __init__(self):
        self.kept = []
        tcp = self.bound(socket.SOCK_STREAM)
        # Small, so that "stall" makes the other end wait soon. Connections take it from their listener.
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        tcp.listen(512)
        background(serve_tcp, tcp)
        udp = self.bound(socket.SOCK_DGRAM)
        background(serve_udp, udp, self.bound(socket.SOCK_DGRAM))
        refusing = self.bound(socket.SOCK_STREAM)  # bound, so that nobody gets the port, and deaf
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            unreachable = gone.getsockname()[1]
        self.environment = {
            "SC_PEER_TCP": str(tcp.getsockname()[1]),
            "SC_PEER_UDP": str(udp.getsockname()[1]),
            "SC_PEER_REFUSED": str(refusing.getsockname()[1]),
            "SC_PEER_UNREACHABLE": str(unreachable),
            "SC_PEER_FULL": str(self.full_listener()),
        }

    def bound(self, kind):
        sock = socket.socket(socket.AF_INET, kind)
        sock.bind(("127.0.0.1", 0))
        self.kept.append(sock)
        return sock

    def full_listener(self):
        """A port whose queue is full: the kernel drops what knocks, so a connect stays under way."""
        listener = self.bound(socket.SOCK_STREAM)
        listener.listen(0)
        for _ in range(4):
            knock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            knock.setblocking(False)
            knock.connect_ex(listener.getsockname())
            self.kept.append(knock)
        return listener.getsockname()[1]
