"""openssl s_server in its moods: versions, keys, renewals, ends."""
import signal

from harness import net, pki
from harness.case import case
from harness.script import lua
from harness.tls import TlsServer, cert, ssl_open

EHANDSHAKE, EIO, ERST = 18, 17, 14

ECHO = """
local id, confirmed = {open}
kit.say("verify", {{text = confirmed.verify}})
socketcore.sock_send(id, "stressed\\n")
kit.say("answer", {{text = kit.read(id, 9)}})
kit.close(id)
"""


def reversed_echo(bench, server, table):
    script = bench.play(ECHO.format(open=ssl_open("127.0.0.1", server.port, table)))
    bench.equal(script.said("verify")["text"], "ok", "verify")
    bench.equal(script.said("answer")["text"], "desserts\n", "answer")
    bench.equal(script.message("CLOSE_CNF")["result"], 0, "CLOSE_CNF")
    bench.equal(script.messages("CLOSE_IND"), [], "CLOSE_IND after sock_close")


@case(tools=["openssl"])
def rsa_and_ecdsa_tls_1_2_and_1_3(bench):
    keys = pki.of(bench)
    for kind in ("rsa", "ec"):
        leaf = keys.leaf("server-" + kind, ["IP:127.0.0.1"], kind)
        for version, protocol in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            server = TlsServer(bench, leaf, "-rev", "-brief", version, "-naccept", "1")
            reversed_echo(bench, server, cert(keys.ca()))
            server.wait_for("Protocol version: " + protocol)
            server.process.wait()


@case(tools=["openssl"])
def both_versions_offered_takes_1_3(bench):
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-rev", "-brief")
    reversed_echo(bench, server, cert(keys.ca()))
    server.wait_for("Protocol version: TLSv1.3")


@case(tools=["openssl"])
def tls_1_1_only_is_refused(bench):
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    script = bench.play(ssl_open("127.0.0.1", server.port))
    message = script.message("CONN_CNF")
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), "CONN_CNF")
    bench.true("127.0.0.1" in message["reason"], "the reason names the peer: " + message["reason"])
    bench.equal(script.messages("CLOSE_IND"), [], "CLOSE_IND")


@case(tools=["openssl"])
def without_ca_nothing_is_verified(bench):
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-rev")
    for table in (None, {}, {"hostName": "other.example"}):
        for insist in (None, 0, 1):
            script = bench.play(f"local id = {ssl_open('127.0.0.1', server.port, table, insist)} kit.close(id)")
            message = script.message("CONN_CNF")
            bench.equal((message["result"], message["verify"]), (0, "none"), f"{table} {insist}")


@case(tools=["openssl"])
def key_updates_and_tickets(bench):
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-num_tickets", "10", "-tls1_3")
    script = bench.script(f"""
        local id = {ssl_open('127.0.0.1', server.port)}
        for i = 1, 4 do
          kit.say("line", {{text = kit.read(id, 6)}})
          kit.send(id, "got " .. i .. "\\n")
        end
        kit.read_all(id)
        kit.close(id)
    """, stdin="pipe")
    server.wait_for("CIPHER is")
    for i in range(1, 5):
        server.type(f"line{i}\n")
        server.wait_for(f"got {i}")
        server.type("k\n" if i % 2 else "K\n")  # a new key; a new key and a demand for one
    server.type("Q\n")
    script.finish()
    bench.equal([n["text"] for n in script.notes("line")], [f"line{i}\n" for i in range(1, 5)], "lines")
    bench.equal(script.message("CLOSE_IND")["error"], EIO, "CLOSE_IND")


@case(tools=["openssl"])
def renegotiation_is_refused(bench):
    """s_server takes the refusal for a failure of the connection; the script hears of it in order."""
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-tls1_2")
    script = bench.script(f"""
        local id = {ssl_open('127.0.0.1', server.port)}
        kit.say("line", {{text = kit.read(id, 6)}})
        kit.read_all(id)
        kit.close(id)
    """)
    server.wait_for("CIPHER is")
    server.type("line1\n")
    script.wait_note("line")
    server.type("r\n")
    script.finish()
    ending = script.message("CLOSE_IND")
    bench.equal((ending["result"], ending["error"]), (1, EHANDSHAKE), "CLOSE_IND")
    server.wait_for("no renegotiation")


