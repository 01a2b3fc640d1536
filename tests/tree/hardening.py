#!/usr/bin/env python3
"""Whether a release build is hardened as docs/security.md says: the runner, the Lua module and the library, by readelf.

    hardening.py BUILD_FOLDER
"""
import json
import pathlib
import platform
import re
import subprocess
import sys

build = pathlib.Path(sys.argv[1])
x86 = platform.machine() in ("x86_64", "AMD64")
failures = []


def check(ok, where, what):
    if not ok:
        failures.append(f"{where}: {what}")


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], check=True, capture_output=True, text=True).stdout


def section(path, name):
    """The bytes of a section."""
    found = re.search(rf" {re.escape(name)} +\S+ +\S+ (\S+) (\S+)", readelf(path, "-S"))
    offset, size = (int(word, 16) for word in found.groups())
    return path.read_bytes()[offset:offset + size]


def check_linked(path, program):
    where = path.name
    dynamic = readelf(path, "-d")
    check(re.search(r"Type: +DYN", readelf(path, "-h")), where, "is not position independent")
    check(not program or re.search(r"FLAGS_1.*\bPIE\b", dynamic), where, "is no PIE")
    check(re.search(r"FLAGS_1.*\bNOW\b", dynamic), where, "binds lazily: no full RELRO")
    for tag in ("TEXTREL", "RPATH", "RUNPATH"):
        check(tag not in dynamic, where, f"has {tag}")
    segments = [line.split() for line in readelf(path, "-l").splitlines() if re.match(r" +[A-Z_]+ +0x", line)]
    kinds = {words[0]: "".join(words[6:-1]) for words in segments}
    check("GNU_RELRO" in kinds, where, "has no RELRO")
    check(kinds.get("GNU_STACK") == "RW", where, "has a stack that can be executed")
    for words in segments:
        check(not {"W", "E"} <= set("".join(words[6:-1])), where, "has a segment that can be written and executed")
    symbols = [line.split() for line in readelf(path, "--dyn-syms").splitlines()]
    names = {words[7].split("@")[0] for words in symbols if len(words) > 7}
    check("__stack_chk_fail" in names, where, "has no stack protector")
    check(any(re.fullmatch(r"__\w+_chk", name) for name in names), where, "has no fortified call")
    if x86:
        # Each function whose address is taken begins with endbr64; without the flag only the C library's few do.
        check(section(path, ".text").count(b"\xf3\x0f\x1e\xfa") > 500, where, "has no marks for indirect branches")
    exports = {words[7].split("@")[0] for words in symbols
               if len(words) > 7 and words[6] not in ("UND", "Ndx") and words[4] in ("GLOBAL", "WEAK")}
    return exports


def check_library(path):
    where = path.name
    headers = readelf(path, "-S")
    members = headers.count("File: ")
    check(members > 20, where, f"has {members} members")
    stacks = re.findall(r"\.note\.GNU-stack +\S+ +\S+ +\S+ +\S+ +\S+ +(\w*)", headers)
    check(headers.count(".note.GNU-stack") == members and "X" not in "".join(stacks), where, "asks for an executable stack")
    if x86:
        check(readelf(path, "-n").count("IBT, SHSTK") == members, where, "has members without control-flow protection")


def check_flags():
    """What leaves no trace that could be relied on."""
    wanted = ["-fstack-protector-strong", "-fstack-clash-protection", "-D_FORTIFY_SOURCE=3", "-fPI"]
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if re.search(r"/(src|runner)/[^ ]*\.cpp$", entry["file"]):
            for flag in wanted:
                check(f" {flag}" in entry["command"], entry["file"], f"is compiled without {flag}")


check_linked(build / "socketcore", program=True)
exports = check_linked(build / "lua" / "socketcore.so", program=False)
check(all(name.startswith("luaopen_") for name in exports) and exports, "socketcore.so", f"exports {sorted(exports)}")
check_library(build / "src" / "libsocketcore.a")
check_flags()
for failure in failures:
    print(failure)
print("hardened" if not failures else f"{len(failures)} failures")
sys.exit(1 if failures else 0)
