"""Cases: functions marked with @case, run one after the other, each with a time limit and a private folder."""
import contextlib
import dataclasses
import faulthandler
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from . import namespace
from .process import Process
from .script import Interpreters, Script


class Skip(Exception):
    """The case cannot be run on this machine."""


@dataclasses.dataclass
class Case:
    name: str
    function: object
    limit: float
    tools: tuple
    namespace: bool
    root: bool


@dataclasses.dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def case(limit=60, tools=(), needs_namespace=False, root=False):
    """Marks a case. `tools`: programs that it runs; without them, or without namespaces or root, it is skipped."""

    def mark(function):
        function.case = Case(function.__name__, function, limit, tuple(tools), needs_namespace, root)
        return function

    return mark


def cases_of(module):
    return [value.case for value in vars(module).values() if callable(value) and hasattr(value, "case")]


class Bench:
    """What a case works with: its folder, its processes, its clock. All that it started ends with it."""

    def __init__(self, name, limit, arguments, shared):
        self.name = name
        self.patience = arguments.limit
        self.deadline = time.monotonic() + limit * self.patience
        self.build = arguments.build.resolve()
        self.shared = shared
        self.processes = []
        self.stack = contextlib.ExitStack()
        self.tmp = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-" + name + "-")))
        self.tmp.chmod(0o755)
        self.interpreters = Interpreters(self.build, arguments.preload)
        self.sanitized = arguments.preload != ""  # then memory says little, and addresses are spent lavishly

    # -- time

    def left(self):
        """Seconds until the case's limit: the timeout of every wait."""
        return max(0.0, self.deadline - time.monotonic())

    def until(self, condition, what, pause=0.02):
        """Polls what nobody announces (/proc, packet counters). Returns the first true result."""
        while True:
            result = condition()
            if result:
                return result
            if self.left() == 0:
                raise AssertionError("in vain waited for: " + what)
            time.sleep(pause)

    # -- things with an end

    def defer(self, function, *arguments):
        self.stack.callback(function, *arguments)

    def own(self, thing):
        """Closes `thing` at the end of the case."""
        self.stack.callback(thing.close)
        return thing

    def start(self, argv, **settings):
        process = Process(self, [str(word) for word in argv], **settings)
        self.processes.append(process)
        self.stack.callback(process.end)
        return process

    def script(self, text, *arguments, **settings):
        """Starts a Lua script, given as text or as a path; see Script."""
        script = Script(self, text, arguments, **settings)
        self.processes.append(script)
        self.stack.callback(script.end)
        return script

    def play(self, text, *arguments, code=0, **settings):
        """Runs a script to its end."""
        return self.script(text, *arguments, **settings).finish(code)

    # -- files

    def file(self, name, content):
        path = self.tmp / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    # -- checks

    def equal(self, found, wanted, what=""):
        if found != wanted:
            raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")

    def true(self, found, what):
        if not found:
            raise AssertionError(f"{what}: {found!r}")

    def within(self, found, low, high, what):
        if not low <= found <= high:
            raise AssertionError(f"{what}: {found!r} is not in {low}..{high}")


def missing(one):
    if one.namespace and not namespace.inside():
        return "needs network and mount namespaces (root, or unprivileged user namespaces)"
    if one.root and not namespace.real_root():
        return "needs root"
    gone = [tool for tool in one.tools if shutil.which(tool, path=search_path()) is None]
    return "needs " + ", ".join(gone) if gone else None


def search_path():
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"


def run_all(module, arguments):
    os.environ["PATH"] = search_path()
    outcome = Outcome()
    wanted = cases_of(module)
    if arguments.cases:
        unknown = set(arguments.cases) - {c.name for c in wanted}
        if unknown:
            raise SystemExit("no such case: " + " ".join(sorted(unknown)))
        wanted = [c for c in wanted if c.name in arguments.cases]
    with contextlib.ExitStack() as shared_stack:
        shared = {"stack": shared_stack}
        for one in wanted:
            run_one(one, arguments, shared, outcome)
    print(f"{module.__name__.split('.')[-1]}: {outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped")
    return outcome


def run_one(one, arguments, shared, outcome):
    reason = missing(one)
    if reason:
        outcome.skipped += 1
        print(f"skip {one.name}: {reason}", flush=True)
        return
    started = time.monotonic()
    # The last resort; every wait of a case has the case's own deadline. Children die with us.
    faulthandler.dump_traceback_later(one.limit * arguments.limit + 20, exit=True)
    bench = Bench(one.name, one.limit, arguments, shared)
    verdict, trouble = "ok  ", None
    try:
        try:
            one.function(bench)
        finally:
            # Judged before they are ended: an aborted child is news, a killed one is not.
            for process in bench.processes:
                process.note_state()
    except Skip as skip:
        verdict, trouble = "skip", None
        print(f"skip {one.name}: {skip}", flush=True)
    except (AssertionError, OSError, TimeoutError) as error:
        verdict, trouble = "FAIL", error
        trace = traceback.format_exc()
    except Exception as error:  # noqa: BLE001: a mistake in a case is that case's failure
        verdict, trouble = "FAIL", error
        trace = traceback.format_exc()
    finally:
        bench.stack.close()
        faulthandler.cancel_dump_traceback_later()
    took = time.monotonic() - started
    if verdict == "skip":
        outcome.skipped += 1
        return
    if trouble is None:
        outcome.passed += 1
    else:
        outcome.failed += 1
        print("-" * 72)
        print(trace)
    if trouble is not None or arguments.verbose:
        for process in bench.processes[-8:]:
            print(process.report())
    print(f"{verdict} {one.name} ({took:.1f} s)", flush=True)
    sys.stdout.flush()
