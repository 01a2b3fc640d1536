"""Peers that do not do what TLS wants: silence, plain text, ends in mid-handshake, floods of handshake."""
import ssl

from harness import net, pki
from harness.case import case
from harness.script import lua
from harness.tls import TlsServer, cert, server_context, ssl_open

EHANDSHAKE, EIO, ERST, ENOTCONN = 18, 17, 14, 11


@case()
def plain_text_server(bench):
    texts = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.example ESMTP\r\n", b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28",
             bytes(range(256)), b"\x16\x03\x03\xff\xff" + b"x" * 70000, b"\x16\x03\x03\x00\x00" * 100]

    def serve(connection):
        connection.recv(1000)
        connection.sendall(texts[len(server.connections) - 1])
        connection.settimeout(5)
        try:
            net.receive_all(connection)
        except OSError:
            pass

    server = net.Server(bench, serve)
    table = cert(pki.of(bench).ca())
    script = bench.play(f"for i = 1, {len(texts)} do local id = {ssl_open('127.0.0.1', server.port, table)} kit.close(id) end")
    for text, message in zip(texts, script.messages("CONN_CNF")):
        bench.equal((message["result"], message["error"], message["verify"]), (1, EHANDSHAKE, "none"),
                    f"answer {text[:20]!r}: {message}")
        bench.true("127.0.0.1" in message["reason"], message["reason"])
    first = script.messages("CONN_CNF")[0]["reason"]
    bench.true("does not speak TLS" in first, first)


@case()
def server_that_speaks_first(bench):
    """A banner before the ClientHello is there."""
    server = net.Server(bench, lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n") or connection.recv(1000))
    script = bench.play(ssl_open("127.0.0.1", server.port))
    message = script.message("CONN_CNF")
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), str(message))


@case()
def close_during_a_handshake_that_stalls(bench):
    silent = net.Silent(bench)
    script = bench.play(f"""
        local id = socketcore.sock_conn(2, "127.0.0.1", {silent.port})
        rtos.sleep(300)  -- the ClientHello is out
        local ok, code = socketcore.sock_send(id, "too early")
        kit.say("send", {{ok = ok, code = code}})
        kit.wait("SEND_CNF", id)
        local start = kit.seconds()
        kit.close(id)
        kit.say("closed", {{seconds = kit.seconds() - start}})
        kit.watch(200)
    """)
    bench.equal((script.said("send")["ok"], script.said("send")["code"]), (0, ENOTCONN), "sock_send")
    bench.within(script.said("closed")["seconds"], 0, 1, "seconds to close")
    bench.equal([m["message"] for m in script.messages()], ["SEND_CNF", "CLOSE_CNF"], "messages")
    bench.equal(script.message("CLOSE_CNF")["result"], 0, "CLOSE_CNF")
    with silent.accept(bench) as connection:
        hello = connection.recv(5)
        bench.equal(hello[:1], b"\x16", "the first byte of the ClientHello")


@case()
def close_at_every_moment_of_a_handshake(bench):
    """The server's flight arrives byte by byte; closed after so many turns."""
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server", ["IP:127.0.0.1"]), "-rev")
    proxy = net.Proxy(bench, server.port, drip=True)
    script = bench.play(f"""
        for turns = 0, 40 do
          local id = socketcore.sock_conn(2, "127.0.0.1", {proxy.port})
          for i = 1, turns do rtos.receive(0) end
          rtos.sleep(turns % 7)
          kit.say("close", {{result = socketcore.sock_close(id)}})
          kit.wait("CLOSE_CNF", id)
          kit.say("destroy", {{result = socketcore.sock_destroy(id)}})
        end
    """)
    bench.equal({note["result"] for note in script.notes("close")}, {1}, "sock_close")
    bench.equal({note["result"] for note in script.notes("destroy")}, {1}, "sock_destroy")
    bench.equal(len(script.messages("CLOSE_CNF")), 41, "CLOSE_CNF")


@case()
def peer_ends_in_mid_handshake(bench):
    keys = pki.of(bench)
    for version in ("-tls1_2", "-tls1_3"):
        server = TlsServer(bench, keys.leaf("server", ["IP:127.0.0.1"]), version)
        for cut in ("fin", "reset"):
            ports = [net.Proxy(bench, server.port, cut_after=after, cut=cut).port for after in (1, 5, 6, 60, 130, 400, 600)]
            script = bench.play(f"""
                for _, port in ipairs({lua(ports)}) do
                  local id = kit.open(2, "127.0.0.1", port)
                  kit.close(id)
                end
            """)
            for message in script.messages("CONN_CNF"):
                bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"{version}, {cut}: {message}")
            bench.equal(len(script.messages("CONN_CNF")), len(ports), "CONN_CNF")


@case()
def peer_ends_before_it_says_anything(bench):
    def at_once(connection):
        connection.close()

    def reset(connection):
        connection.recv(1)
        net.reset(connection)

    for handler in (at_once, reset):
        server = net.Server(bench, handler)
        script = bench.play(f"local id = {ssl_open('127.0.0.1', server.port)} kit.close(id)")
        message = script.message("CONN_CNF")
        bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"{handler.__name__}: {message}")


