"""Peers of Python: servers that do one odd thing, and proxies that do it to others."""
import array
import contextlib
import fcntl
import hashlib
import random
import select
import socket
import ssl
import struct
import termios
import threading


def bytes_waiting(file, request):
    count = array.array("i", [0])
    fcntl.ioctl(file.fileno(), request, count)
    return count[0]


def unread(file):
    """Bytes in a pipe or a socket that nobody has read."""
    return bytes_waiting(file, termios.FIONREAD)


def unsent(connection):
    """Bytes that were sent and that the peer's host has not acknowledged."""
    return bytes_waiting(connection, termios.TIOCOUTQ)


def free_port(kind=socket.SOCK_STREAM, address="127.0.0.1"):
    """For servers that cannot choose one themselves. In a namespace of our own nobody takes it meanwhile."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def listens(port):
    """Whether somebody in our network namespace listens on this TCP port."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            for line in lines.readlines()[1:]:
                words = line.split()
                if words[1].endswith(f":{port:04X}") and words[3] == "0A":
                    return True
    return False


def wait_listening(bench, port, process=None):
    def condition():
        if process is not None and not process.running():
            raise AssertionError(f"{process.name} ended before it listened")
        return listens(port)

    bench.until(condition, f"a listener on port {port}")


def listener(address="127.0.0.1", port=0, backlog=128, receive_buffer=None):
    listening = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if receive_buffer:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    listening.bind((address, port))
    listening.listen(backlog)
    return listening


def reset(connection):
    """Closes with a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def pattern(size, seed=1):
    """Bytes that are no repetition of each other."""
    return random.Random(seed).randbytes(size)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def file_digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def receive_exactly(connection, size):
    parts = []
    while size > 0:
        part = connection.recv(min(size, 1 << 16))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive_all(connection):
    parts = []
    while True:
        part = connection.recv(1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def exchange(connection, outgoing, size):
    """Sends all of `outgoing` and receives `size` bytes at once. In one thread: an SSL object of Python serves no two."""
    limit = connection.gettimeout()
    connection.setblocking(False)
    outgoing, parts = memoryview(outgoing), []
    busy = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
    while outgoing or size > 0:
        moved = False
        if outgoing:
            with contextlib.suppress(*busy):
                outgoing = outgoing[connection.send(outgoing[: 1 << 16]) :]
                moved = True
        if size > 0:
            with contextlib.suppress(*busy):
                part = connection.recv(min(size, 1 << 16))
                if not part:
                    raise EOFError(f"{size} bytes are missing")
                parts.append(part)
                size -= len(part)
                moved = True
        if not moved and not any(select.select([connection], [connection] if outgoing else [], [], limit)):
            raise TimeoutError(f"{len(outgoing)} bytes are unsent, {size} are missing")
    connection.settimeout(limit)
    return b"".join(parts)


class Server:
    """
    Accepts connections and gives each to `handler(connection)` in a thread. What a handler returns or raises is kept:
    `result()` waits for the outcome of the next connection.
    """

    def __init__(self, bench, handler, address="127.0.0.1", port=0, backlog=128, receive_buffer=None, context=None):
        self.bench = bench
        self.handler = handler
        self.context = context
        self.listening = listener(address, port, backlog, receive_buffer)
        self.port = self.listening.getsockname()[1]
        self.outcomes = []
        self.taken = 0
        self.connections = []
        self.handlers = []
        self.condition = threading.Condition()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        bench.own(self)

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            connection.settimeout(max(1.0, self.bench.left()))
            handler = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            self.handlers.append(handler)
            handler.start()

    def serve(self, connection):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False,
                                                      do_handshake_on_connect=False)
            self.connections.append(connection)
            if self.context is not None:
                connection.do_handshake()
            outcome = self.handler(connection)
        except Exception as error:  # noqa: BLE001: told to whoever asks for the result
            outcome = error
        finally:
            with contextlib.suppress(OSError):
                connection.close()
        with self.condition:
            self.outcomes.append(outcome)
            self.condition.notify_all()

    def result(self):
        with self.condition:
            if not self.condition.wait_for(lambda: len(self.outcomes) > self.taken, self.bench.left()):
                raise AssertionError("the server's handler did not end in time")
            self.taken += 1
            outcome = self.outcomes[self.taken - 1]
        if isinstance(outcome, Exception):
            raise AssertionError(f"the server's handler failed: {outcome!r}") from outcome
        return outcome

    def close(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(1)
        # A thread inside recv must be out of it before the number of its descriptor is given away again.
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.handlers:
            thread.join(1)


def echo(connection):
    while data := connection.recv(1 << 16):
        connection.sendall(data)


class Silent:
    """Listens, completes TCP's handshake in the kernel, and never says or reads anything."""

    def __init__(self, bench, address="127.0.0.1", port=0, receive_buffer=None, backlog=128):
        self.listening = listener(address, port, backlog, receive_buffer)
        self.port = self.listening.getsockname()[1]
        bench.own(self)

    def accept(self, bench):
        self.listening.settimeout(max(0.1, bench.left()))
        connection, _ = self.listening.accept()
        connection.settimeout(max(0.1, bench.left()))
        bench.own(connection)
        return connection

    def close(self):
        self.listening.close()


class Proxy:
    """
    Stands between the script and `target`. `limits`: after so many bytes from the server the connection is cut (`cut`:
    "fin" or "reset"). `drip`: passes one byte at a time, each in a segment of its own.
    """

    def __init__(self, bench, target, drip=False, cut_after=None, cut="fin", from_client=False):
        self.target = target
        self.drip = drip
        self.cut_after = cut_after
        self.cut = cut
        self.from_client = from_client
        self.passed = {"up": 0, "down": 0}
        self.server = Server(bench, self.serve)
        self.port = self.server.port

    def serve(self, near):
        far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = {near: (far, "up"), far: (near, "down")}
        with far:
            while ways:
                ready, _, _ = select.select(list(ways), [], [], 30)
                if not ready:
                    return "idle"
                for source in ready:
                    sink, way = ways[source]
                    try:
                        data = source.recv(65536)
                    except ConnectionError:
                        reset(sink)
                        return "reset"
                    if not data:
                        with contextlib.suppress(OSError):
                            sink.shutdown(socket.SHUT_WR)
                        del ways[source]
                        continue
                    counted = way == ("up" if self.from_client else "down")
                    if counted and self.cut_after is not None and self.passed[way] + len(data) >= self.cut_after:
                        self.forward(sink, data[: self.cut_after - self.passed[way]])
                        if self.cut == "reset":
                            reset(near)
                        return "cut"
                    self.passed[way] += len(data)
                    self.forward(sink, data)
        return "done"

    def forward(self, sink, data):
        try:
            if not self.drip:
                sink.sendall(data)
                return
            for i in range(len(data)):
                sink.sendall(data[i : i + 1])
        except OSError:
            pass  # the other way finds out
