"""What our TLS refuses whoever asks for it: old versions, weak ciphers, weak keys for the exchange, weak signatures."""
import base64

from harness import pki
from harness.case import case
from harness.tls import TlsServer, ssl_open

EHANDSHAKE = 18

# RFC 2409, 6.2: a prime of 1024 bits. No OpenSSL serves a shorter one.
PRIME = ("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
         "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
         "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF")


def weak_dh(bench):
    """PKCS#3's parameters in PEM: the prime, and 2."""
    numbers = b"\x02\x81\x81\0" + bytes.fromhex(PRIME) + b"\x02\x01\x02"
    text = base64.encodebytes(b"\x30\x81" + bytes([len(numbers)]) + numbers).decode()
    return bench.file("dh.pem", f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n")


def outcomes(bench, servers, **settings):
    """CONN_CNF of each server in turn, without a CA and with `insist`: the most lenient that a script can be."""
    lines = "".join(f"do local id = {ssl_open('127.0.0.1', s.port, None, 1)} kit.close(id) end\n" for s in servers)
    return bench.play(lines, **settings).messages("CONN_CNF")


@case(tools=["openssl"])
def weak_servers_are_refused(bench):
    """Each of them would do what is asked of it: its own security level is 0."""
    keys = pki.of(bench)
    ec, rsa = (keys.leaf("server-" + kind, ["IP:127.0.0.1"], kind) for kind in ("ec", "rsa"))
    rows = {
        "TLS 1.0": (rsa, "ALL", "-tls1"),
        "TLS 1.1": (rsa, "ALL", "-tls1_1"),
        "no cipher": (rsa, "NULL-SHA256", "-tls1_2"),
        "no cipher behind a key exchange": (ec, "ECDHE-ECDSA-NULL-SHA", "-tls1_2"),
        "no authentication": (None, "AECDH-AES128-SHA", "-tls1_2", "-nocert"),
        "no authentication, DH": (None, "ADH-AES128-GCM-SHA256", "-tls1_2", "-nocert"),
        "DH of 1024 bits": (rsa, "DHE-RSA-AES128-GCM-SHA256", "-tls1_2", "-dhparam", weak_dh(bench)),
        "a curve of 192 bits": (rsa, "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2", "-named_curve", "P-192"),
        "SHA-1 in the handshake": (rsa, "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2", "-sigalgs", "RSA+SHA1"),
        "a key from beforehand": (None, "PSK-AES128-GCM-SHA256", "-tls1_2", "-nocert", "-psk", "00112233"),
    }
    servers = [TlsServer(bench, leaf, "-cipher", cipher + ":@SECLEVEL=0", *options)
               for leaf, cipher, *options in rows.values()]
    for title, message in zip(rows, outcomes(bench, servers)):
        bench.equal((message["result"], message.get("error")), (1, EHANDSHAKE), f"{title}: {message}")
        bench.true("127.0.0.1" in message["reason"], message["reason"])


@case(tools=["openssl"])
def machine_has_a_word(bench):
    """openssl.cnf's policy counts; but level 1 is what an old OpenSSL was built with, and the wish of nobody."""
    keys = pki.of(bench)
    rsa = keys.leaf("server-rsa", ["IP:127.0.0.1"], "rsa")
    weak = TlsServer(bench, rsa, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
                     "-dhparam", weak_dh(bench))
    rows = [("CipherString = DEFAULT:@SECLEVEL=0", weak, 0), ("CipherString = DEFAULT:@SECLEVEL=1", weak, 1),
            ("CipherString = DEFAULT:@SECLEVEL=2", weak, 1),
            ("CipherString = ECDHE+AESGCM:ECDHE+CHACHA20",
             TlsServer(bench, rsa, "-tls1_2", "-cipher", "AES128-SHA:ECDHE-RSA-AES128-SHA"), 1),
            ("MinProtocol = TLSv1.3", TlsServer(bench, rsa, "-tls1_2"), 1),
            ("MaxProtocol = TLSv1.2", TlsServer(bench, rsa, "-tls1_3"), 1),
            ("MinProtocol = TLSv1", TlsServer(bench, rsa, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), 1)]
    for policy, server, result in rows:
        config = bench.file("openssl.cnf", "openssl_conf = top\n[top]\nssl_conf = modules\n[modules]\nsystem_default = us\n"
                            f"[us]\n{policy}\n")
        message, = outcomes(bench, [server], env={"OPENSSL_CONF": str(config)})
        bench.equal(message["result"], result, f"{policy}: {message}")