@case()
def refused_port(bench):
    port = net.free_port()
    script = bench.play(ssl_open("127.0.0.1", port))
    message = script.message("CONN_CNF")
    bench.equal((message["result"], message["error"], message["reason"], message["verify"]),
                (1, ERST, f"connect to 127.0.0.1:{port} refused", "none"), str(message))


@case()
def both_ways_at_once(bench):
    """6 MB each way, hashed, while the peer echoes nothing but sends its own; and with a small socket buffer."""
    keys = pki.of(bench)
    up, down = net.pattern(6_000_000, 1), net.pattern(6_000_000, 2)
    path = bench.file("up.bin", up)

    def serve(connection):
        return net.digest(net.exchange(connection, down, len(up)))

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server_context(keys.leaf("server", ["IP:127.0.0.1"]), low=version, high=version)
        server = net.Server(bench, serve, context=context, receive_buffer=20000)
        bench.play(f"""
            kit.quiet = true
            local data, at, got = kit.file({lua(path)}), 1, 0
            local sink = io.open({lua(bench.tmp / 'down.bin')}, "wb")
            local id = {ssl_open('127.0.0.1', server.port, cert(keys.ca()), 0, call='connect')}
            while at <= #data or got < #data do
              while at <= #data do
                local room = math.min(socketcore.sock_getremainbuf(id), 40000)
                if room == 0 or socketcore.sock_send(id, data:sub(at, at + room - 1)) ~= 1 then break end
                at = at + room
              end
              local message = kit.next()
              if message.kind == "RECV_IND" then
                local piece = socketcore.sock_recv(id, message.recv_len)
                got = got + #piece
                sink:write(piece)
              end
            end
            sink:close()
            kit.close(id)
        """)
        bench.equal(server.result(), net.digest(up), "what the server got")
        bench.equal(net.file_digest(bench.tmp / "down.bin"), net.digest(down), "what the script got")


@case()
def close_says_goodbye(bench):
    """close_notify after all that was accepted: Python raises SSLEOFError where it is missing."""
    keys = pki.of(bench)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server_context(keys.leaf("server", ["IP:127.0.0.1"]), low=version, high=version)
        server = net.Server(bench, net.receive_all, context=context)
        bench.play(f"""
            local id = {ssl_open('127.0.0.1', server.port)}
            for i = 1, 20 do socketcore.sock_send(id, ("%05d"):format(i):rep(1000)) end
            kit.close(id)
        """)
        bench.equal(server.result(), b"".join(b"%05d" % i * 1000 for i in range(1, 21)), "what the server got")


@case()
def peer_has_said_goodbye_but_still_listens(bench):
    """Until CLOSE_IND is delivered sends are accepted, and what was accepted goes out."""
    keys = pki.of(bench)

    def serve(connection):
        connection.recv(5)
        raw = connection
        try:
            raw.settimeout(0.5)
            raw.unwrap()  # sends close_notify, then waits for ours
        except (OSError, ssl.SSLError):
            pass
        return "said goodbye"

    context = server_context(keys.leaf("server", ["IP:127.0.0.1"]))
    server = net.Server(bench, serve, context=context)
    script = bench.play(f"""
        local id = {ssl_open('127.0.0.1', server.port)}
        kit.send(id, "hello")
        rtos.sleep(200)
        local ok, code = socketcore.sock_send(id, "half-closed")
        kit.say("send", {{ok = ok, code = code}})
        kit.read_all(id)
        kit.wait("SEND_CNF", id)
        kit.close(id)
    """)
    bench.equal((script.said("send")["ok"], script.said("send")["code"]), (1, 0), "sock_send before CLOSE_IND")
    server.result()
    bench.equal(len(script.messages("CLOSE_IND")), 1, "CLOSE_IND")


@case()
def endless_handshake(bench):
    """A peer that sends handshake records for ever must not hold up other sockets."""
    def serve(connection):
        connection.recv(2000)
        sent = 0
        piece = (b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + b"\0" * (0x4000 - 4)) * 4
        try:
            while sent < 200_000_000:
                sent += connection.send(piece)
        except OSError:
            pass
        return sent

    server = net.Server(bench, serve)
    echo = net.Server(bench, net.echo)
    script = bench.play(f"""
        local bad = socketcore.sock_conn(2, "127.0.0.1", {server.port})
        local good = kit.connect(0, "127.0.0.1", {echo.port})
        for i = 1, 20 do
          socketcore.sock_send(good, "ping")
          kit.read(good, 4)
        end
        kit.wait("CONN_CNF", bad)
        kit.close(bad)
        kit.close(good)
    """)
    message = [m for m in script.messages("CONN_CNF") if m["socket_index"] == 0][0]
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), str(message))
    bench.within(server.result(), 0, 50_000_000, "bytes that the peer could send")
