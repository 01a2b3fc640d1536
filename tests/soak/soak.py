#!/usr/bin/env python3
"""Runs the long soaks, with a release build that has the target `soak`, and prints their tables.

    tests/soak/soak.py [--cycles N] [--sockets N] [--seconds N] [BUILD] [PART...]

Parts: cycles (a million over TCP, UDP and refused, a tenth of that over TLS, by the engine; a million over TCP by a script),
crowd (as many sockets at once as the descriptor limit allows, in one process and in three), mixed (an hour under valgrind's
massif). All of them without a part.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def stops_up_to(count):
    return [stop for stop in (1000, 10_000, 100_000) if stop < count] + [count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1_000_000)
    parser.add_argument("--sockets", type=int, help="at once in each process; default: what it may")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("build", nargs="?", type=Path, default=Path("build/release"))
    parser.add_argument("parts", nargs="*", metavar="PART", help="cycles, crowd, mixed")
    options = parser.parse_args()
    build = options.build.resolve()
    runner = ["--runner", build / "socketcore"]
    failed = []

    def run(title, script, *arguments):
        print(f"\n## {title}\n", flush=True)
        command = [sys.executable, HERE / script, *runner, *arguments]
        if subprocess.run(list(map(str, command)), check=False).returncode != 0:
            failed.append(title)

    def cycles():
        for kind, count in (("tcp", options.cycles), ("udp", options.cycles), ("refused", options.cycles),
                            ("ssl", options.cycles // 10)):
            run(f"{count:,} cycles, {kind}, engine", "run_cycles.py", "--program", build / "tests/soak/cycles", kind,
                *stops_up_to(count))
        run(f"{options.cycles:,} cycles, tcp, script", "run_cycles.py", "tcp", *stops_up_to(options.cycles))

    def crowd():
        sockets = [] if options.sockets is None else [options.sockets]
        for pairs in (1, 3):
            run(f"Sockets at once, {pairs} processes, engine", "run_crowd.py", "--pairs", pairs,
                "--program", build / "tests/soak/crowd", *sockets)
        run("Sockets at once, script", "run_crowd.py", *sockets)

    def mixed():
        lua = ["--interpreter", shutil.which("lua5.1") or sys.exit("lua5.1 is missing"), "--modules", build / "lua"]
        run(f"{options.seconds} s of mixed load under massif", "run_mixed.py", "--massif", *lua, options.seconds)

    parts = {"cycles": cycles, "crowd": crowd, "mixed": mixed}
    for name in options.parts or parts:
        if name not in parts:
            parser.error(f"no part {name}")
        parts[name]()
    if failed:
        sys.exit("FAILED: " + "; ".join(failed))


if __name__ == "__main__":
    main()
