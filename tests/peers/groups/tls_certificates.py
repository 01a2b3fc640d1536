"""Certificates that a server should not have, each with every `insist`: names, usages, weak ones, chains, constraints."""
import base64

from harness import net, pki
from harness.case import case
from harness.pki import AUTHORITY, Certificate
from harness.tls import TlsServer, cert, ssl_open
from harness.verdicts import Row, check_rows

EHANDSHAKE = 18

LEAF = "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
HERE = LEAF + "subjectAltName=IP:127.0.0.1\n"
WRONG = "not for "


def server_of(bench, certificate, *options):
    """One that would show anything: no security level of its own."""
    return TlsServer(bench, certificate, "-cipher", "ALL:@SECLEVEL=0", *options)


@case(tools=["openssl"])
def names_that_only_look_right(bench):
    keys = pki.of(bench)
    root = cert(keys.ca())

    def row(title, extensions, wanted, verify, subject=None):
        server = TlsServer(bench, keys.issue("name" + str(len(keys.made)), LEAF + extensions, keys.ca(), subject=subject))
        return Row(title, server, dict(root, hostName=wanted), verify)

    zero = b"server.example\0.evil.example"
    zero = bytes([0x30, len(zero) + 2, 0x82, len(zero)]) + zero
    check_rows(bench, [
        row("a common name beside other names", "subjectAltName=DNS:a.example\n", "b.example", WRONG, "b.example"),
        row("a common name beside addresses", "subjectAltName=IP:127.0.0.1\n", "b.example", "ok", "b.example"),
        row("an address as a common name", "", "127.0.0.1", WRONG, "127.0.0.1"),
        row("an address as a DNS name", "subjectAltName=DNS:127.0.0.1\n", "127.0.0.1", WRONG),
        row("an address as an URI", "subjectAltName=URI:https://127.0.0.1\n", "127.0.0.1", WRONG),
        row("a name as a mail address", "subjectAltName=email:post@server.example\n", "server.example", WRONG),
        row("another IPv4 address", "subjectAltName=IP:127.0.0.2\n", "127.0.0.1", WRONG),
        row("an IPv6 address", "subjectAltName=IP:2001:db8::1\n", "2001:DB8:0:0::1", "ok"),
        row("another IPv6 address", "subjectAltName=IP:2001:db8::1\n", "2001:db8::2", WRONG),
        row("an IPv4 address in an IPv6 one", "subjectAltName=IP:127.0.0.1\n", "::ffff:127.0.0.1", WRONG),
        row("a part of a label", "subjectAltName=DNS:a*.wild.example\n", "ab.wild.example", WRONG),
        row("a wildcard below", "subjectAltName=DNS:www.*.example\n", "www.a.example", WRONG),
        row("a wildcard for everything", "subjectAltName=DNS:*\n", "example", WRONG),
        row("a wildcard for a top-level domain", "subjectAltName=DNS:*.example\n", "server.example", WRONG),
        row("a wildcard as a common name", "", "a.wild.example", "ok", "*.wild.example"),
        row("the beginning of a name", "subjectAltName=DNS:server.example.evil.example\n", "server.example", WRONG),
        row("the end of a name", "subjectAltName=DNS:evil-server.example\n", "server.example", WRONG),
        row("a zero byte within", f"subjectAltName=DER:{zero.hex(':')}\n", "server.example", WRONG),
        row("no name at all", "", "server.example", WRONG),
    ])


@case(tools=["openssl"])
def usages(bench):
    keys = pki.of(bench)
    root = keys.ca()

    def row(title, extensions, verify):
        made = keys.issue(title.replace(" ", "-"), extensions + "subjectAltName=IP:127.0.0.1\n", root)
        return Row(title, TlsServer(bench, made), cert(root), verify)

    plain = "basicConstraints=CA:FALSE\n"
    wrong = "unsuitable certificate purpose"
    check_rows(bench, [
        row("for clients only", plain + "extendedKeyUsage=clientAuth\n", wrong),
        row("for mail only", plain + "extendedKeyUsage=emailProtection\n", wrong),
        row("for code only", plain + "extendedKeyUsage=critical,codeSigning\n", wrong),
        row("for servers and clients", plain + "extendedKeyUsage=serverAuth,clientAuth\n", "ok"),
        row("for anything", plain, "ok"),
        row("an authority as a server", AUTHORITY.replace("=critical,key", "=critical,digitalSignature,key"), "ok"),
        row("an unknown critical extension", HERE.split("subject")[0] + "1.2.3.4=critical,ASN1:NULL\n",
            "unhandled critical extension"),
    ])


