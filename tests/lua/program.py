"""What the tests of programs share: scripts in a folder of their own, children that are always ended."""

import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TIME_LIMIT = 30


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runner", required=True, help="the program socketcore")
    parser.add_argument("--module", required=True, help="the folder of socketcore.so")
    parser.add_argument("--interpreter", action="append", default=[], help="a stock interpreter")
    parser.add_argument("--preload", default="", help="for a stock interpreter: the sanitizers' libraries")
    known, rest = parser.parse_known_args()
    return known, [sys.argv[0], *rest]


class Sink:
    """A TCP server for one connection: reads it to its end, after `release()` only if asked to be slow."""

    def __init__(self, slow=False):
        self.listener = socket.socket()
        if slow:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.go = threading.Event()
        self.count = 0
        self.ended = None
        if not slow:
            self.go.set()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def release(self):
        self.go.set()

    def read(self):
        with self.listener, self.listener.accept()[0] as connection:
            self.go.wait()
            try:
                while data := connection.recv(65536):
                    self.count += len(data)
                self.ended = "end"
            except OSError:
                self.ended = "reset"

    def received(self):
        self.thread.join(TIME_LIMIT)
        return self.count, self.ended


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def start(self, command, environment=None):
        # A nohup around the tests must not reach the program.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                   text=True, env={**os.environ, **(environment or {})}, cwd=self.folder)
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def complete(self, process, status=None):
        out, err = process.communicate(timeout=TIME_LIMIT)
        if status is not None:
            self.assertEqual(process.returncode, status, f"stdout: {out}\nstderr: {err}")
        return process.returncode, out, err

    def wait_until_it_waits(self, process):
        """Until the kernel has put it to sleep: in a script that has just spoken, that is rtos.receive."""
        deadline = time.monotonic() + TIME_LIMIT
        while pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2][0] != "S":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def wait_for_line(self, process, expected):
        self.assertEqual(process.stdout.readline(), expected + "\n")
