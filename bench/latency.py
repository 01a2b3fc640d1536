#!/usr/bin/env python3
"""Measures how long a message takes under load, and how long one busy socket keeps others waiting; see docs/performance.md.

Latency: bench/pacer sends pings on 1000 connections, and plain C++ on epoll (raw), the engine from C++ (engine) or a Lua
script (luajit) send them back, in turn, round by round. The time runs in the pacer, which is the same for all. Once each
connection has one ping under way at all times (full load). Then pings are due at fixed times, half as many a second as raw
has just managed, whatever becomes of those before; their time counts from when they were due, not from when they were sent.

Fairness: ten sockets echo; beside them another of the same device receives or sends all that it can. What counts is the
processor time of the thread within a turn of the reactor, and between two waits for the kernel. Fails where a turn takes
longer than 1 ms in every round. Builds nothing:

    cmake --build build/release --target bench && bench/latency.py build/release
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
from pathlib import Path

import plot
from lab import CLIENT_CORE, HERE, SERVER_CORE, Lab, die, pinned, raise_descriptor_limit
from scale import print_table, three_digits

PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")
LIMIT_US = 1000
LOADS = {"none": "echo", "receive": "source", "send": "sink", "tls_receive": "tls_source", "tls_send": "tls_sink"}
WORDS = {"none": "nobody", "receive": "a receiver", "send": "a sender", "tls_receive": "a TLS receiver",
         "tls_send": "a TLS sender"}
TICKS = [(2, "50 %"), (10, "90 %"), (100, "99 %"), (1_000, "99.9 %"), (10_000, "99.99 %")]


def reflected(lab, command, connections, rate, count):
    """What the pacer says of a client, and the processor's time of the client per echo in microseconds."""
    words = [str(lab.programs / "pacer"), str(connections), str(rate), str(count)]
    with subprocess.Popen(pinned(SERVER_CORE, words), stdout=subprocess.PIPE, text=True) as pacer:
        watchdog = threading.Timer(600, pacer.kill)
        watchdog.start()
        try:
            port = pacer.stdout.readline().strip()
            done = subprocess.run(pinned(CLIENT_CORE, [*command, "reflect", port, str(connections)]), capture_output=True,
                                  env=lab.environment, text=True, timeout=600)
            answer = pacer.stdout.read()
        finally:
            watchdog.cancel()
            pacer.kill()
    if done.returncode != 0 or not answer:
        die(f"{command[0]} failed with status {done.returncode}: {done.stderr[-1000:]}")
    outcome = json.loads(answer)
    outcome["cpu"] = json.loads(done.stdout)["cpu"] / (count * 1.1) * 1e6
    return outcome


def latency(lab, clients, options, rate):
    """What the pacer said, by side, one entry per round."""
    answers = {side: [] for side in clients}
    sides = list(clients)
    for _ in range(options.rounds):
        for side in sides:
            answers[side].append(reflected(lab, clients[side], options.connections, rate, options.echoes))
        sides.append(sides.pop(0))
    return answers


def middle(rounds, *path):
    values = rounds
    for key in path:
        values = [value[key] for value in values]
    return statistics.median(values)


def print_latency(answers):
    rows = [["", "echoes per second", *PERCENTILES[:-1], "longest", "CPU per echo"]]
    for side, rounds in answers.items():
        row = [side, f"{middle(rounds, 'rate'):,.0f}"]
        for name in PERCENTILES:
            value = middle(rounds, "echo", name)
            beside = "" if side == "raw" else f" ({value / middle(answers['raw'], 'echo', name):.2f}x)"
            row.append(f"{three_digits(value)} us{beside}")
        rows.append([*row, f"{three_digits(middle(rounds, 'cpu'))} us"])
    print_table(rows)


def curve(name, rounds, key):
    """The median of the rounds' curves: how many times rarer than all those are that took longer, from the median on."""
    curves = [each[key]["curve"] for each in rounds if each[key].get("curve")]
    points = []
    for step in zip(*curves):
        if 1 / TICKS[-1][0] * 0.99 < step[0][0] <= 1 / TICKS[0][0]:
            points.append((1 / step[0][0], statistics.median(value for _, value in step)))
    return plot.Line(name, [(x, max(y, 0.1)) for x, y in points], marks=False)


# ---- Fairness.

