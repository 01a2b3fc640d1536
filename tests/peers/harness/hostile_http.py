"""An HTTP server with all the manners that a client meets, good and bad, by path."""
import hashlib
import re
import time

from . import net

OK = b"HTTP/1.1 200 OK\r\n"
BIG = net.pattern(3_000_000, seed=7)


def forever(connection, piece, pause=0.0):
    while True:
        connection.sendall(piece)
        if pause:
            time.sleep(pause)


class HostileHttp:
    def __init__(self, bench, context=None):
        self.requests = []
        self.server = net.Server(bench, self.serve, context=context)
        self.port = self.server.port
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def serve(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        self.requests.append(head.decode())
        target = head.split()[1].decode()
        name = target.partition("?")[0].strip("/").replace("/", "_").replace("-", "_").replace(".", "_")
        if name == "refuse":
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!")
            time.sleep(0.2)
            return
        if length:
            body += net.receive_exactly(connection, int(length[1]) - len(body))
        try:
            getattr(self, "do_" + name, self.missing)(connection, head, body)
        except OSError:
            pass  # the client has had enough

    def missing(self, connection, head, body):
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def answer(self, connection, body, extra=b""):
        connection.sendall(OK + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    # -- well-behaved

    def do_hello(self, connection, head, body):
        self.answer(connection, b"hello", b"X-Twice: 1\r\nx-twice: 2\r\n")

    def do_echo(self, connection, head, body):
        self.answer(connection, head + b"\n" + body)

    def do_digest(self, connection, head, body):
        self.answer(connection, hashlib.sha256(body).hexdigest().encode())

    def do_big(self, connection, head, body):
        self.answer(connection, BIG)

    def do_chunked(self, connection, head, body):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(BIG), 70_001):
            piece = BIG[at : at + 70_001]
            connection.sendall(b"%X;name=value\r\n" % len(piece) + piece + b"\r\n")
        connection.sendall(b"0\r\nTrailer: x\r\n\r\n")

    def do_until_end(self, connection, head, body):
        connection.sendall(OK + b"\r\n" + BIG)

    def do_continue(self, connection, head, body):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.answer(connection, b"went on")

    def do_no_content(self, connection, head, body):
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        time.sleep(0.5)

    def do_drip(self, connection, head, body):
        for byte in OK + b"Content-Length: 5\r\n\r\nhello":
            connection.sendall(bytes([byte]))
            time.sleep(0.003)

    # -- redirections

    def redirect(self, connection, status, location):
        head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())

    def do_a_b_relative(self, connection, head, body):
        self.redirect(connection, 302, "../.././hello?x=1")

    def do_absolute(self, connection, head, body):
        self.redirect(connection, 301, self.url + "/hello")

    def do_see_other(self, connection, head, body):
        self.redirect(connection, 303, "/echo")

    def do_temporary(self, connection, head, body):
        self.redirect(connection, 307, "/echo")

    def do_elsewhere(self, connection, head, body):
        self.redirect(connection, 302, f"http://localhost:{self.port}/echo")

    def do_loop(self, connection, head, body):
        self.redirect(connection, 302, "/loop")

    def do_nowhere(self, connection, head, body):
        self.redirect(connection, 302, "gopher://x/")

    # -- misbehaved

    def do_silent(self, connection, head, body):
        connection.recv(1)

    def do_slow_body(self, connection, head, body):
        connection.sendall(OK + b"Content-Length: 100000\r\n\r\n")
        forever(connection, b"x", 0.02)

    def do_endless_head(self, connection, head, body):
        connection.sendall(OK)
        forever(connection, b"X-Field: " + b"z" * 1000 + b"\r\n")

    def do_endless_line(self, connection, head, body):
        forever(connection, b"z" * 1000)

    def do_endless_body(self, connection, head, body):
        connection.sendall(OK + b"\r\n")
        forever(connection, b"z" * 65536)

    def do_endless_chunk(self, connection, head, body):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        forever(connection, b"1;" + b"e" * 10000)

    def do_endless_trailers(self, connection, head, body):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        forever(connection, b"X: y\r\n")

    def do_chunk_of_words(self, connection, head, body):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n")

    def do_chunk_too_large(self, connection, head, body):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n")

    def do_two_lengths(self, connection, head, body):
        connection.sendall(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")

    def do_length_of_words(self, connection, head, body):
        connection.sendall(OK + b"Content-Length: -5\r\n\r\nhello")

    def do_huge(self, connection, head, body):
        connection.sendall(OK + b"Content-Length: 99999999999\r\n\r\n")

    def do_truncated(self, connection, head, body):
        connection.sendall(OK + b"Content-Length: 50\r\n\r\nhello")

    def do_truncated_head(self, connection, head, body):
        connection.sendall(OK + b"Content-Le")

    def do_garbage(self, connection, head, body):
        connection.sendall(net.pattern(100_000))

    def do_reset(self, connection, head, body):
        net.reset(connection)
