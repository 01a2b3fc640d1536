"""What run.py and syscalls.py share: the works, the clients and the server of a build."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLIENT_CORE, SERVER_CORE = 0, 1
MIB, GIB = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Work:
    name: str          # as --only takes it
    title: str
    order: str         # the client's word for it
    service: str       # the server's
    count: int         # operations or bytes
    per: int           # how many of those one figure is for
    unit: str          # of the figure
    to_unit: float     # seconds times this are units
    rate: str          # of what, per second
    connections: int = 1

    def scaled(self, scale):
        return max(int(self.count * scale), 2 * self.connections)


WORKS = [
    Work("echo_1", "TCP echo, 64 B, 1 connection", "tcp_echo", "echo", 200_000, 1, "us", 1e6, "echoes"),
    Work("echo_1000", "TCP echo, 64 B, 1000 connections", "tcp_echo", "echo", 300_000, 1, "us", 1e6, "echoes", 1000),
    Work("receive", "receive 1 GiB", "receive", "source", GIB, GIB, "s/GiB", 1, "GiB"),
    Work("send", "send 1 GiB", "send", "sink", GIB, GIB, "s/GiB", 1, "GiB"),
    Work("connects", "connect, 1 B each way, close", "connects", "echo", 40_000, 1, "us", 1e6, "connections"),
    Work("udp_echo", "UDP echo, 64 B", "udp_echo", "udp", 200_000, 1, "us", 1e6, "echoes"),
    Work("tls_receive", "TLS 1.3 receive 1 GiB", "tls_receive", "tls_source", GIB, GIB, "s/GiB", 1, "GiB"),
    Work("tls_connects", "TLS 1.3 connect, 1 B each way, close", "tls_connects", "tls_echo", 3_000, 1, "us", 1e6,
         "connections"),
]

# Memory of connections that have echoed once and then lie idle.
IDLE = [
    Work("idle", "idle TCP connection", "idle", "echo", 10_000, 1, "B", 1, ""),
    Work("tls_idle", "idle TLS connection", "tls_idle", "tls_echo", 1_000, 1, "B", 1, ""),
]


# What a peer cannot do: luv has no TLS.
CANNOT = {"luv": {"tls_receive", "tls_connects", "tls_idle"}}


def able(client, work):
    return work.name not in CANNOT.get(client, ())


def die(text):
    sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def pinned(core, command):
    can = shutil.which("taskset") and core in os.sched_getaffinity(0)
    return ["taskset", "-c", str(core), *command] if can else list(command)


class Lab:
    def __init__(self, build):
        self.build = Path(build).resolve()
        self.programs = self.build / "bench"
        for name in ("server", "raw_client", "engine_client"):
            if not (self.programs / name).exists():
                die(f"{self.programs / name} is missing: cmake --build {build} --target bench")
        self.environment = dict(os.environ, LUA_CPATH=f"{self.build}/lua/?.so;;")

    def clients(self):
        """The commands by name; those that this machine can run."""
        script = str(HERE / "lua_client.lua")
        known = {
            "raw": [str(self.programs / "raw_client")],
            "engine": [str(self.programs / "engine_client")],
            "luajit": ["luajit", script],
            "lua5.1": ["lua5.1", script],
            "runner": [str(self.build / "socketcore"), "run", script],
        }
        for peer in ("luv", "cqueues"):
            if self.has_module(peer):
                known[peer] = ["luajit", str(HERE / "peers" / f"{peer}.lua")]
        return {name: command for name, command in known.items() if shutil.which(command[0])}

    @staticmethod
    def has_module(name):
        test = ["luajit", "-e", f"require '{name}'"]
        return shutil.which("luajit") is not None and subprocess.run(test, stderr=subprocess.DEVNULL).returncode == 0

    @contextlib.contextmanager
    def server(self):
        """Starts it and gives its ports by service; ends it."""
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(pinned(SERVER_CORE, [str(self.programs / "server")]), stdout=subprocess.PIPE,
                                       stderr=errors, text=True)
            try:
                ports = {}
                while len(ports) < 6:
                    line = process.stdout.readline()
                    if not line:
                        errors.seek(0)
                        die(f"the server did not start: {errors.read()}")
                    service, port = line.split()
                    ports[service] = int(port)
                yield ports
            finally:
                process.kill()
                process.wait()

    def run(self, command, work, ports, count, prefix=()):
        """Runs a client. Returns what it printed and the processor's time it took, its start and end included."""
        command = [*prefix, *command, work.order, str(ports[work.service]), str(count), str(work.connections)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(pinned(CLIENT_CORE, command), stdout=subprocess.PIPE, env=self.environment, text=True,
                              timeout=600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            die(f"{' '.join(command)} failed with status {done.returncode}")
        return done.stdout, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
