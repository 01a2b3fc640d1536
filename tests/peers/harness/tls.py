"""openssl s_server, in all its moods, and TLS servers and streams of Python."""
import ssl

from . import net
from .script import lua

# With these s_server does not tell which port it has.
TACITURN = {"-quiet", "-brief", "-rev"}


class TlsServer:
    """s_server on a free port. `options` are its own; what is typed into it goes to the client, or is a command."""

    def __init__(self, bench, certificate, *options, address="127.0.0.1", stdout=None):
        chosen = net.free_port() if TACITURN & set(options) or stdout else 0
        words = ["openssl", "s_server", "-accept", f"{address}:{chosen}"]
        if certificate is not None:
            words += ["-cert", certificate.cert, "-key", certificate.key]
        self.process = bench.start([*words, *options], name="s_server", stdin="pipe", stdout=stdout)
        if chosen:
            net.wait_listening(bench, chosen, self.process)
        self.port = chosen or int(self.process.wait_for(r"^ACCEPT .*:(\d+)\s*$")[1])

    def type(self, text):
        """s_server looks for one command per read, so each is waited for to be read. 'Q' ends it without a close_notify."""
        self.process.write(text)
        self.process.bench.until(lambda: net.unread(self.process.child.stdin) == 0, "s_server reads its standard input")

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
