"""A program that stops and says so ("at WHERE BYTES"), and what the kernel says of it then."""

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
from run_example import Bench, check, end  # noqa: E402, F401

# What the program itself says it holds may not grow by more than a few things that are made late and kept. What the
# kernel says it has written to may grow by a few pages that an allocator uses in another order.
MOST_GROWTH = 4 * 1024
MOST_GROWTH_OF_PAGES = 256 * 1024


class Look(NamedTuple):
    descriptors: int
    held: int      # bytes, as the program says
    dirty: int     # bytes of pages that it alone has written to
    resident: int  # bytes


def raise_descriptor_limit():
    """For this process and those that it starts. Returns how many each may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def pages_of(pid):
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return (int(re.search(rf"{name}:\s+(\d+)", rollup)[1]) * 1024 for name in ("Private_Dirty", "Rss"))


class Watched:
    def __init__(self, command, environment):
        self.began = time.monotonic()
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    def stop(self, where):
        """Waits until it stops there, prints a row and returns what it looks like."""
        line = self.process.stdout.readline()
        check(line.startswith(f"at {where} "), f"it should stop at {where}; it says: {line!r}")
        look = Look(len(os.listdir(f"/proc/{self.process.pid}/fd")), int(line.split()[-1]), *pages_of(self.process.pid))
        print(f"| {where} | {look.descriptors} | {look.held:,} | {look.dirty // 1024:,} | {look.resident // 1024:,} | "
              f"{time.monotonic() - self.began:.0f} |", flush=True)
        return look

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def at(self, where):
        look = self.stop(where)
        self.go_on()
        return look

    def finish(self):
        rest = self.process.stdout.read().strip()
        check(self.process.wait(60) == 0, f"exit status {self.process.returncode}")
        return rest


def print_head(first):
    print(f"| {first} | descriptors | held, bytes | Private_Dirty, KiB | RSS, KiB | after, s |\n"
          "| --- | --- | --- | --- | --- | --- |")


def check_same(before, then, pages=True):
    check(then.descriptors == before.descriptors, "the number of descriptors has changed")
    check(then.held - before.held <= MOST_GROWTH, f"it holds {then.held - before.held:,} bytes more")
    if pages:
        grown = then.dirty - before.dirty
        check(grown <= MOST_GROWTH_OF_PAGES, f"it has {grown:,} more bytes of pages")
