#!/usr/bin/env python3
"""Counts what the clients' hot paths cost per operation: instructions (callgrind) outside the kernel and OpenSSL's ciphers,
and calls of the system.

    cmake --build build/release --target bench_instructions
    bench/instructions.py                  prints the counts beside the record, bench/instructions.json
    bench/instructions.py --check          fails where a count is more than 5 % above the record
    bench/instructions.py --record         writes the record anew
    bench/instructions.py --only udp_echo  some of the paths

The peers live in the client's process (bench/lockstep) and move when it waits, clocks and random numbers are always the
same: the same programs give the same counts, all but to the last instruction, whatever else the machine does.
"""

import argparse
import ctypes
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import record
from lab import HERE, MIB, die

SCRIPT = HERE / "lua_client.lua"
CLIENTS = {"engine": ["bench/engine_client"], "luajit": ["luajit", SCRIPT], "lua5.1": ["lua5.1", SCRIPT]}
LIMIT_S = 300


@dataclass(frozen=True)
class HotPath:
    name: str
    work: str            # the client's word for it
    port: int            # of bench/lockstep/peers.hpp
    connections: int
    window: tuple        # what is counted: from so many operations or bytes on, up to so many
    per: int = 1         # how many of those one figure is for


# Each window begins when everything has been done often enough to be warm, and spans many turns and garbage collections.
PATHS = [
    HotPath("tcp_echo", "tcp_echo", 1, 100, (2_048, 10_240)),
    HotPath("receive", "receive", 3, 1, (5 * MIB, 25 * MIB), MIB),
    HotPath("send", "send", 4, 1, (5 * MIB, 45 * MIB), MIB),
    HotPath("connects", "connects", 2, 1, (512, 2_560)),
    HotPath("udp_echo", "udp_echo", 1, 1, (1_000, 3_000)),
    HotPath("tls_receive", "tls_receive", 5, 1, (MIB, 3 * MIB), MIB),
]
OBJECT = re.compile(r"c?ob=\((\d+)\)(?: (.+))?")
SERVED = re.compile(r"lockstep: (\d+) operations, (\d+) calls")


def environment():
    """Nothing that differs from one user to another. Without ERMS memcpy copies in a loop: valgrind counts an instruction
    per byte of `rep movsb`, which would drown the rest."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-ERMS",
            "LUA_CPATH": "lua/?.so", "LD_PRELOAD": "./bench/lockstep.so"}


def instructions(profile):
    """All in a profile of callgrind but those of libcrypto: its ciphers are nine in ten of a TLS record's, and would hide
    what else grows."""
    names, place, total, inclusive = {}, None, 0, False
    for line in profile.read_text().splitlines():
        if found := OBJECT.match(line):
            names.setdefault(found[1], found[2])
            if line.startswith("ob="):
                place = names[found[1]]
        elif line.startswith("calls="):
            inclusive = True  # the next line has what the call cost, which is counted where it was spent
        elif line[:1] in "0123456789+-*" and line:
            if not inclusive and "/libcrypto.so" not in place:
                total += int(line.split()[1])
            inclusive = False
    return total


def counted(build, path, client):
    """The figures of one path and client."""
    # All names are relative, so that no instruction depends on where the tree lies.
    words = [os.path.relpath(word, build) if isinstance(word, Path) else word for word in CLIENTS[client]]
    first, last = path.window
    out = f"bench/callgrind/{path.name}.{client}"
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", *words, path.work,
               str(path.port), str(2 * last), str(path.connections)]
    done = subprocess.run(command, cwd=build, env={**environment(), "LOCKSTEP_WINDOW": f"{first} {last}"},
                          capture_output=True, text=True, errors="replace", timeout=LIMIT_S)
    served = SERVED.search(done.stderr)
    if done.returncode != 0 or not served:
        die(f"{path.name}, {client}: {' '.join(command)} failed: {(done.stdout + done.stderr)[-2000:]}")
    operations = int(served[1]) / path.per
    return {"instructions": round(instructions(build / out) / operations, 1), "calls": round(int(served[2]) / operations, 3)}


def first_line(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout.splitlines()[0].split(" Copyright")[0].removesuffix(" --").strip()


def setting(text, name):
    found = re.search(rf'^(?:set\()?{name}(?::\w+=| ")([^"\n]*)', text, re.MULTILINE)
    return found[1] if found else ""


def tools(build):
    """What the counts depend on beside the tree."""
    compiler = next((build / "CMakeFiles").glob("*/CMakeCXXCompiler.cmake")).read_text()
    openssl = ctypes.CDLL("libcrypto.so.3").OpenSSL_version
    openssl.restype = ctypes.c_char_p
    avx2 = " avx2" in Path("/proc/cpuinfo").read_text()
    return {
        "processor": platform.machine() + (", AVX2" if avx2 else ""),
        "compiler": f"{setting(compiler, 'CMAKE_CXX_COMPILER_ID')} {setting(compiler, 'CMAKE_CXX_COMPILER_VERSION')}",
        "libc": " ".join(platform.libc_ver()),
        "openssl": openssl(0).decode(),
        "luajit": first_line("luajit", "-v"),
        "lua5.1": first_line("lua5.1", "-v"),
        "valgrind": first_line("valgrind", "--version"),
    }


def ready(build):
    for name in ("valgrind", "luajit", "lua5.1"):
        if not shutil.which(name):
            die(f"{name} is not installed: scripts/install-deps.sh build guard")
    for name in ("bench/engine_client", "bench/lockstep.so", "lua/socketcore.so"):
        if not (build / name).exists():
            die(f"{build / name} is missing: cmake --build {build} --target bench_instructions")
    kind = setting((build / "CMakeCache.txt").read_text(), "CMAKE_BUILD_TYPE")
    if kind != "RelWithDebInfo":
        die(f"{build} is a {kind} build; the counts are of `cmake --preset release`")
    (build / "bench/callgrind").mkdir(exist_ok=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build/release", type=Path, help="build/release unless told")
    parser.add_argument("--check", action="store_true", help="fail where a count has grown by more than 5 %%")
    parser.add_argument("--record", action="store_true", help="write the record anew")
    parser.add_argument("--only", metavar="PATH,...", help=", ".join(path.name for path in PATHS))
    parser.add_argument("--file", type=Path, default=HERE / "instructions.json", help="the record")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else [path.name for path in PATHS]
    if unknown := set(names) - {path.name for path in PATHS}:
        parser.error(f"no such path: {', '.join(sorted(unknown))}")
    if options.record and (options.only or options.check):
        parser.error("--record is of all paths, and goes alone")
    options.paths = [path for path in PATHS if path.name in names]
    options.build = options.build.resolve()
    return options


def main():
    options = arguments()
    ready(options.build)
    works = [(path, client) for path in options.paths for client in CLIENTS]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        figures = list(pool.map(lambda work: counted(options.build, *work), works))
    counts = {(path.name, client): figure for (path, client), figure in zip(works, figures)}
    if options.record:
        record.write(options.file, tools(options.build), counts)
    old_tools, old = record.read(options.file)
    print(record.table(counts, old))
    for line in record.differing_tools(old_tools, tools(options.build)):
        print(f"note: {line}")
    if not options.check:
        return
    wanted = {key: figure for key, figure in old.items() if key[0] in {path.name for path in options.paths}}
    failures, notes = record.compare(wanted, counts)
    for note in notes:
        print(f"note: {note}")
    if failures:
        sys.exit("\n".join(["", *failures, record.ADVICE]))
    print(f"No count is more than {record.MOST_GROWTH:.0%} above the record.")


if __name__ == "__main__":
    main()