@case(tools=["openssl"])
def data_that_comes_with_the_handshake(bench):
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-quiet", "-naccept", "1")
    server.process.write("hello from the server\n")
    server.process.child.stdin.close()
    script = bench.play(f"""
        local id = {ssl_open('127.0.0.1', server.port)}
        local data = kit.read(id, 22)
        kit.say("data", {{text = data}})
        kit.close(id)
    """)
    bench.equal(script.said("data")["text"], "hello from the server\n", "data")
    bench.equal(script.messages()[0]["message"], "CONN_CNF", "the first message")


@case(tools=["openssl"])
def orderly_end(bench):
    keys = pki.of(bench)
    for version in ("-tls1_2", "-tls1_3"):
        server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-rev", version)
        script = bench.play(f"""
            local id = {ssl_open('127.0.0.1', server.port)}
            kit.send(id, "sdrow tsal\\n")
            kit.read(id, 11)
            kit.send(id, "CLOSE\\n")  -- s_server's word for: close_notify and the end
            kit.read_all(id)
            local ok, code = socketcore.sock_send(id, "too late")
            kit.say("late", {{ok = ok, code = code}})
            kit.wait("SEND_CNF", id)
            kit.close(id)
        """)
        ending = script.message("CLOSE_IND")
        bench.equal((ending["result"], ending["error"]), (0, 0), "CLOSE_IND")
        bench.equal("reason" in ending, False, "a reason of success")
        late = script.said("late")
        bench.equal((late["ok"], late["code"]), (0, 15), "sock_send after CLOSE_IND")
        answer = script.messages("SEND_CNF")[-1]
        bench.equal((answer["result"], answer["error"], answer["send_len"]), (1, 15, 0), "SEND_CNF")


@case(tools=["openssl"])
def end_is_told_to_a_script_that_does_not_read(bench):
    """close_notify alone ends the connection: s_server keeps its half of the TCP connection open and waits for ours."""
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-rev")
    script = bench.play(f"""
        local id = {ssl_open('127.0.0.1', server.port)}
        kit.send(id, "sdrow tsal\\n")
        kit.wait("RECV_IND", id)
        kit.send(id, "CLOSE\\n")
        local ending = kit.wait("CLOSE_IND", id, 3000)
        kit.say("ending", {{came = ending ~= nil}})
        kit.say("rest", {{text = socketcore.sock_recv(id, 100)}})
        kit.close(id)
    """)
    bench.equal(script.said("rest")["text"], "last words\n", "what was not read")
    bench.true(script.said("ending")["came"], "CLOSE_IND within 3 s of the end")


@case(tools=["openssl"])
def killed_server_is_no_orderly_end(bench):
    keys = pki.of(bench)
    for version in ("-tls1_2", "-tls1_3"):
        server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), version)
        script = bench.script(f"""
            local id = {ssl_open('127.0.0.1', server.port)}
            kit.say("first", {{text = kit.read(id, 5)}})
            local data, ending = kit.read_all(id)
            kit.close(id)
        """)
        server.wait_for("CIPHER is")
        server.type("word\n")
        script.wait_note("first")
        server.process.signal(signal.SIGKILL)
        script.finish()
        ending = script.message("CLOSE_IND")
        bench.equal((ending["result"], ending["error"]), (1, EIO), "CLOSE_IND")
        bench.true("close_notify" in ending["reason"], "reason: " + ending["reason"])


@case(tools=["openssl"])
def cut_in_the_middle_of_the_data(bench):
    """After some 200 KB of a transfer: by an end without close_notify, and by a reset."""
    keys = pki.of(bench)
    bench.file("big.bin", net.pattern(1 << 20))
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-WWW", "-http_server_binmode")
    for cut, error in (("fin", EIO), ("reset", ERST)):
        proxy = net.Proxy(bench, server.port, cut_after=200_000, cut=cut)
        script = bench.play(f"""
            kit.quiet = true
            local id = {ssl_open('127.0.0.1', proxy.port)}
            socketcore.sock_send(id, "GET /big.bin HTTP/1.0\\r\\n\\r\\n")
            local data, ending = kit.read_all(id)
            kit.say("got", {{bytes = #data}})
            kit.close(id)
        """)
        ending = script.message("CLOSE_IND")
        bench.equal((ending["result"], ending["error"]), (1, error), f"CLOSE_IND after {cut}")
        if cut == "fin":
            bench.within(script.said("got")["bytes"], 150_000, 200_000, "bytes before the end")


