#!/usr/bin/env python3
"""
A bad network: a TUN device that gives every packet back with its two addresses exchanged, late, twice, in another order, or
not at all. Who connects to FAR from NEAR meets the server that listens on NEAR, through this network, both ways. (Exchanged
addresses leave all checksums as they are.) Netem does more, but few kernels have it built in.

Run as a program: reads one JSON object per line, the settings from then on, and prints what it has done at the end.
"""
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

from . import namespace

NEAR, FAR = "10.77.0.1", "10.77.0.2"
DEVICE = "bad0"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

# Shares of all packets, seconds, bits per second (0: no limit) and bytes that may wait for it.
PERFECT = {"loss": 0.0, "twice": 0.0, "late": 0.0, "delay": 0.0, "lateness": 0.05, "rate": 0, "queue": 16_000}


class Impairment:
    """Decides when a packet comes out again. Its choices follow from the seed and the order of the packets."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.settings = dict(PERFECT)
        self.free_at = 0.0  # when the line has sent what waits for it
        self.done = dict.fromkeys(("passed", "lost", "twice", "late", "overflowed"), 0)

    def times(self, now, size):
        """When copies of a packet that has come now leave."""
        settings, dice = self.settings, self.dice
        if dice.random() < settings["loss"]:
            self.done["lost"] += 1
            return []
        at = now + settings["delay"]
        if settings["rate"]:
            if (self.free_at - now) * settings["rate"] / 8 > settings["queue"]:
                self.done["overflowed"] += 1
                return []
            self.free_at = max(now, self.free_at) + size * 8 / settings["rate"]
            at += self.free_at - now
        if dice.random() < settings["late"]:
            self.done["late"] += 1
            at += dice.random() * settings["lateness"]
        self.done["passed"] += 1
        if dice.random() < settings["twice"]:
            self.done["twice"] += 1
            return [at, at + dice.random() * settings["lateness"]]
        return [at]


def exchanged(packet):
    return packet[:12] + packet[16:20] + packet[12:16] + packet[20:]


def run(seed):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    print("ready", flush=True)
    impairment, waiting, count, words = Impairment(seed), [], 0, b""
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([tun, sys.stdin], [], [], pause)
        if sys.stdin in readable:
            piece = os.read(sys.stdin.fileno(), 4096)
            if not piece:
                break
            *lines, words = (words + piece).split(b"\n")
            for line in lines:
                impairment.settings = {**PERFECT, **json.loads(line)}
                print("set", flush=True)
        if tun in readable:
            try:
                packet = os.read(tun, 65536)
            except OSError:  # the device is down for now
                time.sleep(0.01)
                continue
            if packet[0] >> 4 == 4:
                for at in impairment.times(time.monotonic(), len(packet)):
                    count += 1
                    heapq.heappush(waiting, (at, count, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            try:
                os.write(tun, exchanged(heapq.heappop(waiting)[2]))
            except OSError:
                pass  # down: what was under way is lost
    print(json.dumps(impairment.done), flush=True)


class BadNetwork:
    """Starts one for the case; `set` changes it at any time, `down` and `up` take the link away and give it back."""

    def __init__(self, bench, seed=1, **settings):
        self.process = bench.start([sys.executable, "-m", "harness.impair", seed], name="bad network", stdin="pipe",
                                   cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.process.wait_for("^ready")
        namespace.run("ip", "address", "add", f"{NEAR}/24", "dev", DEVICE)
        self.count = 0
        self.up()
        self.set(**settings)
        bench.own(self)

    def set(self, **settings):
        self.count += 1
        self.process.write(json.dumps(settings) + "\n")
        self.process.wait_for(r"^(set\s+){%d}" % self.count)

    def down(self):
        namespace.run("ip", "link", "set", DEVICE, "down")

    def up(self):
        namespace.run("ip", "link", "set", DEVICE, "up")

    def close(self):
        """Ends it; returns what was done to packets."""
        if not self.process.child.stdin.closed:
            self.process.child.stdin.close()
        self.process.wait()
        return json.loads(self.process.output().splitlines()[-1])


if __name__ == "__main__":
    run(int(sys.argv[1]))
