"""What the verification of a server's certificate must come to: a table of rows, each tried with every `insist`."""
from .script import lua
from .tls import ssl_open

EINVALID = 20


class Row:
    """A server, what the script passes, and what it must be told. `verify`: "ok", "none" or a part of the reason."""

    def __init__(self, title, server, table, verify, address="127.0.0.1"):
        self.title, self.server, self.table, self.verify, self.address = title, server, table, verify, address


def try_all(bench, rows, options=(), env=None):
    """Each row with insist absent, 1 and 0, in one script."""
    lines = []
    for number, row in enumerate(rows):
        for insist in (None, 1, 0):
            lines.append(f"""
                kit.say("row", {{number = {number}, insist = {lua(-1 if insist is None else insist)}}})
                do
                  local id, message = {ssl_open(row.address, row.server.port, row.table, insist)}
                  kit.close(id)
                end""")
    script = bench.play("".join(lines), options=options, env=env)
    outcomes, current = {}, None
    for record in script.records:
        if record.get("note") == "row":
            current = (record["number"], record["insist"])
        elif record.get("message") == "CONN_CNF":
            outcomes[current] = record
    return outcomes


def check_rows(bench, rows):
    outcomes = try_all(bench, rows)
    for number, row in enumerate(rows):
        good = row.verify in ("ok", "none")
        for insist in (-1, 1, 0):
            message = outcomes[number, insist]
            what = f"{row.title}, insist {insist}: {message}"
            if good:
                bench.equal(message["verify"], row.verify, what)
            else:
                bench.true(row.verify in message["verify"], what)
            if good or insist != 0:
                bench.equal((message["result"], "error" in message), (0, False), what)
            else:
                bench.equal((message["result"], message["error"]), (1, EINVALID), what)
                bench.true(row.verify in message["reason"] and "127.0.0.1" in message["reason"], what)