@case(tools=["openssl"])
def bulk_download_through_file_server(bench):
    keys = pki.of(bench)
    content = net.pattern(5_000_000)
    bench.file("big.bin", content)
    for options in (["-tls1_2"], ["-tls1_3"], ["-max_send_frag", "512"]):
        server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-WWW", "-http_server_binmode", *options)
        bench.play(f"""
            kit.quiet = true
            local id = {ssl_open('127.0.0.1', server.port, cert(keys.ca()), 0)}
            kit.send(id, "GET /big.bin HTTP/1.0\\r\\n\\r\\n")
            local data, ending = kit.read_all(id)
            local file = io.open({lua(bench.tmp / 'got')}, "wb")
            file:write((data:gsub("^.-\\r\\n\\r\\n", "", 1)))
            file:close()
            kit.close(id)
        """)
        bench.equal(net.file_digest(bench.tmp / "got"), net.digest(content), f"digest, {options}")


@case(tools=["openssl"])
def bulk_upload(bench):
    keys = pki.of(bench)
    content = net.pattern(5_000_000)
    path = bench.file("up.bin", content)
    for version in ("-tls1_2", "-tls1_3"):
        got = bench.tmp / ("up" + version)
        with open(got, "wb") as sink:
            server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-quiet", "-naccept", "1", version, stdout=sink)
            script = bench.play(f"""
                kit.quiet = true
                local id = {ssl_open('127.0.0.1', server.port)}
                kit.say("sent", {{bytes = kit.upload(id, kit.file({lua(path)}))}})
                kit.close(id)
            """)
            server.process.wait()
        bench.equal(script.said("sent")["bytes"], len(content), "confirmed bytes")
        bench.equal(net.file_digest(got), net.digest(content), f"digest, {version}")


@case(tools=["openssl"])
def garbage_in_the_middle_of_tls(bench):
    """s_server writes plain text past its TLS ('P')."""
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]))
    script = bench.script(f"""
        local id = {ssl_open('127.0.0.1', server.port)}
        kit.say("first", {{text = kit.read(id, 5)}})
        local data, ending = kit.read_all(id)
        kit.say("rest", {{text = data}})
        kit.close(id)
    """)
    server.wait_for("CIPHER is")
    server.type("word\n")
    script.wait_note("first")
    server.type("P\n")
    script.finish()
    ending = script.message("CLOSE_IND")
    bench.equal((ending["result"], ending["error"]), (1, EIO), "CLOSE_IND")
    bench.equal(script.said("rest")["text"], "", "rest")


@case(tools=["openssl"])
def receive_buffer_and_local_port_are_ignored(bench):
    """recvBufferLen, in place 5 and as a number in place 4, costs one log line; local_port none."""
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-rev")
    taken = net.listener()
    bench.own(taken)
    for flavour in ("runner", "lua5.1"):
        for arguments, lines in (("nil, 4096", 1), ("4096", 1), ("nil, 0", 0), ("nil", 0),
                                 (f"nil, nil, nil, {taken.getsockname()[1]}", 0)):
            script = bench.play(f"local id = kit.connect(2, '127.0.0.1', {server.port}, {arguments}) kit.close(id)",
                                flavour=flavour)
            found = [line for line in script.errors().splitlines() if "recvBufferLen" in line]
            bench.equal(len(found), lines, f"{flavour}, {arguments}: log lines")


@case(tools=["openssl"])
def one_byte_at_a_time(bench):
    keys = pki.of(bench)
    for version in ("-tls1_2", "-tls1_3"):
        server = TlsServer(bench, keys.leaf("server-ec", ["IP:127.0.0.1"]), "-rev", version)
        proxy = net.Proxy(bench, server.port, drip=True)
        reversed_echo(bench, proxy, cert(keys.ca()))
