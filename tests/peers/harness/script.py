"""A Lua script under test: in the runner, or in a stock interpreter with the module."""
import json
import os
import pathlib
import time

from .process import Process

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "scripts"
SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer", "Assertion `")


def lua(value):
    """A Python value as Lua source."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, os.PathLike):
        value = str(value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        safe = lambda b: 32 <= b < 127 and b not in (34, 92)  # noqa: E731
        return '"' + "".join(chr(b) if safe(b) else f"\\{b:03d}" for b in value) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua(key)}]={lua(item)}" for key, item in value.items()) + "}"
    return "{" + ", ".join(lua(item) for item in value) + "}"


class Interpreters:
    """How a script is started, by flavour."""

    def __init__(self, build, preload):
        self.build = build
        self.preload = preload  # a module with sanitizers wants their library in the interpreter, before all others
        self.runner = build / "socketcore"

    def argv(self, flavour, options):
        if flavour == "runner":
            return [str(self.runner), "run", *options]
        return [flavour]

    def environment(self, flavour):
        environment = dict(os.environ)
        environment["LUA_PATH"] = f"{SCRIPTS}/?.lua;;"
        environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        if flavour != "runner":
            environment["LUA_CPATH"] = f"{self.build}/lua/?.so;;"
            if self.preload:
                environment["LD_PRELOAD"] = self.preload
                # The interpreters are not ours, and keep what they like at their end.
                environment["ASAN_OPTIONS"] = "detect_leaks=0:" + environment.get("ASAN_OPTIONS", "")
        return environment


class Script(Process):
    """
    `text` is Lua source (or a Path to it). The first line of a source text is preceded by `local kit = require "kit"`,
    which prints every message as a line of JSON. `flavour`: runner, lua5.1, luajit. `options`: of `socketcore run`.
    `under`: words put in front of the command (prlimit, setpriv).
    """

    count = 0

    def __init__(self, bench, text, arguments, *, flavour="runner", options=(), under=(), env=None, stdin=None, **settings):
        if isinstance(text, pathlib.Path):
            path = text
        else:
            Script.count += 1
            path = bench.tmp / f"script{Script.count}.lua"
            # On one line with the script's first, so that line numbers in errors are the script's own.
            path.write_text('local kit = require "kit" ' + text.lstrip("\n"))
        environment = bench.interpreters.environment(flavour)
        environment.update(env or {})
        argv = [*under, *bench.interpreters.argv(flavour, [str(o) for o in options]), str(path), *map(str, arguments)]
        self.flavour = flavour
        self.taken = 0
        super().__init__(bench, [str(word) for word in argv], name="script", env=environment, stdin=stdin, **settings)

    # -- its lines

    def lines(self):
        with self.condition:
            text = bytes(self.out.data)
        lines = text.split(b"\n")
        return lines[:-1]  # the last one has no end yet

    @property
    def records(self):
        """Everything that kit printed, in order: messages, notes and timers."""
        return [json.loads(line) for line in self.lines() if line.startswith(b"{")]

    def messages(self, kind=None, socket=None):
        return [r for r in self.records if "message" in r and (kind is None or r["message"] == kind)
                and (socket is None or r["socket_index"] == socket)]

    def message(self, kind, socket=None):
        """The only message of this kind."""
        found = self.messages(kind, socket)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} messages {kind}: {found}")
        return found[0]

    def notes(self, name):
        return [r for r in self.records if r.get("note") == name]

    def said(self, name):
        """The only note of this name."""
        found = self.notes(name)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} notes {name}: {found}")
        return found[0]

    def wait_record(self, matches, what):
        """Waits for the next record that matches; those before it are passed over."""
        end = time.monotonic() + self.bench.left()
        with self.condition:
            while True:
                records = self.records
                while self.taken < len(records):
                    self.taken += 1
                    if matches(records[self.taken - 1]):
                        return records[self.taken - 1]
                if self.out.over:
                    raise AssertionError(f"the script ended without {what}")
                rest = end - time.monotonic()
                if rest <= 0:
                    raise AssertionError(f"no {what} in time")
                self.condition.wait(rest)

    def wait_note(self, name):
        return self.wait_record(lambda r: r.get("note") == name, f"the note {name}")

    def wait_message(self, kind, **fields):
        return self.wait_record(
            lambda r: r.get("message") == kind and all(r.get(k) == v for k, v in fields.items()),
            f"{kind} {fields or ''}")

    def go(self, word="go"):
        """Lets a script on that waits in kit.pause()."""
        self.write(word + "\n")

    # -- its end

    def finish(self, code=0, limit=None):
        status = self.wait(limit)
        self.check_clean()
        if code is not None and status != code:
            raise AssertionError(f"the script ended with {status}, not {code}")
        return self

    def check_clean(self):
        text = self.errors()
        for word in SANITIZER_WORDS:
            if word in text:
                raise AssertionError(f"{word} in what the script's process said")
