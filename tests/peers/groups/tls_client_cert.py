"""Servers that demand a certificate of the client, and the PEM texts that a script may pass."""
import fcntl
import os
import pty
import select
import termios

from harness import net, pki
from harness.case import case
from harness.script import lua
from harness.tls import TlsServer, cert, server_context, ssl_open

EHANDSHAKE, EINIT = 18, 19


def demanding(bench, keys, version, *options):
    return TlsServer(bench, keys.leaf("server", ["IP:127.0.0.1"]), version, "-Verify", "2", "-verify_return_error",
                     "-CAfile", keys.ca().cert, *options)


TALK = """
local id, confirmed = {open}
if confirmed.result == 0 then
  kit.send(id, "hello from the client\\n")
  kit.read_all(id)
end
kit.close(id)
"""


@case(tools=["openssl"])
def certificate_given(bench):
    keys = pki.of(bench)
    for version in ("-tls1_2", "-tls1_3"):
        for kind in ("ec", "rsa"):
            server = demanding(bench, keys, version)
            client = keys.leaf("device-" + kind, kind=kind, client=True)
            script = bench.script(TALK.format(open=ssl_open("127.0.0.1", server.port, cert(keys.ca(), client))))
            server.wait_for("hello from the client")
            bench.true(f"subject=CN = device-{kind}" in server.said, "the server's view of the client")
            server.type("Q\n")
            script.finish()
            bench.equal(script.message("CONN_CNF")["result"], 0, "CONN_CNF")


@case(tools=["openssl"])
def certificate_with_its_chain(bench):
    keys = pki.of(bench)
    middle = keys.ca("intermediate", by=keys.ca())
    client = keys.leaf("below-client", by="intermediate", client=True)
    for text, works in ((client.text + middle.text, True), (client.text, False)):
        server = demanding(bench, keys, "-tls1_2")
        table = {"clientCert": text, "clientKey": client.key_text}
        script = bench.play(f"local id = {ssl_open('127.0.0.1', server.port, table)} kit.close(id)")
        message = script.message("CONN_CNF")
        bench.equal(message["result"], 0 if works else 1, f"CONN_CNF: {message}")


@case(tools=["openssl"])
def certificate_missing(bench):
    """TLS 1.2 refuses within the handshake; TLS 1.3 after the client has taken it for finished."""
    keys = pki.of(bench)
    for table in (None, cert(keys.ca())):
        server = demanding(bench, keys, "-tls1_2")
        script = bench.play(TALK.format(open=ssl_open("127.0.0.1", server.port, table)))
        message = script.message("CONN_CNF")
        bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), "TLS 1.2")
        bench.true("handshake failure" in message["reason"] and f"127.0.0.1:{server.port}" in message["reason"], str(message))
        bench.equal(script.messages("CLOSE_IND"), [], "TLS 1.2")

        server = demanding(bench, keys, "-tls1_3")
        script = bench.play(TALK.format(open=ssl_open("127.0.0.1", server.port, table)))
        bench.equal(script.message("CONN_CNF")["result"], 0, "TLS 1.3")
        message = script.message("CLOSE_IND")
        bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"TLS 1.3: {message}")
        bench.true("certificate required" in message["reason"], str(message))


@case(tools=["openssl"])
def certificate_missing_and_much_is_sent(bench):
    """The server resets what it does not read. The alert that explains it must not be lost for that."""
    keys = pki.of(bench)
    for _ in range(5):
        server = demanding(bench, keys, "-tls1_3", "-naccept", "1")
        script = bench.play(f"""
            local id, confirmed = {ssl_open('127.0.0.1', server.port)}
            for i = 1, 10 do socketcore.sock_send(id, ("x"):rep(50000)) end
            kit.quiet = true
            kit.read_all(id)
            kit.close(id)
        """)
        message = script.message("CLOSE_IND")
        bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"CLOSE_IND: {message}")


@case(tools=["openssl"])
def certificate_of_another_ca(bench):
    keys = pki.of(bench)
    stranger = keys.leaf("stranger", by="other-ca", client=True)
    server = demanding(bench, keys, "-tls1_2")
    script = bench.play(TALK.format(open=ssl_open("127.0.0.1", server.port, cert(keys.ca(), stranger))))
    message = script.message("CONN_CNF")
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"TLS 1.2: {message}")
    bench.true("alert" in message["reason"], message["reason"])
    server = demanding(bench, keys, "-tls1_3")
    script = bench.play(TALK.format(open=ssl_open("127.0.0.1", server.port, cert(keys.ca(), stranger))))
    message = script.message("CLOSE_IND")
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"TLS 1.3: {message}")
    bench.true("unknown ca" in message["reason"], message["reason"])


@case(tools=["openssl"])
def certificate_expired(bench):
    keys = pki.of(bench)
    old = keys.leaf("old-client", client=True, start=-20, end=-10)
    server = demanding(bench, keys, "-tls1_3")
    script = bench.play(TALK.format(open=ssl_open("127.0.0.1", server.port, cert(keys.ca(), old))))
    message = script.message("CLOSE_IND")
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), f"CLOSE_IND: {message}")
    bench.true("certificate expired" in message["reason"], message["reason"])


