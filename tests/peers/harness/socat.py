"""socat, which says on which port it listens."""


class Socat:
    def __init__(self, bench, listen, other, *options):
        """`listen` may have port 0: socat's own choice is in `port`."""
        self.process = bench.start(["socat", "-d", "-d", *options, listen, other])
        if "LISTEN" in listen:
            match = self.process.wait_for(r"listening on AF=\d+ .*:(\d+)$")
            self.port = int(match[1])
