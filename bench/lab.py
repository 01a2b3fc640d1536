"""What run.py and syscalls.py share: the works, the clients and the server of a build."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
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
    count: int         # operations or bytes in one run
    per: int           # how many of those one figure is for
    unit: str          # of the figure
    to_unit: float     # seconds times this are units
    rate: str          # of what, per second
    connections: int = 1

    def scaled(self, scale):
        return max(int(self.count * scale), 2 * self.connections)


# A run takes half a second or so: short, so that those that are compared lie close together, but long enough for a
# process's start (two or three milliseconds more in Lua than in C++) not to show.
WORKS = [
    Work("echo_1", "TCP echo, 64 B, 1 connection", "tcp_echo", "echo", 25_000, 1, "us", 1e6, "echoes"),
    Work("echo_1000", "TCP echo, 64 B, 1000 connections", "tcp_echo", "echo", 100_000, 1, "us", 1e6, "echoes", 1000),
    Work("connects", "connect, 1 B each way, close", "connects", "echo", 8_000, 1, "us", 1e6, "connections"),
    Work("receive", "receive 1 GiB", "receive", "source", GIB, GIB, "s/GiB", 1, "GiB"),
    Work("send", "send 1 GiB", "send", "sink", GIB, GIB, "s/GiB", 1, "GiB"),
    Work("tls_receive", "TLS 1.3 receive 512 MiB", "tls_receive", "tls_source", GIB // 2, GIB, "s/GiB", 1, "GiB"),
    Work("tls_connects", "TLS 1.3 connect, 1 B each way, close", "tls_connects", "tls_echo", 1_000, 1, "us", 1e6,
         "connections"),
    Work("udp_echo", "UDP echo, 64 B", "udp_echo", "udp", 25_000, 1, "us", 1e6, "echoes"),
]

# From nothing to a process with its TLS context made and its first connection under way; so many processes in one run.
START = Work("tls_start", "start of the process, TLS ready", "tls_start", "tls_echo", 20, 1, "ms", 1e3, "starts")

# Memory of connections that have echoed once and then lie idle, watched for input.
IDLE = [
    Work("idle", "idle TCP connection", "idle", "echo", 10_000, 1, "B", 1, ""),
    Work("tls_idle", "idle TLS connection", "tls_idle", "tls_echo", 1_000, 1, "B", 1, ""),
]

# What the Lua module under LuaJIT is to reach. Works: processor time, at most so many times raw's. Idle connections: bytes.
GOAL_OF = "luajit"
GOALS = {
    "echo_1000": 1.15,
    "connects": 1.10,
    "receive": 1.15,
    "send": 1.15,
    "tls_receive": 1.08,
    "tls_connects": 1.03,
    "udp_echo": 1.10,
    "tls_start": 2 / 1.4,  # 2 ms on a machine where raw takes 1.4 ms
    "idle": 400,
    "tls_idle": 21_000,
}

# Memory hardly depends on the machine's load, so what has been reached must be kept, by all that is ours: bytes.
LIMITS = {"idle": 400, "tls_idle": 21_000}
OURS = ("engine", "luajit", "lua5.1", "runner")

# The libraries that socketcore is compared to, in LuaJIT, with the modules that each needs.
PEERS = {"luv": ("luv",), "cqueues": ("cqueues", "openssl.ssl.context"), "copas": ("copas", "ssl")}
# What they cannot do, and why; and who does less than the work asks for, so that nobody is compared to it.
CANNOT = {
    "luv": ({"tls_receive", "tls_connects", "tls_idle"}, "luv has no TLS (its start is one without)"),
    "copas": ({"idle"}, "copas waits with select(), which takes descriptors below 1024 only"),
}
LESS = {"tls_start": ("luv",)}


def able(client, work):
    return client not in CANNOT or work.name not in CANNOT[client][0]


def die(text):
    sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def pinned(core, command):
    can = shutil.which("taskset") and core in os.sched_getaffinity(0)
    return ["taskset", "-c", str(core), *command] if can else list(command)


@contextlib.contextmanager
def on_core(core):
    """What is started meanwhile inherits the core: a program of taskset's own would count as a part of the start."""
    cores = os.sched_getaffinity(0)
    if core in cores:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


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
        for peer, modules in PEERS.items():
            if all(map(self.has_module, modules)):
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
        return self.timed(command, work, ports, count, prefix)[:2]

    def timed(self, command, work, ports, count, prefix=()):
        """As run(); also how long it took until the client had printed its line."""
        words = [*prefix, *command, work.order, str(ports[work.service]), str(count), str(work.connections)]
        words[0] = shutil.which(words[0]) or words[0]
        before = time.monotonic()
        with on_core(CLIENT_CORE):
            # With a full path and no descriptors to close Python spawns instead of forking, which would show in a start.
            process = subprocess.Popen(words, stdout=subprocess.PIPE, env=self.environment, text=True, close_fds=False)
        watchdog = threading.Timer(600, process.kill)
        watchdog.start()
        answer = process.stdout.readline()
        seconds = time.monotonic() - before
        answer += process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            die(f"{' '.join(words)} failed with status {process.returncode}")
        return answer, usage.ru_utime + usage.ru_stime, seconds
