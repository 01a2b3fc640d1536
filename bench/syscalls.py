#!/usr/bin/env python3
"""Counts the system calls of each client per operation, with strace, once all start-up is taken off.

    bench/syscalls.py build/release [WORK,...]
"""

import re
import shutil
import sys
import tempfile

from lab import GIB, MIB, WORKS, Lab, die, raise_descriptor_limit

# Small enough for strace; the difference of two runs leaves out what starting and ending cost.
COUNTS = {"echo_1": 2_000, "echo_1000": 8_000, "receive": 64 * MIB, "send": 64 * MIB, "connects": 1_000,
          "udp_echo": 2_000, "tls_receive": 64 * MIB, "tls_connects": 200}
LINE = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:(\d+)\s+)?(\w+)$")


def counted(lab, command, work, ports, count):
    with tempfile.NamedTemporaryFile("r") as report:
        lab.run(command, work, ports, count, prefix=["strace", "-c", "-f", "-o", report.name])
        found = (LINE.match(line) for line in report.read().splitlines())
        return {match[3]: int(match[1]) for match in found if match and match[3] != "total"}


def main():
    if not shutil.which("strace"):
        die("strace is not installed")
    raise_descriptor_limit()
    lab = Lab(sys.argv[1] if len(sys.argv) > 1 else "build/release")
    only = sys.argv[2].split(",") if len(sys.argv) > 2 else list(COUNTS)
    clients = {name: command for name, command in lab.clients().items() if name in ("raw", "engine", "luajit")}
    for work in WORKS:
        if work.name not in only:
            continue
        per, what = (MIB, "MiB") if work.per == GIB else (1, work.rate.removesuffix("s").replace("echoe", "echo"))
        print(f"{work.title}: system calls per {what}")
        small, large = COUNTS[work.name], 3 * COUNTS[work.name]
        for name, command in clients.items():
            with lab.server() as ports:
                low = counted(lab, command, work, ports, small)
                high = counted(lab, command, work, ports, large)
            each = {call: (high[call] - low.get(call, 0)) * per / (large - small) for call in high}
            lines = sorted(((value, call) for call, value in each.items() if value >= 0.005), reverse=True)
            print(f"  {name:7}" + "  ".join(f"{call} {value:.2f}" for value, call in lines))


if __name__ == "__main__":
    main()
