#!/usr/bin/env python3
"""Whether the tests that papers name exist: `Suite.Name`, `group: case` of tests/peers, `file.py: test`, `tree_name`.

    check_tests.py ROOT PAPER...
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
tests = root / "tests"
known = {"tree_" + path.stem for path in (tests / "tree").glob("*.py")}
for path in tests.rglob("*.cpp"):
    for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", path.read_text(), re.M):
        known.add(f"{suite}.{name}")
for path in (tests / "peers" / "groups").glob("*.py"):
    for name in re.findall(r"^@\w*case\(.*\)\ndef (\w+)\(", path.read_text(), re.M):
        known.add(f"{path.stem}: {name}")
for path in tests.rglob("*_test.py"):
    for name in re.findall(r"^ +def (test_\w+)\(", path.read_text(), re.M):
        known.add(f"{path.name}: {name}")

failures = named = 0
for paper in sys.argv[2:]:
    text = (root / paper).read_text()
    for word in re.findall(r"`([A-Z]\w+\.\w+|\w+(?:\.py)?: \w+|tree_\w+)`", text):
        if word in ("Suite.Name", "group: case", "file.py: test"):  # how they are spelt
            continue
        named += 1
        if word not in known:
            failures += 1
            print(f"{paper}: there is no test {word}")
print(f"{named} tests named, {failures} of them not there")
sys.exit(1 if failures or named == 0 else 0)
