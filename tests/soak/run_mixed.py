#!/usr/bin/env python3
"""TCP, TLS, UDP, names, timers, refusals, ends and resets, mixed, for SECONDS. Twelve times in the run all sockets are closed,
and the process is looked at: in the second half it may not have more than in the first.

    run_mixed.py --runner RUNNER [--interpreter LUA --modules FOLDER] [--massif] [--seed N] SECONDS

With --massif it runs under valgrind's, which sees each byte of the heap (a stock lua5.1 is the interpreter for that:
LuaJIT's memory is not malloc's), and the largest heap of each twelfth is printed.
"""

import argparse
import contextlib
import re
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

from watched import Bench, Watched, check, print_head

STOPS = 12
WIDTH = 20
# LuaJIT goes on compiling for a while, and a twelfth has its own mix.
MOST_GROWTH = 512 * 1024


@contextlib.contextmanager
def rude_server(treat):
    """Treats each connection in its own way; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1000)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                treat(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def say_and_end(connection):
    connection.sendall(b"goodbye")


def reset(connection):
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def check_flat(sizes, what):
    """The second half may not exceed the first."""
    grown = max(sizes[STOPS // 2:]) - max(sizes[:STOPS // 2])
    check(grown <= MOST_GROWTH, f"{what} has grown by {grown:,} bytes")


def print_peaks(massif_out):
    """The largest heap of each twelfth of massif's snapshots."""
    text = massif_out.read_text(encoding="ascii")
    times = [int(number) for number in re.findall(r"^time=(\d+)", text, re.MULTILINE)]
    heaps = [int(number) for number in re.findall(r"^mem_heap_B=(\d+)", text, re.MULTILINE)]
    check(len(times) == len(heaps) >= STOPS, "massif has taken too few snapshots")
    peaks = [0] * STOPS
    for when, heap in zip(times, heaps):
        part = min(when * STOPS // (times[-1] + 1), STOPS - 1)
        peaks[part] = max(peaks[part], heap)
    print(f"massif, {len(heaps)} snapshots; the largest heap of each twelfth, bytes:", ", ".join(f"{p:,}" for p in peaks))
    check_flat(peaks, "the heap")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--interpreter")
    parser.add_argument("--modules")
    parser.add_argument("--sanitized", action="store_true", help="pages tell nothing: a sanitizer keeps freed memory")
    parser.add_argument("--massif", action="store_true")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**31)
    parser.add_argument("seconds", type=int)
    options = parser.parse_args()
    options.embed = options.build = options.compiler = None
    print("seed", options.seed)
    with contextlib.ExitStack() as stack:
        bench = Bench(options, stack.enter_context(tempfile.TemporaryDirectory()))
        ports = stack.enter_context(bench.echo_server())
        nobody = stack.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))
        where = [ports["tcp"], ports["udp"], ports["tls"], stack.enter_context(rude_server(say_and_end)),
                 stack.enter_context(rude_server(reset)), nobody.getsockname()[1]]
        command = [*bench.command, Path(__file__).with_name("mixed.lua")]
        massif_out = bench.folder / "massif.out"
        if options.massif:
            command = ["valgrind", "-q", "--tool=massif", "--time-unit=ms", "--max-snapshots=1000",
                       "--detailed-freq=1000", f"--massif-out-file={massif_out}", *command]
        program = stack.enter_context(
            Watched([*command, *where, options.seconds, WIDTH, options.seed, STOPS], bench.environment))
        print_head("twelfth")
        looks = [program.at(stop) for stop in range(1, STOPS + 1)]
        print(program.finish())
        if options.massif:
            print_peaks(massif_out)
        check(all(look.descriptors == looks[0].descriptors for look in looks), "the number of descriptors has changed")
        check_flat([look.held for look in looks], "what the script holds")
        if not (options.sanitized or options.massif):
            check_flat([look.dirty for look in looks], "what it has of pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
