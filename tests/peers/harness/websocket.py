"""A websocket server's side of RFC 6455, to be used well or badly."""
import base64
import hashlib
import struct

from . import net

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(kind, data=b"", final=True, masked=False):
    """A frame as a server sends it; `masked` as a client does."""
    first = (0x80 if final else 0) | kind
    second = 0x80 if masked else 0
    if len(data) < 126:
        head = struct.pack(">BB", first, second | len(data))
    elif len(data) < 65536:
        head = struct.pack(">BBH", first, second | 126, len(data))
    else:
        head = struct.pack(">BBQ", first, second | 127, len(data))
    return head + (b"\0\0\0\0" if masked else b"") + data


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


class Client:
    """The connection of a client that was shaken hands with."""

    def __init__(self, connection, key=None, answer=None):
        self.connection = connection
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                raise EOFError("no handshake")
            head += piece
        self.head = head
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        self.key = fields[b"Sec-WebSocket-Key"]
        if answer is None:
            answer = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Accept: " + accept_of(key or self.key) + b"\r\n\r\n")
        connection.sendall(answer)

    def send(self, *arguments, **settings):
        self.connection.sendall(frame(*arguments, **settings))

    def receive(self):
        """Whether it is final, its kind and its data; refuses what a client must not send."""
        first, second = net.receive_exactly(self.connection, 2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", net.receive_exactly(self.connection, 2))
        elif size == 127:
            (size,) = struct.unpack(">Q", net.receive_exactly(self.connection, 8))
        if not second & 0x80 or first & 0x70:
            raise ValueError("a frame without a mask, or with reserved bits")
        key = net.receive_exactly(self.connection, 4)
        data = net.receive_exactly(self.connection, size)
        whole = int.from_bytes(data, "little") ^ int.from_bytes((key * (size // 4 + 1))[:size], "little")
        return bool(first & 0x80), first & 0x0F, whole.to_bytes(size, "little")
