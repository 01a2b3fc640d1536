"""openssl s_server, in all its moods, and TLS servers and streams of Python."""
import ssl

from .script import lua


class TlsServer:
    """s_server on a free port. `options` are its own; `stdin="pipe"` types into it."""

    def __init__(self, bench, certificate, *options, address="127.0.0.1", stdin="pipe", stdout=None, cwd=None):
        words = ["openssl", "s_server", "-accept", f"{address}:0"]
        if certificate is not None:
            words += ["-cert", certificate.cert, "-key", certificate.key]
        self.process = bench.start([*words, *options], name="s_server", stdin=stdin, stdout=stdout, cwd=cwd)
        stream = "any"
        self.port = int(self.process.wait_for(r"^ACCEPT .*:(\d+)\s*$", stream)[1])

    def type(self, text):
        self.process.write(text)

    def wait_for(self, pattern):
        return self.process.wait_for(pattern)

    @property
    def said(self):
        return self.process.output() + self.process.errors()


def cert(ca=None, client=None, **more):
    """The cert table of sock_conn, as a Python dict: PEM texts of certificates."""
    table = dict(more)
    if ca is not None:
        table["caCert"] = ca if isinstance(ca, str) else ca.text
    if client is not None:
        table["clientCert"] = client.text
        table["clientKey"] = client.key_text
    return table


def ssl_open(address, port, table=None, insist=None, flag=None, call="open"):
    """A call of kit.open (or kit.connect) for type 2, as Lua source."""
    return f"kit.{call}(2, {lua(address)}, {port}, {lua(table)}, nil, {lua(insist)}, nil, {lua(flag)})"


def server_context(certificate, ca=None, low=None, high=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    if ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca.cert)
    if low:
        context.minimum_version = low
    if high:
        context.maximum_version = high
    return context
