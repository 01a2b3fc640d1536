#!/usr/bin/env python3
"""Measures socketcore beside plain C++ and the Lua libraries of Debian, and says whether it reaches its goals.

Each work is done against the same server by
  raw                   a plain C++ client on epoll and OpenSSL: the limit
  engine                the engine from C++
  luajit, lua5.1        a Lua script on the module, in these interpreters
  luv, cqueues, copas   the same works with those of these libraries that are installed, in LuaJIT
The figure to judge by is the processor's time of the whole client process per operation: unlike rates, it hardly
depends on what else the machine does. What does vary is taken out by many short rounds, in which raw runs before and
after each other client, which is compared to those two runs. See docs/performance.md. Builds nothing:

    cmake --build build/release --target bench && bench/run.py build/release
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import time

from lab import (CANNOT, GOAL_OF, GOALS, IDLE, LESS, LIMITS, OURS, PEERS, START, WORKS, Lab, able, die,
                 raise_descriptor_limit)

TIMED = WORKS + [START]


def run_once(lab, work, command, ports, count):
    """CPU and wall time of one run per figure, in its unit and in seconds."""
    if work is START:
        _, cpus, walls = zip(*(lab.timed(command, work, ports, 1) for _ in range(count)))
        return statistics.mean(cpus) * work.to_unit, statistics.median(walls)
    answer, cpu, _ = lab.timed(command, work, ports, count)
    share = work.per / count
    return cpu * share * work.to_unit, json.loads(answer)["seconds"] * share


def measure(lab, work, clients, options):
    """What each client took, round by round. The server starts afresh for each work."""
    count = work.scaled(options.scale)
    others = [name for name in clients if name != "raw" and able(name, work)]
    figures = {name: {"cpu": [], "seconds": [], "cpu_ratio": [], "seconds_ratio": []} for name in ["raw", *others]}
    with lab.server() as ports:
        for name in figures:  # a warm-up
            run_once(lab, work, clients[name], ports, max(count // 10, work.connections))
        for _ in range(options.rounds):
            raw = [run_once(lab, work, clients["raw"], ports, count)]
            for name in others:
                mine = run_once(lab, work, clients[name], ports, count)
                raw.append(run_once(lab, work, clients["raw"], ports, count))
                neighbours = map(statistics.mean, zip(*raw[-2:]))
                for key, value, limit in zip(("cpu", "seconds"), mine, neighbours):
                    figures[name][key].append(value)
                    figures[name][f"{key}_ratio"].append(value / limit)
            for key, values in zip(("cpu", "seconds"), zip(*raw)):
                figures["raw"][key].append(statistics.median(values))
                figures["raw"][f"{key}_ratio"].append(1)
            others.append(others.pop(0))
    return figures


def summed_up(figures):
    sums = {}
    for name, values in figures.items():
        sums[name] = {key: statistics.median(column) for key, column in values.items()}
        sums[name]["quartiles"] = quartiles(values["cpu_ratio"])
    return sums


def quartiles(values):
    if len(values) < 2:
        return [values[0], values[0]]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [low, high]


def measure_idle(lab, work, clients, limit):
    count = min(work.count, limit - 500)
    bytes_each = {}
    for name, command in clients.items():
        if not able(name, work):
            continue
        with lab.server() as ports:
            answer = json.loads(lab.run(command, work, ports, count)[0])
        bytes_each[name] = (answer["after"] - answer["before"]) / count
    return count, bytes_each


def verdict(value, goal, spread=None):
    """Narrowly: the goal lies in the middle half of the rounds."""
    words = "met" if value <= goal else "MISSED"
    return f"{words}, narrowly" if spread and spread[0] <= goal < spread[1] else words


def best_peer(work, values):
    """The peer with the smallest value of those that do all of the work, or none."""
    peers = (name for name in values if name in PEERS and name not in LESS.get(work.name, ()))
    return min(peers, key=values.get, default=None)


def judge_timed(work, figures, sums):
    """How a work came out for the client that has the goals; None if it was not measured."""
    if GOAL_OF not in sums:
        return None
    ours, goal = sums[GOAL_OF], GOALS.get(work.name)
    judged = {"goal": goal, "value": ours["cpu_ratio"], "quartiles": ours["quartiles"]}
    if goal:
        judged["verdict"] = verdict(ours["cpu_ratio"], goal, ours["quartiles"])
    if peer := best_peer(work, {name: values["cpu_ratio"] for name, values in sums.items()}):
        pairs = zip(figures[GOAL_OF]["cpu_ratio"], figures[peer]["cpu_ratio"])
        judged["best_peer"] = {"name": peer, "value": sums[peer]["cpu_ratio"],
                               "ratio": statistics.median(mine / theirs for mine, theirs in pairs)}
    return judged


def judge_idle(work, bytes_each):
    if GOAL_OF not in bytes_each:
        return None
    ours, goal = bytes_each[GOAL_OF], GOALS[work.name]
    judged = {"goal": goal, "value": ours, "verdict": verdict(ours, goal)}
    if peer := best_peer(work, bytes_each):
        judged["best_peer"] = {"name": peer, "value": bytes_each[peer], "ratio": ours / bytes_each[peer]}
    return judged


def three_digits(value):
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def cell(sums, name, key, to_unit=1):
    if name not in sums:
        return "-"
    ratio = "" if name == "raw" else f" ({sums[name][f'{key}_ratio']:.2f}x)"
    return three_digits(sums[name][key] * to_unit) + ratio


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for index, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |", flush=True)
        if index == 0:
            print("| " + " | ".join("-" * width for width in widths) + " |")
    print()


def goal_row(title, judged, show):
    value = show(judged["value"])
    if "quartiles" in judged:
        low, high = judged["quartiles"]
        value += f" ({low:.2f} to {high:.2f})"
    peer = judged.get("best_peer")
    return [title, show(judged["goal"]) if judged["goal"] else "-", value, judged.get("verdict", "-"),
            f"{peer['name']} {show(peer['value'])}" if peer else "-", f"{peer['ratio']:.2f}x" if peer else "-"]


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]}


def read_options():
    works = ", ".join(work.name for work in TIMED + IDLE)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build/release", help="the build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=11, help="how often each client does each work (%(default)s)")
    parser.add_argument("--scale", type=float, default=1,
                        help="how much of each work; below 0.5 a process's start begins to show (%(default)s)")
    parser.add_argument("--only", metavar="WORK,...", help=f"of {works}")
    parser.add_argument("--clients", metavar="CLIENT,...",
                        help="raw and any of engine, luajit, lua5.1, runner, luv, cqueues, copas; "
                             "without it, all that there are but runner")
    parser.add_argument("--json", metavar="FILE", help="where to write all figures (BUILD/bench/results.json)")
    options = parser.parse_args()
    if options.rounds < 1 or options.scale <= 0:
        die("rounds and scale are more than 0")
    options.only = options.only.split(",") if options.only else None
    for name in options.only or ():
        if name not in {work.name for work in TIMED + IDLE}:
            die(f"no such work: {name}; there are {works}")
    return options


def chosen_clients(lab, options):
    known = lab.clients()
    wanted = options.clients.split(",") if options.clients else [name for name in known if name != "runner"]
    for name in wanted:
        if name not in known:
            die(f"client {name} is unknown or not installed; there are {', '.join(known)}")
    if "raw" not in wanted:
        die("the client raw is what the others are compared to")
    for name in PEERS:
        if not options.clients and name not in known:
            print(f"{name} is not installed (scripts/install-deps.sh measure) and left out")
    return {"raw": known["raw"], **{name: known[name] for name in wanted}}


def main():
    options = read_options()
    limit = raise_descriptor_limit()
    lab = Lab(options.build)
    clients = chosen_clients(lab, options)
    asked = [work for work in TIMED + IDLE if not options.only or work.name in options.only]
    timed, idle = [work for work in asked if work in TIMED], [work for work in asked if work in IDLE]

    result = {"machine": machine(), "rounds": options.rounds, "scale": options.scale, "works": {}, "idle": {}}
    about = result["machine"]
    print(f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, load {about['load']:.1f}")
    print(f"{len(asked)} works, by {', '.join(clients)}; {options.rounds} rounds of each that is timed\n", flush=True)
    since = time.monotonic()

    rows = [["CPU per operation (ratio to raw)", "unit", *clients]]
    goals = [["goal", "at most", GOAL_OF, "", "best peer", f"{GOAL_OF} to best peer"]]
    for work in timed:
        print(f"  {work.title} ...", end=" ", flush=True)
        figures = measure(lab, work, clients, options)
        sums = summed_up(figures)
        judged = judge_timed(work, figures, sums)
        result["works"][work.name] = {"title": work.title, "unit": work.unit, "rounds": figures, "medians": sums,
                                      "judged": judged}
        print(", ".join(f"{name} {cell(sums, name, 'cpu')}" for name in sums) + f" {work.unit}", flush=True)
        rows.append([work.title, work.unit, *(cell(sums, name, "cpu") for name in clients)])
        if work is START:
            rows.append(["the same, by the clock", work.unit, *(cell(sums, name, "seconds", 1e3) for name in clients)])
        if judged:
            goals.append(goal_row(work.title, judged, "{:.2f}x".format))

    passed = True
    memory = [["bytes per connection", "connections", *clients, "limit", ""]]
    for work in idle:
        print(f"  {work.title} ...", end=" ", flush=True)
        count, bytes_each = measure_idle(lab, work, clients, limit)
        kept = all(value <= LIMITS[work.name] for name, value in bytes_each.items() if name in OURS)
        passed = passed and kept
        judged = judge_idle(work, bytes_each)
        result["idle"][work.name] = {"connections": count, "bytes_each": bytes_each, "limit": LIMITS[work.name],
                                     "judged": judged}
        print(", ".join(f"{name} {value:,.0f} B" for name, value in bytes_each.items()), flush=True)
        memory.append([work.title, f"{count:,}",
                       *(f"{bytes_each[name]:,.0f}" if name in bytes_each else "-" for name in clients),
                       f"{LIMITS[work.name]:,}", "kept" if kept else "NOT KEPT"])
        if judged:
            goals.append(goal_row(work.title, judged, "{:,.0f} B".format))

    print(f"\nMedians of {options.rounds} rounds, {(time.monotonic() - since) / 60:.0f} minutes in all.\n")
    for table in (rows, memory, goals):
        if len(table) > 1:
            print_table(table)
    if timed and len(goals) > 1:
        print("In brackets behind a ratio to a goal: where the middle half of the rounds lies.")
    for name, (works, why) in CANNOT.items():
        if name in clients and any(work.name in works for work in asked):
            print(f"No figure: {why}.")
    print()

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
