#!/usr/bin/env python3
"""Measures a device's project with all of the script library and prints tables; see docs/performance.md.

How long it takes from `socketcore run` to the data link, what it holds in memory when it lies idle, how fast it
publishes over MQTT (beside libmosquitto), asks the modem and moves bytes over a UART. Takes the builds of either Lua.
Builds nothing:

    cmake --build build/release --target bench && bench/device.py build/release build/release-puc
"""

import argparse
import contextlib
import json
import os
import pty
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import tty
from pathlib import Path

from lab import CLIENT_CORE, HERE, MIB, SERVER_CORE, die
from run import machine, print_table, three_digits

PROJECT = HERE / "device"
PLAIN = HERE / "plain.lua"
LIBRARY = HERE.parent / "lualib"
LIMITS = {"boot_s": 0.1, "memory_bytes": 2 * MIB, "mqtt_ratio": 0.5}
CORES = os.sched_getaffinity(0)
PEER = "libmosquitto"
WORKS = ("boot", "memory", "mqtt", "ports")
WINDOWS = (1, 20)  # messages that wait for their PUBACK


def move_to(core):
    if core in CORES:
        os.sched_setaffinity(0, {core})


class Run:
    """A program on the clients' core. Its output is read line by line; at the end its processor's time is known."""

    def __init__(self, command):
        self.command = [str(word) for word in command]
        # Inherited: a program of taskset's own would count as a part of the start.
        move_to(CLIENT_CORE)
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        move_to(SERVER_CORE)

    def wait_line(self, word):
        """Reads up to the line that begins with this word. Returns what follows it there."""
        for line in self.process.stdout:
            if line.split(maxsplit=1)[:1] == [word]:
                return line[len(word):].strip()
        self.process.wait()
        die(f"{' '.join(self.command)} ended with status {self.process.returncode} before the line '{word}'")

    def private_dirty(self):
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="utf-8")
        return 1024 * int(re.search(r"Private_Dirty:\s*(\d+)", rollup)[1])

    def end(self, kill=False):
        """Waits for its end. Returns the processor's time that it took."""
        if kill:
            self.process.kill()
        for _ in self.process.stdout:
            pass
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process.stdout.close()
        if not kill and self.process.returncode != 0:
            die(f"{' '.join(self.command)} ended with status {self.process.returncode}")
        return usage.ru_utime + usage.ru_stime


class Build:
    def __init__(self, path):
        self.path = Path(path).resolve()
        self.runner = self.path / "socketcore"
        self.devices = self.path / "bench" / "devices"
        for program in (self.runner, self.devices):
            if not program.exists():
                die(f"{program} is missing: cmake --build {path} --target bench")
        says = subprocess.run([self.runner, "doctor"], stdout=subprocess.PIPE, text=True).stdout
        self.name = "luajit" if "LuaJIT" in says else "lua5.1"

    def project(self, *words, options=()):
        return Run([self.runner, "run", "--modem", "instant", *options, PROJECT, *words])

    def plain(self, *words):
        return Run([self.runner, "run", PLAIN, *words])


def in_turns(rounds, works):
    """Calls the functions by name in turn, round by round, after one that does not count. Their results, by name."""
    results = {name: [] for name in works}
    names = list(works)
    for turn in range(rounds + 1):
        for name in names:
            result = works[name]()
            if turn > 0:
                results[name].append(result)
        names.append(names.pop(0))
    return results


def started(run):
    run.wait_line("ready")
    wall = time.monotonic() - run.started
    return wall, run.end()


def measure_boot(builds, rounds):
    works = {}
    for build in builds:
        works[f"{build.name}, plain script"] = lambda build=build: started(build.plain())
        works[f"{build.name}, device"] = lambda build=build: started(build.project("boot"))
    results = {}
    for name, pairs in in_turns(rounds, works).items():
        walls, cpus = zip(*pairs)
        results[name] = {"wall_s": statistics.median(walls), "worst_s": max(walls), "cpu_s": statistics.median(cpus)}
    return results


def idle(run):
    heap = int(run.wait_line("heap"))
    dirty = run.private_dirty()
    run.end(kill=True)
    return heap, dirty


def measure_memory(build, count):
    plain_heap, plain = idle(build.plain("idle"))
    heap, whole = idle(build.project("idle"))
    run = Run([build.devices, PROJECT, LIBRARY, count])
    dirty = [int(run.wait_line("dirty")) for _ in range(count + 1)]
    run.end()
    return {"plain_heap": plain_heap, "heap": heap, "plain_dirty": plain, "dirty": whole,
            "each": (dirty[-1] - dirty[1]) / (count - 1)}


@contextlib.contextmanager
def broker():
    """Starts mosquitto, on this program's core, and gives its port."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        config = Path(folder, "mosquitto.conf")
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\nset_tcp_nodelay true\n",
                          encoding="utf-8")
        process = subprocess.Popen(["mosquitto", "-c", str(config)])
        try:
            for _ in range(100):
                with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            else:
                die("mosquitto does not listen")
            yield port
        finally:
            process.kill()
            process.wait()


def timed(run):
    """The seconds that the program says it took, and its processor's time."""
    seconds = float(run.wait_line("seconds"))
    return seconds, run.end()


def measure_mqtt(builds, peer, rounds, count):
    works = {}
    with broker() as port:
        for window in WINDOWS:
            works[PEER, window] = lambda window=window: timed(Run([peer, port, count, window]))
            for build in builds:
                works[build.name, window] = (
                    lambda build=build, window=window: timed(build.project("mqtt", port, count, window)))
        results = in_turns(rounds, works)
    return [{"client": client, "window": window,
             "rate": count / statistics.median(seconds for seconds, _ in pairs),
             "cpu_us": 1e6 / count * statistics.median(cpu for _, cpu in pairs),
             # Against libmosquitto in the same round: both met the same neighbours.
             "ratio": statistics.median(theirs / ours
                                        for (ours, _), (theirs, _) in zip(pairs, results[PEER, window]))}
            for (client, window), pairs in results.items()]


