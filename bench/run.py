#!/usr/bin/env python3
"""Runs the benchmarks of a build and prints a table; see docs/performance.md.

Each work is done by the same server and, in turn, by a plain C++ client on epoll (raw: the limit), by the engine from C++
(engine), by a Lua script on the module (luajit, lua5.1) and by the peers that are installed (luv, cqueues; LuaJIT). The figure to judge by is the processor's time of the whole client process per
operation: unlike rates, it hardly depends on what else the machine does. Builds nothing:

    cmake --build build/release --target bench && bench/run.py build/release
"""

import argparse
import json
import os
import platform
import statistics
import subprocess

from lab import IDLE, WORKS, Lab, able, die, raise_descriptor_limit

LIMITS = {"idle": 2 * 1024, "tls_idle": 40 * 1024}  # bytes per connection that must not be passed by
OURS = {"engine", "luajit", "lua5.1", "runner"}


def measure(lab, work, clients, options):
    """CPU and wall time per figure, by client, one entry per round. The server starts afresh for each work."""
    clients = {name: command for name, command in clients.items() if able(name, work)}
    figures = {name: {"cpu": [], "seconds": []} for name in clients}
    count = work.scaled(options.scale)
    share = work.per / count
    with lab.server() as ports:
        names = list(clients)
        for turn in range(options.rounds + 1):
            for name in names:
                answer, cpu = lab.run(clients[name], work, ports, count if turn > 0 else max(count // 10, 1))
                if turn == 0:
                    continue  # the warm-up
                figures[name]["cpu"].append(cpu * share * work.to_unit)
                figures[name]["seconds"].append(json.loads(answer)["seconds"] * share)
            names.append(names.pop(0))
    return figures


def summed_up(figures):
    raw = figures["raw"]["cpu"]
    return {
        name: {
            "cpu": statistics.median(values["cpu"]),
            # Against raw in the same round: both met the same neighbours.
            "ratio": statistics.median(mine / theirs for mine, theirs in zip(values["cpu"], raw)),
            "rate": 1 / statistics.median(values["seconds"]),
        }
        for name, values in figures.items()
    }


def measure_idle(lab, work, clients, limit):
    count = min(work.scaled(1), limit - 500)
    bytes_each = {}
    for name, command in clients.items():
        if not able(name, work):
            continue
        with lab.server() as ports:
            answer = json.loads(lab.run(command, work, ports, count)[0])
        bytes_each[name] = (answer["after"] - answer["before"]) / count
    return count, bytes_each


def three_digits(value):
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def cpu_cell(name, sums):
    if name not in sums:
        return "-"
    return three_digits(sums[name]["cpu"]) + ("" if name == "raw" else f" ({sums[name]['ratio']:.2f}x)")


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for index, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |", flush=True)
        if index == 0:
            print("| " + " | ".join("-" * width for width in widths) + " |")
    print()


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build/release", help="the build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each client does each work (%(default)s)")
    parser.add_argument("--scale", type=float, default=1, help="how much of each work, 0.1 for a quick look (%(default)s)")
    parser.add_argument("--only", metavar="WORK,...", help=", ".join(work.name for work in WORKS + IDLE))
    parser.add_argument("--clients", metavar="CLIENT,...",
                        help="raw and any of engine, luajit, lua5.1, runner, luv, cqueues (all that there are but runner)")
    parser.add_argument("--json", metavar="FILE", help="where to write all figures (BUILD/bench/results.json)")
    options = parser.parse_args()

    limit = raise_descriptor_limit()
    lab = Lab(options.build)
    known = lab.clients()
    wanted = options.clients.split(",") if options.clients else [name for name in known if name != "runner"]
    for name in wanted:
        if name not in known:
            die(f"client {name} is unknown or not installed; there are {', '.join(known)}")
    if "raw" not in wanted:
        die("the client raw is what the others are compared to")
    clients = {name: known[name] for name in wanted}
    only = options.only.split(",") if options.only else [work.name for work in WORKS + IDLE]
    for name in only:
        if name not in {work.name for work in WORKS + IDLE}:
            die(f"no such work: {name}")

    result = {"machine": machine(), "rounds": options.rounds, "scale": options.scale, "works": {}, "idle": {}}
    about = result["machine"]
    print(f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, load {about['load']:.1f}")
    print(f"medians of {options.rounds} rounds; CPU of the whole client process per operation, and its ratio to raw\n")

    rows = [["work", "unit", *wanted]]
    for work in WORKS:
        if work.name not in only:
            continue
        figures = measure(lab, work, clients, options)
        sums = summed_up(figures)
        result["works"][work.name] = {"title": work.title, "unit": work.unit, "rounds": figures, "medians": sums}
        print(f"  {work.title}: " + ", ".join(f"{name} {three_digits(sums[name]['cpu'])}" for name in sums) +
              f" {work.unit}", flush=True)
        rows.append([work.title, work.unit, *(cpu_cell(name, sums) for name in wanted)])
    if len(rows) > 1:
        print()
        print_table(rows)

    passed = True
    rows = [["memory", "connections", *wanted, "limit", ""]]
    for work in IDLE:
        if work.name not in only:
            continue
        count, bytes_each = measure_idle(lab, work, clients, limit)
        good = all(value <= LIMITS[work.name] for name, value in bytes_each.items() if name in OURS)
        passed = passed and good
        result["idle"][work.name] = {"connections": count, "bytes_each": bytes_each, "limit": LIMITS[work.name]}
        rows.append([work.title, str(count), *(f"{bytes_each[name]:,.0f} B" if name in bytes_each else "-" for name in wanted),
                     f"{LIMITS[work.name]:,} B", "kept" if good else "NOT KEPT"])
    if len(rows) > 1:
        print_table(rows)

    micro = lab.programs / "micro"
    if micro.exists() and not options.only:
        subprocess.run([micro, "--benchmark_min_time=0.1"], check=True)
    file = options.json or lab.programs / "results.json"
    with open(file, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
    print(f"all figures: {os.path.relpath(file)}")
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