@case(tools=["openssl"])
def weak_keys_and_signatures(bench):
    """OpenSSL's security level 2. `insist` lets an old server through, and `verify` tells."""
    keys = pki.of(bench)
    root, old = keys.ca(), keys.issue("old-ca", AUTHORITY, None, kind="rsa1024")

    def row(title, verify, by=root, **how):
        return Row(title, server_of(bench, keys.issue(title.replace(" ", "-"), HERE, by, **how)), cert(by), verify)

    check_rows(bench, [
        row("RSA 1024", "EE certificate key too weak", kind="rsa1024"),
        row("an authority with RSA 1024", "CA certificate key too weak", by=old),
        row("SHA-1", "CA signature digest algorithm too weak", digest="sha1"),
        row("SHA-1 with RSA", "CA signature digest algorithm too weak", kind="rsa", digest="sha1"),
        row("MD5", "CA signature digest algorithm too weak", by=keys.issue("rsa-ca", AUTHORITY, None, kind="rsa"),
            digest="md5"),
    ])
    # A curve that is too small is not even offered.
    small = server_of(bench, keys.issue("P-192", HERE, root, kind="ec192"))
    script = bench.play(ssl_open("127.0.0.1", small.port))
    message = script.message("CONN_CNF")
    bench.equal((message["result"], message["error"], message["verify"]), (1, EHANDSHAKE, "none"), str(message))


@case(tools=["openssl"])
def chains_that_do_not_hold(bench):
    keys = pki.of(bench)
    root = keys.ca()

    def chain(title, verify, *middles):
        """`middles`: (extensions, how) of the authorities between the root and the server, from above."""
        by, bundle = root, ""
        name = title.replace(" ", "-")
        for number, (extensions, how) in enumerate(middles):
            by = keys.issue(f"{name}-{number}", extensions, by, **how)
            bundle += by.text
        leaf = keys.issue(name, HERE, by)
        path = bench.file(name + ".chain", bundle)
        return Row(title, server_of(bench, leaf, "-cert_chain", path), cert(root), verify)

    short = AUTHORITY.replace("CA:TRUE", "CA:TRUE,pathlen:0")
    invalid = "invalid CA certificate"
    rows = [
        chain("two intermediates", "ok", (AUTHORITY, {}), (AUTHORITY, {})),
        chain("an end certificate in the middle", invalid, ("basicConstraints=critical,CA:FALSE\n", {})),
        chain("a middle that says nothing of itself", invalid, ("", {})),
        chain("a middle that may not sign certificates", invalid, ("basicConstraints=CA:TRUE\nkeyUsage=cRLSign\n", {})),
        chain("a middle for clients", "unsuitable certificate purpose", (AUTHORITY + "extendedKeyUsage=clientAuth\n", {})),
        chain("an expired middle", "certificate has expired", (AUTHORITY, {"start": -20, "end": -10})),
        chain("a middle that is not valid yet", "certificate is not yet valid", (AUTHORITY, {"start": 10, "end": 20})),
        chain("a weak middle", "CA certificate key too weak", (AUTHORITY, {"kind": "rsa1024"})),
        chain("a path as long as allowed", "ok", (short, {})),
        chain("a path that is too long", "path length constraint exceeded", (short, {}), (AUTHORITY, {})),
    ]
    # The same names, other keys: with and without identifiers that give it away.
    for marked, verify in ((True, "unable to get local issuer certificate"), (False, "certificate signature failure")):
        name = f"impostor-{marked}"
        impostor = keys.issue(name, AUTHORITY, None, subject="ca")
        leaf = keys.issue(name + "-leaf", HERE, impostor, key_identifiers=marked)
        rows.append(Row(name, TlsServer(bench, leaf), cert(root), verify))
    # Two authorities that signed each other, and nothing above them.
    one = keys.issue("one", AUTHORITY, None)
    two = keys.issue("two", AUTHORITY, one)
    circle = bench.file("circle", keys.issue("one-by-two", AUTHORITY, two, subject="one", key=one).text + two.text)
    rows.append(Row("a circle", TlsServer(bench, keys.issue("in-circle", HERE, one), "-cert_chain", circle), cert(root),
                    "unable to get local issuer certificate"))
    check_rows(bench, rows)


