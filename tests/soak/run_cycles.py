#!/usr/bin/env python3
"""Runs thousands of connect/send/receive/close/destroy cycles and compares the process after the first and after the last
of them: the same descriptors, and no more memory.

    run_cycles.py --runner RUNNER [--program CYCLES | --interpreter LUA --modules FOLDER] KIND FIRST ALL

No limit here is one of time.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
from run_example import Bench, check, end  # noqa: E402

# What the program itself says it holds may not grow by more than a few things that are made late and kept. What the
# kernel says it has written to may grow by a few pages that an allocator uses in another order.
MOST_GROWTH = 4 * 1024
MOST_GROWTH_OF_PAGES = 256 * 1024


def look_at(process):
    descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    return descriptors, int(re.search(r"Private_Dirty:\s+(\d+)", rollup)[1]) * 1024


def stop_and_look(process, number):
    line = process.stdout.readline()
    check(line.startswith(f"at {number} "), f"after {number} cycles it should stop; it says: {line!r}")
    held = int(line.split()[2])
    descriptors, pages = look_at(process)
    print(f"after {number:6} cycles: {descriptors} descriptors, {held:,} bytes held, {pages:,} bytes of pages")
    process.stdin.write("\n")
    process.stdin.flush()
    return descriptors, held, pages


def run(command, environment, options, port):
    command = [*command, options.kind, str(port), str(options.first), str(options.all)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
    try:
        descriptors, held, pages = stop_and_look(process, options.first)
        descriptors_then, held_then, pages_then = stop_and_look(process, options.all)
        check(process.wait(30) == 0, f"exit status {process.returncode}")
    finally:
        end(process)
    check(descriptors_then == descriptors, "the number of descriptors has changed")
    check(held_then - held <= MOST_GROWTH, f"it holds {held_then - held:,} bytes more")
    if not options.sanitized:
        check(pages_then - pages <= MOST_GROWTH_OF_PAGES, f"it has {pages_then - pages:,} more bytes of pages")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--interpreter")
    parser.add_argument("--modules")
    parser.add_argument("--program", help="what to run instead of cycles.lua")
    parser.add_argument("--sanitized", action="store_true", help="pages tell nothing: a sanitizer keeps freed memory")
    parser.add_argument("kind", choices=["tcp", "udp", "ssl", "refused"])
    parser.add_argument("first", type=int)
    parser.add_argument("all", type=int)
    options = parser.parse_args()
    options.embed = options.build = options.compiler = None
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        # What malloc keeps for its threads would count as given out.
        bench.environment["GLIBC_TUNABLES"] = "glibc.malloc.tcache_count=0"
        command = [options.program] if options.program else [*bench.command, Path(__file__).with_name("cycles.lua")]
        if options.kind == "refused":
            # Bound but not listening: nobody else can come to listen there meanwhile.
            with socket.socket() as nobody:
                nobody.bind(("127.0.0.1", 0))
                run(command, bench.environment, options, nobody.getsockname()[1])
        else:
            with bench.echo_server() as ports:
                service = "tls" if options.kind == "ssl" else options.kind
                run(command, bench.environment, options, ports[service])
    return 0


if __name__ == "__main__":
    sys.exit(main())