def measure_at(build, count):
    return timed(build.project("at", 0, count))


def measure_uart(build, work, count):
    """Joins UART 1 to a pseudo terminal and moves bytes over it."""
    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)
        run = build.project(work, 0, count, options=["--uart", f"1={os.ttyname(theirs)}"])
        if work == "uart_receive":
            run.wait_line("open")
            block, left = b"x" * 4096, count
            while left > 0:
                left -= os.write(ours, block[:left])
        else:
            left = count
            while left > 0:
                left -= len(os.read(ours, min(left, 65536)))
        return timed(run)
    finally:
        os.close(ours)
        os.close(theirs)


def measure_ports(builds, rounds, scale):
    questions, size = max(int(20_000 * scale), 100), max(int(8 * MIB * scale), 64 * 1024)
    works = {}
    for build in builds:
        works[build.name, "at"] = lambda build=build: measure_at(build, questions)
        for work in ("uart_receive", "uart_send"):
            works[build.name, work] = lambda build=build, work=work: measure_uart(build, work, size)
    results = {}
    for (name, work), pairs in in_turns(rounds, works).items():
        amount = questions if work == "at" else size / MIB
        results.setdefault(name, {})[work] = amount / statistics.median(seconds for seconds, _ in pairs)
    return results


def kept(value):
    return "kept" if value else "NOT KEPT"


def kib(size):
    return f"{size / 1024:,.0f} KiB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="*", help="build folders (build/release, and build/release-puc if it is there)")
    parser.add_argument("--rounds", type=int, default=5,
                        help="how often each is done; the start four times as often (%(default)s)")
    parser.add_argument("--scale", type=float, default=1,
                        help="how much of each work, 0.1 for a quick look (%(default)s)")
    parser.add_argument("--only", metavar="WORK,...", default=",".join(WORKS), help="of %(default)s")
    parser.add_argument("--json", metavar="FILE", help="where to write all figures (BUILD/bench/device.json)")
    options = parser.parse_args()
    folders = options.builds or [one for one in ("build/release", "build/release-puc") if Path(one).is_dir()]
    builds = [Build(folder) for folder in folders]
    if not builds:
        die("there is no build")
    only = options.only.split(",")
    for name in only:
        if name not in WORKS:
            die(f"no such work: {name}")
    move_to(SERVER_CORE)  # this program is the peer of some

    result = {"machine": machine(), "rounds": options.rounds, "scale": options.scale, "limits": LIMITS}
    about = result["machine"]
    print(f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, load {about['load']:.1f}\n")
    good = True

    if "boot" in only:
        boots = result["boot"] = measure_boot(builds, 4 * options.rounds)
        rows = [["from the program's start to", "median", "worst", "CPU", "limit", ""]]
        for name, one in boots.items():
            plain = name.endswith("script")
            within = one["wall_s"] <= LIMITS["boot_s"]
            good = good and (plain or within)
            rows.append([f"{'its first line' if plain else 'the link is up'} ({name})",
                         *(f"{1e3 * one[key]:.1f} ms" for key in ("wall_s", "worst_s", "cpu_s")),
                         *(("-", "-") if plain else (f"{1e3 * LIMITS['boot_s']:.0f} ms", kept(within)))])
        print_table(rows)

    if "memory" in only:
        result["memory"] = {}
        rows = [["memory, idle", "heap of Lua", "private, dirty", "plain script's heap", "and private",
                 "each more device", "limit", ""]]
        for build in builds:
            one = result["memory"][build.name] = measure_memory(build, 8)
            within = max(one["each"], one["dirty"] - one["plain_dirty"]) <= LIMITS["memory_bytes"]
            good = good and within
            rows.append([build.name, *(kib(one[key]) for key in ("heap", "dirty", "plain_heap", "plain_dirty", "each")),
                         kib(LIMITS["memory_bytes"]), kept(within)])
        print_table(rows)

    peer = builds[0].path / "bench" / "mosquitto_client"
    if "mqtt" in only and not (peer.exists() and shutil.which("mosquitto")):
        print("mosquitto or libmosquitto is not installed: no MQTT\n")
    elif "mqtt" in only:
        result["mqtt"] = measure_mqtt(builds, peer, options.rounds, max(int(20_000 * options.scale), 100))
        rows = [["publish with QoS 1", "under way", "per second", "CPU each", "rate, of libmosquitto's", "limit", ""]]
        for one in result["mqtt"]:
            # One client of ours has one message under way; for more there is one client each.
            limit = LIMITS["mqtt_ratio"] if one["client"] != PEER and one["window"] == 1 else None
            good = good and (limit is None or one["ratio"] >= limit)
            rows.append([one["client"], str(one["window"]), f"{one['rate']:,.0f}", f"{one['cpu_us']:.1f} us",
                         f"{one['ratio']:.2f}x",
                         *((f"{limit}x", kept(one["ratio"] >= limit)) if limit else ("-", "-"))])
        print_table(rows)

    if "ports" in only:
        ports = result["ports"] = measure_ports(builds, options.rounds, options.scale)
        rows = [["", "AT questions", "UART, received", "UART, sent"]]
        for name, one in ports.items():
            rows.append([name, f"{one['at']:,.0f} per s",
                         *(f"{three_digits(one[work])} MiB/s" for work in ("uart_receive", "uart_send"))])
        print_table(rows)

    file = options.json or builds[0].path / "bench" / "device.json"
    with open(file, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
    print(f"all figures: {os.path.relpath(file)}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
