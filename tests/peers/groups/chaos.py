"""
A script that makes random calls in every state, peers that do random things, and a model that knows the contract. For
longer runs: SC_CHAOS_SECONDS=60 SC_CHAOS_SEED=1 run.py --build build/dev --limit 10 chaos
"""
import os
import random
import socket
import ssl
import threading
import time

from harness import namespace, net, pki
from harness.case import case
from harness.dns import use_hosts, use_servers
from harness.script import SCRIPTS
from harness.tls import server_context


class Mischief:
    """Does something else to each connection."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()

    def __call__(self, connection):
        with self.lock:
            dice = random.Random(self.random.random())
        connection.settimeout(dice.choice([0.05, 0.5, 2]))
        choice = dice.randrange(9)
        try:
            if choice == 0:
                net.reset(connection)
            elif choice == 1:
                connection.sendall(dice.randbytes(dice.randrange(1, 200_000)))
            elif choice == 2:
                connection.sendall(dice.randbytes(dice.randrange(1, 5_000)))
                net.reset(connection)
            elif choice == 3:
                time.sleep(dice.random())
            elif choice == 4:
                connection.recv(100)
                connection.sendall(b"half")
                connection.shutdown(socket.SHUT_WR)
                net.receive_all(connection)
            elif choice == 5:
                for i in range(50):
                    connection.sendall(b"%d" % (i % 10))
                    time.sleep(0.005)
            elif choice == 6:
                net.echo(connection)
            elif choice == 7:
                time.sleep(dice.random() * 2)
                net.receive_all(connection)
            else:
                connection.send(b"\x17\x03\x03\x00\x20 this is no record of TLS at all")
                time.sleep(0.05)
        except (OSError, ssl.SSLError):
            pass


def patient_echo(connection):
    connection.settimeout(60)
    try:
        net.echo(connection)
    except (OSError, ssl.SSLError):
        pass


def udp_echo(bench):
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))

    def run():
        while True:
            try:
                data, sender = listening.recvfrom(65536)
                if sender is None:
                    return  # shut down
                listening.sendto(data, sender)
            except ConnectionError:
                continue
            except OSError:
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def close():
        try:
            listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        thread.join(1)
        listening.close()

    bench.defer(close)
    return listening.getsockname()[1]


def play(bench, flavour, profile, seed, count, seconds):
    seed = int(os.environ.get("SC_CHAOS_SEED", seed))
    seeds, seconds = range(seed, seed + count), float(os.environ.get("SC_CHAOS_SECONDS", seconds))
    if namespace.inside():
        use_hosts("")
        use_servers("127.0.0.53")  # nobody: names fail at once
    keys = pki.of(bench)
    context = server_context(keys.leaf("chaos", ["IP:127.0.0.1"]))
    options = ["--profile", profile] if flavour == "runner" else []
    ports = [net.Server(bench, patient_echo).port, net.Server(bench, patient_echo, context=context).port,
             net.Server(bench, Mischief(seeds[0])).port, net.Server(bench, Mischief(seeds[0] + 1), context=context).port,
             net.free_port(), udp_echo(bench), net.free_port(socket.SOCK_DGRAM)]
    scripts = [bench.script(SCRIPTS / "chaos.lua", seed, seconds, profile, *ports, flavour=flavour, options=options)
               for seed in seeds]
    for script in scripts:
        script.finish()
        done = script.said("done")
        bench.true(done["connected"] > 20 and done["ended"] > 2 and done["failed"] > 5, f"something was tried: {done}")


@case(limit=90)
def host_profile(bench):
    play(bench, "runner", "host", 20261122, 2, 12)


@case(limit=90)
def device_profile(bench):
    play(bench, "runner", "air724u", 4711, 2, 12)


@case(limit=90)
def stock_interpreters(bench):
    play(bench, "lua5.1", "host", 815, 1, 8)
    play(bench, "luajit", "host", 816, 1, 8)
