#!/usr/bin/env python3
"""Runs one Lua spec with its peers: starts them on free ports, tells the spec by environment, ends what it started."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from peers import Peers

HERE = pathlib.Path(__file__).resolve().parent


def start_echo(runner, folder):
    """The built-in echo server, and what the specs need to know of it."""
    ca_file = os.path.join(folder, "ca.pem")
    echo = subprocess.Popen([runner, "echo", "--write-ca", ca_file], stdout=subprocess.PIPE, text=True)
    environment = {"SC_ECHO_CA": ca_file}
    for _ in range(3):
        name, _, address = echo.stdout.readline().partition(" ")
        environment["SC_ECHO_" + name.upper()] = address.strip().rpartition(":")[2]
    return echo, environment


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True, help="the program socketcore")
    parser.add_argument("--module", required=True, help="the folder of socketcore.so")
    parser.add_argument("--interpreter", required=True, help="a stock interpreter, or 'runner'")
    parser.add_argument("--preload", default="", help="for a stock interpreter: the sanitizers' libraries")
    parser.add_argument("--time-limit", type=float, default=60)
    parser.add_argument("--option", action="append", default=[], help="an option of 'socketcore run'")
    parser.add_argument("spec")
    options = parser.parse_args()

    peers = Peers()
    environment = {**os.environ, **peers.environment}
    environment["LUA_CPATH"] = os.path.join(options.module, "?.so")
    environment["LUA_PATH"] = f"{HERE}/?.lua;;"
    if options.interpreter == "runner":
        command = [options.runner, "run", *options.option, options.spec]
    else:
        command = [options.interpreter, options.spec]
        if options.preload:
            environment["LD_PRELOAD"] = options.preload

    with tempfile.TemporaryDirectory() as folder:
        echo, echo_environment = start_echo(options.runner, folder)
        environment.update(echo_environment)
        environment["SC_TEMP"] = folder
        try:
            return subprocess.run(command, env=environment, timeout=options.time_limit).returncode
        except subprocess.TimeoutExpired:
            print(f"not done after {options.time_limit} s", file=sys.stderr)
            return 1
        finally:
            echo.terminate()
            if echo.wait(timeout=10) != 0:
                print(f"the echo server ended with {echo.returncode}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