@case(tools=["openssl"])
def encrypted_keys(bench):
    keys = pki.of(bench)
    client = keys.leaf("device-rsa", kind="rsa", client=True)
    server = net.Server(bench, lambda connection: connection.getpeercert()["subject"],
                        context=server_context(keys.leaf("server", ["IP:127.0.0.1"]), keys.ca()))
    for traditional in (False, True):
        locked = keys.encrypted(client, "sesame", traditional)
        bench.true("ENCRYPTED" in locked, "the key is encrypted")
        good = {"clientCert": client.text, "clientKey": locked, "clientPassword": "sesame"}
        secrets = ["sesame", "wrong", *client.key_text.split()[5:8], *locked.split()[8:11]]

        def no_secret(script):
            told = script.output() + script.errors()
            bench.true(not any(secret in told for secret in secrets), "no secret in log or reason: " + told)

        script = bench.play(f"local id = {ssl_open('127.0.0.1', server.port, good)} kit.read_all(id) kit.close(id)",
                            options=("--log", "trace"))
        bench.equal(script.message("CONN_CNF")["result"], 0, "right password")
        no_secret(script)
        bench.equal(server.result(), ((("commonName", "device-rsa"),),), "the server's view")
        for password in (None, "", "wrong", "sesame ", "s" * 2000):
            table = dict(good, clientPassword=password)
            script = bench.play(ssl_open("127.0.0.1", server.port, table), options=("--log", "trace"))
            bench.equal(script.said("refused")["code"], EINIT, f"password {password!r}")
            bench.equal(script.messages(), [], "messages")
            no_secret(script)


@case(tools=["openssl"])
def encrypted_key_never_prompts(bench):
    """On a terminal of its own: nothing may be written to it or read from it."""
    keys = pki.of(bench)
    client = keys.leaf("device-rsa", kind="rsa", client=True)
    ours, theirs = pty.openpty()
    bench.defer(os.close, ours)

    def take_terminal():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    for flavour in ("runner", "lua5.1"):
        for traditional in (False, True):
            table = {"clientCert": client.text, "clientKey": keys.encrypted(client, "sesame", traditional)}
            script = bench.script(ssl_open("127.0.0.1", 1, table), flavour=flavour, before=take_terminal)
            script.finish(limit=10)
            bench.equal(script.said("refused")["code"], EINIT, "sock_conn")
    os.close(theirs)
    said = b""
    if select.select([ours], [], [], 0)[0]:
        try:
            said = os.read(ours, 1000)
        except OSError:  # EIO: nobody has it open any more
            pass
    bench.equal(said, b"", "what the terminal was told")


@case(tools=["openssl"])
def pem_garbage(bench):
    keys = pki.of(bench)
    client, other, root = keys.leaf("device-ec", client=True), keys.leaf("other-client", client=True), keys.ca()
    broken = root.text.replace("A", "B", 40)
    cut = root.text[: len(root.text) // 2]
    rows = {
        "CA: no PEM": {"caCert": "garbage"},
        "CA: empty": {"caCert": ""},
        "CA: cut off": {"caCert": cut},
        "CA: not base64": {"caCert": root.text.replace("M", "!", 3)},
        "CA: altered": {"caCert": broken},
        "CA: zeros": {"caCert": b"\0" * 5000},
        "CA: a key": {"caCert": client.key_text},
        "CA: a path": {"caCert": str(root.cert)},
        "CA: the second is broken": {"caCert": root.text + cut},
        "a megabyte of dashes": {"caCert": "-" * (1 << 20)},
        "certificate without its key": {"clientCert": client.text},
        "key without its certificate": {"clientKey": client.key_text},
        "key of another certificate": {"clientCert": client.text, "clientKey": other.key_text},
        "key: no PEM": {"clientCert": client.text, "clientKey": "garbage"},
        "key: a certificate": {"clientCert": client.text, "clientKey": client.text},
        "certificate: no PEM": {"clientCert": "garbage", "clientKey": client.key_text},
        "both swapped": {"clientCert": client.key_text, "clientKey": client.text},
    }
    lines = []
    for title, table in rows.items():
        path = bench.tmp / (str(len(lines)) + ".lua")
        path.write_bytes(b"return " + lua(table).encode("latin-1"))
        lines.append(f"""
            local id, code = socketcore.sock_conn(2, "127.0.0.1", 1, dofile({lua(path)}))
            kit.say("row", {{title = {lua(title)}, id = tostring(id), code = code}})
        """.replace("local id", "id").replace(", code =", ", code ="))
    script = bench.play("local id, code\n" + "".join(lines) + "\nkit.watch(100)")
    found = {row["title"]: (row["id"], row.get("code")) for row in script.notes("row")}
    wrong = {title: found[title] for title in rows if found[title] != ("nil", EINIT)}
    bench.equal(wrong, {}, "rows that were not refused with ERR_SSL_EINIT")
    bench.equal(script.messages(), [], "messages")


@case(tools=["openssl"])
def certs_do_not_matter_to_other_types(bench):
    """TCP ignores the table, whatever is in it."""
    server = net.Server(bench, lambda connection: connection.recv(10))
    script = bench.play(f"""
        local id = kit.open(0, "127.0.0.1", {server.port}, {{caCert = "garbage"}})
        kit.send(id, "hello")
        kit.close(id)
    """)
    bench.equal(script.message("CONN_CNF")["result"], 0, "CONN_CNF")
    bench.equal(server.result(), b"hello", "data")
