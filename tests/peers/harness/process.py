"""A child process whose output can be awaited. It dies with us; it is ended by its id alone."""
import ctypes
import os
import re
import signal
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Stream:
    """Collects what comes out of a pipe, in a thread."""

    def __init__(self, pipe, condition):
        self.pipe = pipe
        self.condition = condition
        self.data = bytearray()
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                piece = os.read(self.pipe.fileno(), 65536)
            except (OSError, ValueError):
                piece = b""
            with self.condition:
                self.data += piece
                self.over = self.over or not piece
                self.condition.notify_all()
            if not piece:
                return


class Process:
    def __init__(self, bench, argv, *, name=None, stdin=None, stdout=None, env=None, cwd=None, before=None):
        self.bench = bench
        self.argv = argv
        self.name = name or os.path.basename(argv[0])
        self.state = "running"
        self.condition = threading.Condition()

        def prepare():
            die_with_parent()
            if before is not None:
                before()

        self.child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin == "pipe" else (stdin or subprocess.DEVNULL),
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd or bench.tmp,
            preexec_fn=prepare,
        )
        self.pid = self.child.pid
        self.out = Stream(self.child.stdout, self.condition) if stdout is None else None
        self.err = Stream(self.child.stderr, self.condition)

    # -- what it says

    def wait_for(self, pattern, stream="any", limit=None):
        """Waits for a regular expression in what it said so far; returns the match."""
        expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.MULTILINE)
        streams = [s for s in {"any": (self.out, self.err), "out": (self.out,), "err": (self.err,)}[stream] if s]
        end = time.monotonic() + min(limit or 1e9, self.bench.left())
        with self.condition:
            while True:
                for one in streams:
                    match = expression.search(bytes(one.data))
                    if match:
                        return match
                if all(one.over for one in streams):
                    raise AssertionError(f"{self.name} ended without saying {pattern!r}")
                rest = end - time.monotonic()
                if rest <= 0:
                    raise AssertionError(f"{self.name} did not say {pattern!r} in time")
                self.condition.wait(rest)

    def output(self):
        return (bytes(self.out.data) if self.out else b"").decode(errors="replace")

    def errors(self):
        return bytes(self.err.data).decode(errors="replace")

    def write(self, data):
        self.child.stdin.write(data if isinstance(data, bytes) else data.encode())
        self.child.stdin.flush()

    # -- its end

    def signal(self, number):
        os.kill(self.pid, number)

    def running(self):
        return self.child.poll() is None

    def wait(self, limit=None):
        """Waits for its end and for all that it said; returns the exit status, negative for a signal."""
        timeout = min(limit or 1e9, self.bench.left())
        try:
            status = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end in time") from None
        for stream in (self.out, self.err):
            if stream:
                stream.thread.join(2)
        return status

    def note_state(self):
        status = self.child.poll()
        self.state = "running" if status is None else f"ended with {status}"

    def end(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(1)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        if self.child.stdin:
            try:
                self.child.stdin.close()
            except OSError:
                pass
        for stream in (self.out, self.err):
            if stream:
                stream.thread.join(1)

    # -- for the eyes

    def report(self):
        lines = [f"==== {self.name} (pid {self.pid}, {self.state}): {' '.join(self.argv)[:300]}"]
        for title, stream in (("out", self.out), ("err", self.err)):
            if stream and stream.data:
                text = bytes(stream.data).decode(errors="replace")
                if len(text) > 6000:
                    text = text[:2000] + "\n[...]\n" + text[-4000:]
                lines += [f"-- {title}", text.rstrip("\n")]
        return "\n".join(lines)

    # -- the kernel's view of it

    def descriptors(self):
        folder = f"/proc/{self.pid}/fd"
        result = []
        for entry in os.listdir(folder):
            try:
                result.append(os.readlink(f"{folder}/{entry}"))
            except FileNotFoundError:
                pass
        return result

    def sockets(self):
        return [link for link in self.descriptors() if link.startswith("socket:")]

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0
