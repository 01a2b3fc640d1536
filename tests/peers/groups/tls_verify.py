"""Whether a server's certificate is believed: chains, names, dates, insist, strict, SNI."""
from harness import namespace, pki
from harness.case import case
from harness.tls import TlsServer, cert, ssl_open
from harness.verdicts import EINVALID, Row, check_rows, try_all

EHANDSHAKE = 18


@case(tools=["openssl"])
def chains(bench):
    keys = pki.of(bench)
    root, other = keys.ca(), keys.ca("other-ca")
    middle = keys.ca("intermediate", by=root)
    leaf = keys.leaf("server", ["IP:127.0.0.1"])
    below = keys.leaf("below", ["IP:127.0.0.1"], by="intermediate")
    own = keys.leaf("own", ["IP:127.0.0.1"], by=None)
    plain = TlsServer(bench, leaf)
    alone = TlsServer(bench, below)
    chained = TlsServer(bench, below, "-cert_chain", middle.cert)
    self_signed = TlsServer(bench, own)
    unknown = "unable to get local issuer certificate"
    check_rows(bench, [
        Row("known CA", plain, cert(root), "ok"),
        Row("two CAs in one text", plain, cert(other.text + root.text), "ok"),
        Row("text around the PEM", plain, cert("my CA:\r\n" + root.text.replace("\n", "\r\n") + "bye\n"), "ok"),
        Row("unknown CA", plain, cert(other), unknown),
        Row("self-signed", self_signed, cert(root), "self-signed certificate"),
        Row("self-signed and pinned", self_signed, cert(own), "ok"),
        Row("chain with its intermediate", chained, cert(root), "ok"),
        Row("chain without its intermediate", alone, cert(root), unknown),
        Row("intermediate from the script", alone, cert(root.text + middle.text), "ok"),
        Row("the intermediate as anchor", alone, cert(middle), "ok"),
        Row("the intermediate as anchor, chain sent", chained, cert(middle), "ok"),
        Row("the server's own certificate as anchor", plain, cert(leaf), "ok"),
        Row("no CA", self_signed, {}, "none"),
        Row("no table", self_signed, None, "none"),
    ])


@case(tools=["openssl"])
def dates(bench):
    keys = pki.of(bench)
    expired = TlsServer(bench, keys.leaf("expired", ["IP:127.0.0.1"], start=-20, end=-10))
    early = TlsServer(bench, keys.leaf("early", ["IP:127.0.0.1"], start=10, end=20))
    check_rows(bench, [
        Row("expired", expired, cert(keys.ca()), "certificate has expired"),
        Row("not yet valid", early, cert(keys.ca()), "certificate is not yet valid"),
        Row("expired, nobody looks", expired, None, "none"),
    ])


@case(tools=["openssl"])
def names(bench):
    keys = pki.of(bench)
    root = keys.ca()
    dns = TlsServer(bench, keys.leaf("dns", ["DNS:server.example"]))
    ip = TlsServer(bench, keys.leaf("ip", ["IP:127.0.0.1"]))
    local = TlsServer(bench, keys.leaf("local", ["DNS:localhost"]))
    wild = TlsServer(bench, keys.leaf("wild", ["DNS:*.wild.example"]))
    common = TlsServer(bench, keys.leaf("common.example"))
    wrong = "not for "
    check_rows(bench, [
        Row("an address in the certificate", ip, cert(root), "ok"),
        Row("an address not in the certificate", dns, cert(root), wrong + "127.0.0.1"),
        Row("hostName on an address", dns, cert(root, hostName="server.example"), "ok"),
        Row("hostName in capitals", dns, cert(root, hostName="SERVER.example"), "ok"),
        Row("hostName with the root dot", dns, cert(root, hostName="server.example."), "ok"),
        Row("wrong hostName", dns, cert(root, hostName="other.example"), wrong + "other.example"),
        Row("hostName over address", ip, cert(root, hostName="other.example"), wrong + "other.example"),
        Row("hostName that is an address", ip, cert(root, hostName="127.0.0.1"), "ok"),
        Row("wrong hostName that is an address", ip, cert(root, hostName="127.0.0.2"), wrong + "127.0.0.2"),
        Row("addr is a name", local, cert(root), "ok", address="localhost"),
        Row("addr is a wrong name", dns, cert(root), wrong + "localhost", address="localhost"),
        Row("empty hostName means addr", local, cert(root, hostName=""), "ok", address="localhost"),
        Row("wildcard", wild, cert(root, hostName="a.wild.example"), "ok"),
        Row("wildcard, one label only", wild, cert(root, hostName="a.b.wild.example"), wrong),
        Row("wildcard, not the domain itself", wild, cert(root, hostName="wild.example"), wrong),
        Row("common name alone", common, cert(root, hostName="common.example"), "ok"),
    ])


@case(tools=["openssl"])
def name_that_looks_right_but_chain_is_wrong(bench):
    """The chain comes first: it is what `verify` names."""
    keys = pki.of(bench)
    server = TlsServer(bench, keys.leaf("dns", ["DNS:server.example"]))
    check_rows(bench, [Row("both wrong", server, cert(keys.ca("other-ca"), hostName="other.example"), "issuer certificate")])


