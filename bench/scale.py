#!/usr/bin/env python3
"""Measures whether what a message costs depends on how many sockets, devices and timers there are; see docs/performance.md.

Each work is done against the same server by plain C++ on epoll (raw), by the engine from C++ (engine) and by a Lua script
(luajit), in turn, round by round. Prints tables for that page and draws its charts. Builds nothing:

    cmake --build build/release --target bench && bench/scale.py build/release

Processor time is that of the measured echoes alone, without the opening of their sockets. Instructions are those outside
the kernel, counted by callgrind as the difference of two runs.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import plot
from lab import CLIENT_CORE, HERE, Lab, die, pinned, raise_descriptor_limit

SIDES = ("raw", "engine", "luajit")
SIZES = (1, 10, 100, 1_000, 10_000)
FLAT = 1.2  # what the cost may grow by from the smallest size to the largest
COLLECTED = re.compile(r"Collected : (\d+)")


@dataclass(frozen=True)
class Series:
    """The same work at several sizes."""
    name: str
    title: str
    what: str             # what there are so many of
    window: int           # echoes under way; 0: one on each socket
    spread: int = 0       # sockets that they are among; 0: all
    work: str = "echo"    # the engine's word; the others know echo alone
    sides: tuple = SIDES
    least: int = 1
    counted: bool = False  # by callgrind too: where every run has the same number of messages per turn
    flat_from: int = 1     # the size that the largest is compared to: as many messages come with each wait

    def sizes(self, limit):
        return [size for size in SIZES if self.least <= size <= limit]

    def words(self, side, port, size, echoes):
        work = self.work if side == "engine" else "echo"
        return [work, str(port), str(size), str(self.window or size), str(self.spread or size), str(echoes)]


SERIES = [
    Series("turns", "one echo under way, the sockets of one device in turn", "sockets", 1, counted=True),
    Series("idle", "one echo under way on one socket, the others idle", "sockets", 1, 1, counted=True),
    Series("hundred", "100 echoes under way, the sockets of one device in turn", "sockets", 100, least=100),
    Series("all", "one echo under way on every socket of one device", "sockets", 0, flat_from=100),
    Series("devices", "one echo under way, devices of one socket in turn", "devices", 1, work="devices",
           sides=("raw", "engine"), counted=True),
    Series("all_devices", "one echo under way in every device of one socket", "devices", 0, work="devices",
           sides=("raw", "engine"), flat_from=100),
]
TIMERS = (1_000, 10_000, 100_000)
OPENED = (100, 1_000, 10_000)
OTHERS = ("timers", "open")


class Scale:
    def __init__(self, lab, options, limit):
        self.lab, self.options, self.limit = lab, options, limit
        self.clients = {
            "raw": [str(lab.programs / "scale_raw")],
            "engine": [str(lab.programs / "scale_engine")],
            "luajit": ["luajit", str(HERE / "scale.lua")],
        }
        self.clients = {side: command for side, command in self.clients.items() if shutil.which(command[0])}
        if "raw" not in self.clients or "engine" not in self.clients:
            die("build the target bench first")

    def run(self, side, words, prefix=()):
        command = pinned(CLIENT_CORE, [*prefix, *self.clients[side], *words])
        done = subprocess.run(command, capture_output=True, env=self.lab.environment, text=True, timeout=900)
        if done.returncode != 0:
            die(f"{' '.join(command)} failed with status {done.returncode}: {done.stderr[-1000:]}")
        return done

    def answer(self, side, words):
        return json.loads(self.run(side, words).stdout)

    def rounds(self, sides, words_of):
        """What each side answers, one entry per round; those who are compared run close together."""
        sides = [side for side in sides if side in self.clients]
        answers = {side: [] for side in sides}
        for _ in range(self.options.rounds):
            for side in sides:
                answers[side].append(self.answer(side, words_of(side)))
            sides.append(sides.pop(0))
        return answers

    def instructions(self, sides, words_of, size=1):
        """Per echo, by side. `words_of` is asked for two lengths; of each a tenth more is done as a warm-up."""
        if not self.options.counts:
            return {}
        # How many waits the opening of many sockets takes is left to chance: it must not show in the difference.
        few = max(self.options.counts, size // 2)
        many = 3 * few
        counts = {}
        for side in (side for side in sides if side in self.clients):
            low, high = (self.collected(side, words_of(side, echoes)) for echoes in (few, many))
            counts[side] = (high - low) / ((many - few) * 1.1)
        return counts

    def collected(self, side, words):
        with tempfile.TemporaryDirectory() as folder:
            prefix = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
            found = COLLECTED.search(self.run(side, words, prefix).stderr)
        return int(found[1]) if found else die("callgrind counted nothing")

    # ---- What is measured.

    def series(self, series):
        """By size: microseconds of the processor per echo by side, one per round, and instructions."""
        outcome = {}
        for size in series.sizes(self.limit):
            echoes = max(self.options.echoes, size)
            with self.lab.server() as ports:
                answers = self.rounds(series.sides, lambda side: series.words(side, ports["echo"], size, echoes))
                counts = {}
                if series.counted:
                    counts = self.instructions(
                        series.sides, lambda side, few: series.words(side, ports["echo"], size, few), size)
            cpu = {side: [answer["cpu"] / echoes * 1e6 for answer in rounds] for side, rounds in answers.items()}
            outcome[size] = {"cpu": cpu, "instructions": counts}
        return outcome

    def timers(self):
        """By the number of timers that run, none included: what one of them costs, and an echo beside them."""
        outcome = {}
        sides = ("engine", "luajit")
        for count in (0, *TIMERS):
            def words(_side, echoes=self.options.echoes, timers=count):
                return ["timers", str(ports["echo"]), "1", "1", "1", str(echoes), str(timers)]
            with self.lab.server() as ports:
                answers = self.rounds(sides, words)
                counts = self.instructions(sides, words)
            outcome[count] = {"cpu": {}, "instructions": counts, "timer": {}}
            for side, rounds in answers.items():
                outcome[count]["cpu"][side] = [answer["cpu"] / self.options.echoes * 1e6 for answer in rounds]
                if count:
                    outcome[count]["timer"][side] = {
                        "bytes": statistics.median(answer["bytes"] for answer in rounds) / count,
                        **{deed: statistics.median(answer[deed] for answer in rounds) / count * 1e9
                           for deed in ("arm", "again", "stop")}}
        return outcome

    def open(self):
        """By the number of connections: seconds until all stand, and the processor's, one per round."""
        outcome = {}
        for count in (count for count in OPENED if count <= self.limit):
            with self.lab.server() as ports:
                answers = self.rounds(SIDES, lambda side: ["open", str(ports["echo"]), str(count)])
            outcome[count] = {key: {side: [answer[key] for answer in rounds] for side, rounds in answers.items()}
                              for key in ("seconds", "cpu")}
        return outcome


