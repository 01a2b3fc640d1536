"""The record of bench/instructions.py: what the hot paths cost when somebody last agreed to it."""

import json

MOST_GROWTH = 0.05
UNITS = {"receive": "MiB", "send": "MiB", "tls_receive": "MiB", "connects": "connection"}
WHAT = {"instructions": "instructions", "calls": "system calls"}
ADVICE = """
If that is the price of something, record it in the same commit, and say there what it buys:
    cmake --build build/release --target bench_instructions && bench/instructions.py --record
Where they went: callgrind_annotate build/release/bench/callgrind/PATH.CLIENT"""


def read(path):
    """The tools and the counts by (path, client); both empty where there is no record yet."""
    if not path.exists():
        return {}, {}
    record = json.loads(path.read_text())
    return record["tools"], {(line.pop("path"), line.pop("client")): line for line in record["counts"]}


def write(path, tools, counts):
    """One line per tool, and per path and client, so that a difference of two records can be read."""
    def lines(entries):
        return ",\n".join(f"    {entry}" for entry in entries)

    named = lines(f"{json.dumps(name)}: {json.dumps(version)}" for name, version in tools.items())
    counted = lines(json.dumps({"path": key[0], "client": key[1], **figures}) for key, figures in counts.items())
    path.write_text(f'{{\n  "tools": {{\n{named}\n  }},\n  "counts": [\n{counted}\n  ]\n}}\n')


def changes(old, new):
    """(path, client, what, old, new, growth) for every figure that both have."""
    for key, figures in new.items():
        for what in WHAT:
            if key in old:
                before, after = old[key][what], figures[what]
                growth = round(after / before - 1, 6) if before else float(after > 0)
                yield *key, what, before, after, growth


def said(path, client, what, before, after, growth):
    unit = UNITS.get(path, "echo")
    return f"{path}, {client}: {after:,.1f} {WHAT[what]} per {unit}, recorded {before:,.1f}: {growth:+.1%}"


def compare(old, new):
    """What has grown too much, or is missing on either side; and what has shrunk so far that the record is loose."""
    failures = [f"{path}, {client}: not in the record" for path, client in new.keys() - old.keys()]
    failures += [f"{path}, {client}: in the record, but not counted" for path, client in old.keys() - new.keys()]
    notes = []
    for change in changes(old, new):
        if change[-1] > MOST_GROWTH:
            failures.append(said(*change))
        elif change[-1] < -MOST_GROWTH:
            notes.append(f"{said(*change)}; record it, so that it stays")
    return sorted(failures), notes


def differing_tools(old, new):
    return [f"{name}: the record was taken with {old.get(name, 'none')}, this is {version}; that alone may change counts"
            for name, version in new.items() if old and old.get(name) != version]


def table(counts, old):
    rows = [f"{'path':12} {'client':7} {'instructions':>12} {'recorded':>12} {'':>7}  {'calls':>8} {'recorded':>8}"]
    for key, figures in counts.items():
        before = old.get(key, figures)
        growth = figures["instructions"] / before["instructions"] - 1
        rows.append(f"{key[0]:12} {key[1]:7} {figures['instructions']:12,.1f} {before['instructions']:12,.1f}"
                    f" {growth:+7.1%}  {figures['calls']:8,.2f} {before['calls']:8,.2f}  per {UNITS.get(key[0], 'echo')}")
    return "\n".join(rows)
