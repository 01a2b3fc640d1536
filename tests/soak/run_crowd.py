#!/usr/bin/env python3
"""Opens as many sockets at once as it may, has each echo a line, closes them, and does so again: the third round may not
hold more than the second did (in the first two the queue's ring is written to for the first time), and after each there are
the same descriptors as before.

    run_crowd.py --runner RUNNER [--program CROWD | --interpreter LUA --modules FOLDER] [--pairs N] [COUNT]

COUNT is 50,000 or what the descriptor limit allows, if that is less. Client and server are processes of their own. With
--pairs there are several of each, and each step begins when all have done the one before: what one process may not open,
several may.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from watched import Bench, Watched, check, check_same, print_head, raise_descriptor_limit

MOST = 50_000
OWN_DESCRIPTORS = 32  # what a process needs for itself
ROUNDS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--interpreter")
    parser.add_argument("--modules")
    parser.add_argument("--program", help="what to run instead of crowd.lua")
    parser.add_argument("--sanitized", action="store_true", help="pages tell nothing: a sanitizer keeps freed memory")
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("count", nargs="?", type=int, help="sockets of each client")
    options = parser.parse_args()
    options.embed = options.build = options.compiler = None
    most = min(MOST, raise_descriptor_limit() - OWN_DESCRIPTORS)
    count = most if options.count is None else options.count
    check(count <= most, f"no process may have {count} sockets here, but {most}")

    with contextlib.ExitStack() as stack:
        programs = []
        for _ in range(options.pairs):
            bench = Bench(options, stack.enter_context(tempfile.TemporaryDirectory()))
            bench.environment["GLIBC_TUNABLES"] = "glibc.malloc.tcache_count=0"
            command = [options.program] if options.program else [*bench.command, Path(__file__).with_name("crowd.lua")]
            port = stack.enter_context(bench.echo_server("0.0.0.0"))["tcp"]
            programs.append(stack.enter_context(Watched([*command, port, count, ROUNDS], bench.environment)))

        def all_at(where):
            looks = [program.stop(where) for program in programs]
            for program in programs:
                program.go_on()
            return looks

        print(f"{count:,} sockets in each of {options.pairs} clients, {ROUNDS} rounds")
        print_head("")
        start = all_at("start")
        rounds = []
        for _ in range(ROUNDS):
            opened = all_at("open")
            check(all(then.descriptors - before.descriptors == count for before, then in zip(start, opened)),
                  "not every socket has its descriptor")
            all_at("echoed")
            rounds.append(all_at("closed"))
        for before, first, second, third in zip(start, *rounds):
            check(first.descriptors == before.descriptors, "descriptors are left")
            check_same(second, third, pages=not options.sanitized)
        for program in programs:
            program.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