# ---- Tables.

def three_digits(value):
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def print_table(rows):
    for index, row in enumerate(rows):
        print("| " + " | ".join(row) + " |")
        if index == 0:
            print("|" + " --- |" * len(row))
    print(flush=True)


def ratio(mine, raw):
    """Of what both took in the same round."""
    return statistics.median(one / other for one, other in zip(mine, raw))


def cells(values, factor=1.0, unit=""):
    """The medians, and how they compare to raw's."""
    out = []
    for side, rounds in values.items():
        cell = three_digits(statistics.median(rounds) * factor) + unit
        out.append(cell + (f" ({ratio(rounds, values['raw']):.2f}x)" if side != "raw" and "raw" in values else ""))
    return out


def growth(outcome):
    """From the smallest size to the largest: of the time, by side, of its ratio to raw, and of the instructions."""
    first, last = outcome[min(outcome)], outcome[max(outcome)]
    times = {side: statistics.median(rounds) / statistics.median(first["cpu"][side])
             for side, rounds in last["cpu"].items()}
    ratios = {side: ratio(rounds, last["cpu"]["raw"]) / ratio(first["cpu"][side], first["cpu"]["raw"])
              for side, rounds in last["cpu"].items() if "raw" in last["cpu"] and side != "raw"}
    counts = {side: count / first["instructions"][side] for side, count in last["instructions"].items()}
    return {"cpu": times, "ratio": ratios, "instructions": counts}


def verdict(value):
    return f"{value:.2f}x, " + ("flat" if value <= FLAT else "NOT FLAT")


def print_series(series, outcome):
    first = next(iter(outcome.values()))
    sides, counted = list(first["cpu"]), list(first["instructions"])
    print(f"**{series.title[0].upper()}{series.title[1:]}**: CPU per echo" +
          (", and instructions outside the kernel" if counted else "") + "\n")
    rows = [[series.what, *(f"{side}, us" for side in sides), *(f"{side}, instructions" for side in counted)]]
    for size, at in outcome.items():
        rows.append([f"{size:,}", *cells(at["cpu"]), *(f"{at['instructions'][side]:,.0f}" for side in counted)])
    compared = {size: at for size, at in outcome.items() if size >= series.flat_from}
    if len(compared) > 1:
        grown = growth(compared)
        rows.append([f"{max(compared):,} against {min(compared):,}",
                     *(f"{grown['cpu'][side]:.2f}x" if side == "raw" else
                       f"{grown['cpu'][side]:.2f}x; beside raw {verdict(grown['ratio'][side])}" for side in sides),
                     *(verdict(grown["instructions"][side]) for side in counted)])
    print_table(rows)