@case(tools=["openssl"])
def strict_option(bench):
    keys = pki.of(bench)
    root = keys.ca()
    server = TlsServer(bench, keys.leaf("server", ["IP:127.0.0.1"]))
    expired = TlsServer(bench, keys.leaf("expired", ["IP:127.0.0.1"], start=-20, end=-10))
    rows = [
        Row("no CA: the system's", server, None, None),
        Row("the script's CA", server, cert(root), None),
        Row("wrong name", server, cert(root, hostName="other.example"), None),
        Row("expired", expired, cert(root), None),
    ]
    options = ["--tls-verify", "strict"]
    outcomes = try_all(bench, rows, options, {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"})
    for (number, insist), message in outcomes.items():
        wanted = (0, None) if number == 1 else (1, EINVALID)
        bench.equal((message["result"], message.get("error")), wanted, f"{rows[number].title}, insist {insist}: {message}")
        bench.true(message["verify"] != "none", f"verify: {message}")
    # The same server, and our CA in the place of the system's.
    outcomes = try_all(bench, rows[:3], options, {"SSL_CERT_FILE": str(root.cert)})
    for (number, insist), message in outcomes.items():
        wanted = (1, EINVALID) if number == 2 else (0, None)
        bench.equal((message["result"], message.get("error")), wanted, f"{rows[number].title}, insist {insist}: {message}")
    # Without the option nothing of that store is asked.
    outcomes = try_all(bench, rows[:1], (), {"SSL_CERT_FILE": str(root.cert)})
    bench.equal([m["verify"] for m in outcomes.values()], ["none"] * 3, "without the option")


def sni_server(bench, keys, *options):
    return TlsServer(bench, keys.leaf("fallback", ["DNS:fallback.example"]), "-servername", "localhost",
                     "-cert2", keys.leaf("local", ["DNS:localhost"]).cert, "-key2", keys.leaf("local").key, *options)


@case(tools=["openssl"])
def server_name_indication(bench):
    """What the server saw, by hostNameFlag, hostName, kind of address and --sni."""
    keys = pki.of(bench)
    table = cert(keys.ca())
    named = cert(keys.ca(), hostName="localhost")
    rows = [  # options, addr, cert table, hostNameFlag -> what the server must have seen
        ((), "localhost", table, None, None),
        ((), "localhost", table, 0, None),
        ((), "localhost", table, 1, "localhost"),
        ((), "127.0.0.1", table, 1, None),
        ((), "127.0.0.1", named, 1, "localhost"),
        ((), "127.0.0.1", named, None, None),
        ((), "localhost", cert(keys.ca(), hostName="fallback.example"), 1, "fallback.example"),
        ((), "localhost", None, 1, "localhost"),
        (("--sni", "script"), "localhost", table, None, None),
        (("--sni", "auto"), "localhost", table, None, "localhost"),
        (("--sni", "auto"), "localhost", table, 0, None),
        (("--sni", "auto"), "localhost", None, None, "localhost"),
        (("--sni", "auto"), "127.0.0.1", named, None, "localhost"),
        (("--sni", "auto"), "127.0.0.1", table, None, None),
    ]
    for number, (options, address, certs, flag, seen) in enumerate(rows):
        server = sni_server(bench, keys, "-naccept", "1")
        script = bench.play(f"local id = {ssl_open(address, server.port, certs, None, flag)} kit.close(id)", options=options)
        server.process.wait()
        what = f"row {number}: {rows[number][:2]} flag {flag}"
        found = [line for line in server.said.splitlines() if line.startswith("Hostname in TLS extension")]
        bench.equal(found, [] if seen is None else [f'Hostname in TLS extension: "{seen}"'], what)
        # The certificate depends on it, and so does what is verified.
        message = script.message("CONN_CNF")
        bench.equal(message["result"], 0, what)
        if certs is table and address == "localhost":
            bench.equal(message["verify"] == "ok", seen == "localhost", what + ": verify " + message["verify"])


@case(tools=["openssl"])
def server_that_refuses_a_name(bench):
    keys = pki.of(bench)
    server = sni_server(bench, keys, "-servername_fatal")
    script = bench.play(f"""
        {ssl_open('127.0.0.1', server.port, cert(hostName='other.example'), None, 1)}
        {ssl_open('127.0.0.1', server.port, cert(hostName='localhost'), None, 1)}
    """)
    refused, taken = script.messages("CONN_CNF")
    bench.equal((refused["result"], refused["error"]), (1, EHANDSHAKE), "a name that the server does not know")
    bench.true("unrecognized name" in refused["reason"], refused["reason"])
    bench.equal(taken["result"], 0, "a name that it knows")


@case(tools=["openssl"], needs_namespace=True)
def name_of_the_private_hosts_file(bench):
    """A name of any kind, an IPv6 literal, and a certificate for each."""
    keys = pki.of(bench)
    namespace.write_etc("hosts", "127.0.0.1 localhost iot.example.com\n::1 six.example.com\n")
    both = ["DNS:iot.example.com", "DNS:six.example.com", "IP:::1"]
    four = TlsServer(bench, keys.leaf("hosts", both))
    six = TlsServer(bench, keys.leaf("hosts"), address="[::1]")
    for address, server in (("iot.example.com", four), ("six.example.com", six), ("::1", six)):
        script = bench.play(f"local id = {ssl_open(address, server.port, cert(keys.ca()), 0, 1)} kit.close(id)")
        bench.equal(script.message("CONN_CNF")["verify"], "ok", address)