@contextlib.contextmanager
def tls_sink():
    """Takes what TLS clients send; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=bench", "-keyout", f"{folder}/key", "-out", f"{folder}/cert"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/cert", f"{folder}/key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        if SERVER_CORE in os.sched_getaffinity(0):
            os.sched_setaffinity(0, {SERVER_CORE})  # of this thread alone
        space = bytearray(256 * 1024)
        while True:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as peer:
                    while peer.recv_into(space):
                        pass
    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]


def fairness(lab, options):
    """What bench/fairness says, by load and loop, one entry per round."""
    loads = [load for load in LOADS if load != "tls_send" or shutil.which("openssl")]
    answers = {load: {"turn": [], "receive": []} for load in loads}
    with lab.server() as ports, contextlib.ExitStack() as stack:
        if "tls_send" in loads:
            ports = {**ports, "tls_sink": stack.enter_context(tls_sink())}
        for _ in range(options.rounds):
            for load in loads:
                for loop in answers[load]:
                    words = [str(lab.programs / "fairness"), loop, load, str(options.seconds), str(ports["echo"]),
                             str(ports[LOADS[load]])]
                    done = subprocess.run(pinned(CLIENT_CORE, words), capture_output=True, text=True, timeout=600)
                    if done.returncode != 0:
                        die(f"{' '.join(words)} failed with status {done.returncode}: {done.stderr[-1000:]}")
                    answers[load][loop].append(json.loads(done.stdout))
    return answers


def longest(rounds, key):
    """Of the quietest round: what is ours is in every round, what the machine adds is not."""
    return min(each[key]["max"] for each in rounds)


def print_fairness(answers):
    """Whether no turn took longer than the limit."""
    rows = [["beside", "MiB per second", "a turn: p50", "p99.9", "longest", "limit", "between two waits: p50", "p99.9",
             "longest", "echo: p50", "p99"]]
    kept = True
    for load, loops in answers.items():
        turn, receive = loops["turn"], loops["receive"]
        good = longest(turn, "turn") <= LIMIT_US
        kept = kept and good
        rows.append([WORDS[load], f"{middle(receive, 'mib_per_s'):,.0f}",
                     *(f"{three_digits(middle(turn, 'turn', name))} us" for name in ("p50", "p99.9")),
                     f"{three_digits(longest(turn, 'turn'))} us", "1 ms, " + ("kept" if good else "NOT KEPT"),
                     *(f"{three_digits(middle(receive, 'between', name))} us" for name in ("p50", "p99.9")),
                     f"{three_digits(longest(receive, 'between'))} us",
                     *(f"{three_digits(middle(receive, 'echo', name))} us" for name in ("p50", "p99"))])
    print_table(rows)
    return kept


def draw(folder, done):
    if "full" in done:
        panels = [plot.Panel(title, "echoes that took no longer", "latency, us",
                             [curve(side, rounds, "echo") for side, rounds in done[name].items()],
                             y_log=True, x_ticks=TICKS)
                  for title, name in (("half load, from when each was due", "half"), ("full load", "full"))]
        plot.draw(folder / "latency.svg", "An echo on one of 1000 connections", panels)
    if "fairness" in done:
        panels = [plot.Panel(title, "of all", "processor time, us",
                             [curve(WORDS[load], loops[loop], key) for load, loops in done["fairness"].items()],
                             y_log=True, x_ticks=TICKS, limits=[(LIMIT_US, "1 ms")])
                  for title, loop, key in (("a turn of the reactor", "turn", "turn"),
                                           ("between two waits for the kernel", "receive", "between"))]
        plot.draw(folder / "fairness.svg", "How long one busy socket keeps others waiting", panels)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build/release", help="the build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side does each work (%(default)s)")
    parser.add_argument("--echoes", type=int, default=200_000, help="of one latency run (%(default)s)")
    parser.add_argument("--connections", type=int, default=1_000, help="of the latency runs (%(default)s)")
    parser.add_argument("--seconds", type=int, default=2, help="of one fairness run (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two rounds, short")
    parser.add_argument("--only", metavar="WORK,...", default="latency,fairness", help="latency, fairness")
    parser.add_argument("--images", metavar="FOLDER", help="where to draw the charts (BUILD/bench)")
    parser.add_argument("--json", metavar="FILE", help="where to write all figures (BUILD/bench/latency.json)")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.echoes, options.seconds = 2, options.echoes // 4, 1
    only = options.only.split(",")

    raise_descriptor_limit()
    lab = Lab(options.build)
    clients = {"raw": [str(lab.programs / "scale_raw")], "engine": [str(lab.programs / "scale_engine")],
               "luajit": ["luajit", str(HERE / "scale.lua")]}
    clients = {side: command for side, command in clients.items() if shutil.which(command[0])}

    done, kept = {}, True
    if "latency" in only:
        done["full"] = latency(lab, clients, options, 0)
        print(f"**Full load**: {options.connections:,} connections, one echo under way on each\n")
        print_latency(done["full"])
        rate = int(middle(done["full"]["raw"], "rate") / 2)
        done["half"] = latency(lab, clients, options, rate)
        print(f"**Half load**: {rate:,} echoes are due per second, half of what raw has just done; "
              "time from when each was due\n")
        print_latency(done["half"])
    if "fairness" in only:
        done["fairness"] = fairness(lab, options)
        print("**Fairness**: processor time of a turn, and of all that is done between two waits; "
              "ten sockets echo beside\n")
        kept = print_fairness(done["fairness"])

    folder = Path(options.images) if options.images else lab.programs
    draw(folder, done)
    file = options.json or lab.programs / "latency.json"
    with open(file, "w", encoding="utf-8") as out:
        json.dump({"rounds": options.rounds, "works": done}, out, indent=1)
    print(f"charts: {folder}/latency.svg, fairness.svg; all figures: {file}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