def print_timers(outcome):
    print("**Timers that run and do not run out**: processor time and memory of each, and an echo on one socket beside\n")
    counted = bool(outcome[0]["instructions"])
    rows = [["timers", "", "arm", "arm again", "stop", "memory", "CPU per echo",
             *(["instructions per echo"] if counted else [])]]
    for side in outcome[0]["cpu"]:
        for count, at in outcome.items():
            each = at["timer"].get(side)
            rows.append([f"{count:,}", side,
                         *(f"{each[deed]:,.0f} ns" if each else "-" for deed in ("arm", "again", "stop")),
                         f"{each['bytes']:,.0f} B" if each else "-", f"{statistics.median(at['cpu'][side]):.3g} us",
                         *([f"{at['instructions'][side]:,.0f}"] if counted else [])])
        grown = growth(outcome)
        rows.append([f"{max(outcome):,} against none", side, "", "", "", "", verdict(grown["cpu"][side]),
                     *([verdict(grown["instructions"][side])] if counted else [])])
    print_table(rows)


def print_open(outcome):
    print("**Connections opened, 64 at a time**: until all stand\n")
    sides = list(next(iter(outcome.values()))["cpu"])
    rows = [["connections", *(f"{side}, time" for side in sides), *(f"{side}, CPU each" for side in sides)]]
    for count, at in outcome.items():
        rows.append([f"{count:,}", *cells(at["seconds"], 1e3, " ms"), *cells(at["cpu"], 1e6 / count, " us")])
    print_table(rows)


# ---- Charts.

def lines(outcome, key="cpu", skip=(), factor=1.0):
    sides = [side for side in next(iter(outcome.values()))[key] if side not in skip]

    def value(at, side):
        return at[key][side] if key == "instructions" else statistics.median(at[key][side]) * factor
    return [plot.Line(side, [(size, value(at, side)) for size, at in outcome.items()]) for side in sides]


def draw(folder, done):
    for what, names in (("sockets", ("turns", "all")), ("devices", ("devices", "all_devices"))):
        if not all(name in done for name in names):
            continue
        panels = [plot.Panel(title, what, "CPU per echo, us", lines(done[name]))
                  for title, name in zip(("one echo under way", "one under way on each"), names)]
        if any(at["instructions"] for at in done[names[0]].values()):
            panels.append(plot.Panel("one under way, outside the kernel", what, "instructions per echo",
                                     lines(done[names[0]], "instructions")))
        plot.draw(folder / f"scale-{what}.svg", f"What an echo costs, by the number of {what}", panels)
    if "timers" in done:
        some = {count: at for count, at in done["timers"].items() if count}
        arming = [plot.Line(side, [(count, at["timer"][side]["arm"]) for count, at in some.items()])
                  for side in done["timers"][0]["cpu"]]
        plot.draw(folder / "scale-timers.svg", "What timers cost, by their number", [
            plot.Panel("to arm one", "timers", "CPU per timer, ns", arming),
            plot.Panel("an echo beside them", "timers", "CPU per echo, us", lines(some))])
    if "open" in done:
        plot.draw(folder / "scale-open.svg", "How long it takes to open connections, 64 at a time", [
            plot.Panel(title, "connections", label, lines(done["open"], key, factor=1e3), y_log=True)
            for title, label, key in (("until all stand", "time, ms", "seconds"),
                                      ("the processor's part", "CPU, ms", "cpu"))])


def main():
    names = [series.name for series in SERIES] + list(OTHERS)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build/release", help="the build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side does each work (%(default)s)")
    parser.add_argument("--echoes", type=int, default=20_000, help="in each, or one per socket (%(default)s)")
    parser.add_argument("--counts", type=int, default=1_000, help="echoes under callgrind, and three times as many; "
                        "0: count no instructions (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="one round, a quarter of the echoes, no sizes between")
    parser.add_argument("--only", metavar="WORK,...", help=", ".join(names))
    parser.add_argument("--images", metavar="FOLDER", help="where to draw the charts (BUILD/bench)")
    parser.add_argument("--json", metavar="FILE", help="where to write all figures (BUILD/bench/scale.json)")
    options = parser.parse_args()

    global SIZES, TIMERS  # pylint: disable=global-statement
    if options.quick:
        options.rounds, options.echoes, options.counts = 1, options.echoes // 4, options.counts // 2
        SIZES, TIMERS = SIZES[::2], TIMERS[::2]
    only = options.only.split(",") if options.only else names
    for name in only:
        if name not in names:
            die(f"no such work: {name}")
    if not shutil.which("valgrind"):
        options.counts = 0
    limit = raise_descriptor_limit() - 100
    lab = Lab(options.build)
    scale = Scale(lab, options, limit)

    done = {}
    for series in SERIES:
        if series.name in only:
            done[series.name] = scale.series(series)
            print_series(series, done[series.name])
    if "timers" in only:
        done["timers"] = scale.timers()
        print_timers(done["timers"])
    if "open" in only:
        done["open"] = scale.open()
        print_open(done["open"])

    folder = Path(options.images) if options.images else lab.programs
    draw(folder, done)
    file = options.json or lab.programs / "scale.json"
    with open(file, "w", encoding="utf-8") as out:
        json.dump({"rounds": options.rounds, "echoes": options.echoes, "works": done}, out, indent=1)
    print(f"charts: {folder}/scale-*.svg; all figures: {file}")


if __name__ == "__main__":
    main()
