#!/usr/bin/env python3
"""Runs Lua scripts against real counterparts and checks what the scripts were told.

    run.py --build BUILD_FOLDER GROUP [CASE...]    runs a group of groups/, or some cases of it
    run.py --list                                  names the groups and their cases

Ends with 0, 1 (a case failed) or 77 (nothing could be run here). A group runs in network and mount namespaces of its
own where the kernel lets it: its ports, addresses, routes, packet filters and /etc are nobody else's.
"""
import argparse
import faulthandler
import importlib
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from harness import case, namespace  # noqa: E402

SKIPPED = 77


def groups():
    return sorted(path.stem for path in (HERE / "groups").glob("*.py"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="the build folder with socketcore and lua/socketcore.so")
    parser.add_argument("--preload", default="", help="for a stock interpreter: the sanitizers' library that the module wants")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="show what every case's processes said")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=float, default=float(os.environ.get("SC_PEERS_PATIENCE", "1")),
                        help="multiply all time limits by this (sanitizers, slow machines)")
    parser.add_argument("group", nargs="?")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()

    if arguments.list:
        for name in groups():
            module = importlib.import_module("groups." + name)
            print(name + ":", " ".join(c.name for c in case.cases_of(module)))
        return 0
    if arguments.build is None or arguments.group not in groups():
        parser.error("--build and one of the groups are wanted: " + " ".join(groups()))

    if not arguments.inside:
        prefix = namespace.entry()
        if prefix:
            os.execvp(prefix[0], [*prefix, sys.executable, *sys.argv, "--inside"])
        print("no namespaces of our own here: cases that need them are skipped")
    else:
        namespace.set_up()

    module = importlib.import_module("groups." + arguments.group)
    faulthandler.enable()
    outcome = case.run_all(module, arguments)
    if outcome.failed:
        return 1
    return 0 if outcome.passed else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