@case(tools=["openssl"])
def name_constraints(bench):
    keys = pki.of(bench)
    dns = keys.issue("dns-ca", AUTHORITY + "nameConstraints=critical,permitted;DNS:good.example,excluded;DNS:bad.good.example\n",
                     None)
    ip = keys.issue("ip-ca", AUTHORITY + "nameConstraints=critical,permitted;IP:127.0.0.0/255.255.255.0\n", None)
    root = keys.ca()
    below = keys.issue("dns-middle", AUTHORITY + "nameConstraints=critical,permitted;DNS:good.example\n", root)
    permitted, excluded = "permitted subtree violation", "excluded subtree violation"

    def row(title, by, names, wanted, verify, subject=None, anchor=None):
        made = keys.issue(title.replace(" ", "-"), LEAF + names, by, subject=subject)
        return Row(title, TlsServer(bench, made, "-cert_chain", by.cert), cert(anchor or by, hostName=wanted), verify)

    check_rows(bench, [
        row("permitted", dns, "subjectAltName=DNS:a.good.example\n", "a.good.example", "ok"),
        row("not permitted", dns, "subjectAltName=DNS:a.example\n", "a.example", permitted),
        row("one of two not permitted", dns, "subjectAltName=DNS:a.good.example,DNS:a.example\n", "a.good.example", permitted),
        row("excluded", dns, "subjectAltName=DNS:a.bad.good.example\n", "a.bad.good.example", excluded),
        row("a common name permitted", dns, "", "b.good.example", "ok", "b.good.example"),
        row("a common name not permitted", dns, "", "b.example", permitted, "b.example"),
        row("an address permitted", ip, "subjectAltName=IP:127.0.0.1\n", "127.0.0.1", "ok"),
        row("an address not permitted", ip, "subjectAltName=IP:127.0.1.1\n", "127.0.1.1", permitted),
        row("permitted by a middle", below, "subjectAltName=DNS:c.good.example\n", "c.good.example", "ok", None, root),
        row("not permitted by a middle", below, "subjectAltName=DNS:c.example\n", "c.example", permitted, None, root),
    ])


@case(tools=["openssl"])
def altered_certificates(bench):
    """One bit of the signature, and one of what is signed."""
    keys = pki.of(bench)
    leaf = keys.leaf("server", ["IP:127.0.0.1"])
    rows = []
    for title, at in (("signature", -1), ("serial number", 15)):
        lines = leaf.text.strip().split("\n")
        der = bytearray(base64.b64decode("".join(lines[1:-1])))
        der[at] ^= 1
        made = Certificate(bench.tmp, "altered" + str(at))
        made.cert.write_text("\n".join([lines[0], base64.encodebytes(bytes(der)).decode().strip(), lines[-1]]) + "\n")
        made.key = leaf.key
        rows.append(Row(title, TlsServer(bench, made), cert(keys.ca()), "certificate signature failure"))
    check_rows(bench, rows)


@case(tools=["openssl"])
def long_chains(bench):
    """Certificates that nobody needs cost nothing but their bytes; past 100 KiB the handshake is refused."""
    keys = pki.of(bench)
    leaf, stranger = keys.leaf("server", ["IP:127.0.0.1"]), keys.ca("other-ca")
    much = TlsServer(bench, leaf, "-cert_chain", bench.file("much", stranger.text * 100))
    check_rows(bench, [Row("a hundred more", much, cert(keys.ca()), "ok")])
    endless = TlsServer(bench, leaf, "-cert_chain", bench.file("endless", stranger.text * 400))
    script = bench.play(ssl_open("127.0.0.1", endless.port, cert(keys.ca())))
    message = script.message("CONN_CNF")
    bench.equal((message["result"], message["error"]), (1, EHANDSHAKE), str(message))
    bench.true("excessive message size" in message["reason"], message["reason"])


@case(tools=["openssl"])
def revocation_is_not_asked(bench):
    """No list and no responder is asked, whatever a certificate says; lists in a caCert text are passed over."""
    keys = pki.of(bench)
    root = keys.ca()
    asked = net.Server(bench, lambda connection: "asked")
    place = f"http://127.0.0.1:{asked.port}/"
    leaf = keys.issue("revoked", HERE + "tlsfeature=status_request\n" + f"crlDistributionPoints=URI:{place}\n" +
                      f"authorityInfoAccess=OCSP;URI:{place},caIssuers;URI:{place}\n", root)
    signed_by_root = ["-config", "ca.conf", "-cert", root.cert, "-keyfile", root.key]
    keys.openssl("ca", *signed_by_root, "-revoke", leaf.cert)
    keys.openssl("ca", *signed_by_root, "-gencrl", "-crldays", "1", "-out", "revoked.crl")
    listed = root.text + (keys.folder / "revoked.crl").read_text()
    server = TlsServer(bench, leaf)
    check_rows(bench, [Row("must staple", server, cert(root), "ok"), Row("revoked", server, cert(listed), "ok")])
    bench.equal(asked.outcomes, [], "who was asked")
