#!/usr/bin/env python3
"""Counts the instructions that each client spends outside the kernel per operation, with callgrind.

    bench/instructions.py build/release [WORK,...]

Other than times, these do not depend on what else the machine does. Each figure is the difference of two runs of different
length, so start and end are left out.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace

from lab import WORKS, Lab, die, pinned, raise_descriptor_limit

COUNTS = {"echo_1000": 2_000, "udp_echo": 1_000, "connects": 500}
CONNECTIONS = 100  # of the echoes: callgrind is slow
CLIENTS = ("raw", "engine", "luajit", "lua5.1")
COLLECTED = re.compile(r"Collected : (\d+)")


def counted(lab, command, work, ports, count):
    with tempfile.TemporaryDirectory() as folder:
        words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *command, work.order,
                 str(ports[work.service]), str(count), str(work.connections)]
        done = subprocess.run(pinned(0, words), capture_output=True, env=lab.environment, text=True, timeout=600)
        found = COLLECTED.search(done.stderr)
        if done.returncode != 0 or not found:
            die(f"{' '.join(words)} failed: {done.stderr[-1000:]}")
        return int(found[1])


def main():
    if not shutil.which("valgrind"):
        die("valgrind is not installed")
    raise_descriptor_limit()
    lab = Lab(sys.argv[1] if len(sys.argv) > 1 else "build/release")
    only = sys.argv[2].split(",") if len(sys.argv) > 2 else list(COUNTS)
    clients = {name: command for name, command in lab.clients().items() if name in CLIENTS}
    for work in WORKS:
        if work.name not in only or work.name not in COUNTS:
            continue
        if work.connections > 1:
            work = replace(work, connections=CONNECTIONS, title=f"{work.order}, {CONNECTIONS} connections")
        small, large = COUNTS[work.name], 3 * COUNTS[work.name]
        print(f"{work.title}: instructions per operation")
        for name, command in clients.items():
            with lab.server() as ports:
                low = counted(lab, command, work, ports, small)
                high = counted(lab, command, work, ports, large)
            print(f"  {name:7}{(high - low) / (large - small):10,.0f}", flush=True)


if __name__ == "__main__":
    main()
