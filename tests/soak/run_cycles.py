#!/usr/bin/env python3
"""Runs many connect/send/receive/close/destroy cycles and compares the process after the first STOP of them with what it
is after each later one: the same descriptors, and no more memory.

    run_cycles.py --runner RUNNER [--program CYCLES | --interpreter LUA --modules FOLDER] KIND STOP...

No limit here is one of time.
"""

import argparse
import socket
import sys
import tempfile
from pathlib import Path

from watched import Bench, Watched, check_same, print_head


def run(command, environment, options, port):
    with Watched([*command, options.kind, port, *options.stops], environment) as program:
        print_head("cycles")
        first = program.at(options.stops[0])
        for stop in options.stops[1:]:
            check_same(first, program.at(stop), pages=not options.sanitized)
        program.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--interpreter")
    parser.add_argument("--modules")
    parser.add_argument("--program", help="what to run instead of cycles.lua")
    parser.add_argument("--sanitized", action="store_true", help="pages tell nothing: a sanitizer keeps freed memory")
    parser.add_argument("kind", choices=["tcp", "udp", "ssl", "refused"])
    parser.add_argument("stops", nargs="+", type=int, metavar="STOP")
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
