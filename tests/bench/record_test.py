#!/usr/bin/env python3
"""The comparison behind `bench/instructions.py --check`: made-up counts against a made-up record."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import instructions  # noqa: E402
import record  # noqa: E402

ECHO, SEND = ("tcp_echo", "engine"), ("send", "luajit")


def counts(echo=1000.0, calls=2.0):
    return {ECHO: {"instructions": echo, "calls": calls}, SEND: {"instructions": 80_000.0, "calls": 11.5}}


class CompareTest(unittest.TestCase):
    def test_equal_counts_pass(self):
        self.assertEqual(record.compare(counts(), counts()), ([], []))

    def test_five_percent_more_pass(self):
        self.assertEqual(record.compare(counts(), counts(echo=1050.0)), ([], []))

    def test_more_than_that_fails_and_names_path_client_and_both_counts(self):
        failures, notes = record.compare(counts(), counts(echo=1051.0))
        self.assertEqual(failures, ["tcp_echo, engine: 1,051.0 instructions per echo, recorded 1,000.0: +5.1%"])
        self.assertEqual(notes, [])

    def test_more_system_calls_fail_too(self):
        failures, _ = record.compare(counts(), counts(calls=3.0))
        self.assertEqual(failures, ["tcp_echo, engine: 3.0 system calls per echo, recorded 2.0: +50.0%"])

    def test_a_call_where_there_was_none_fails(self):
        failures, _ = record.compare(counts(calls=0.0), counts(calls=0.1))
        self.assertEqual(len(failures), 1)

    def test_much_less_is_said_and_passes(self):
        failures, notes = record.compare(counts(), counts(echo=940.0))
        self.assertEqual(failures, [])
        self.assertEqual(len(notes), 1)
        self.assertIn("tcp_echo, engine: 940.0", notes[0])
        self.assertIn("record it", notes[0])

    def test_what_is_on_one_side_only_fails(self):
        old, new = counts(), counts()
        del old[ECHO], new[SEND]
        self.assertEqual(record.compare(old, new)[0],
                         ["send, luajit: in the record, but not counted", "tcp_echo, engine: not in the record"])

    def test_another_tool_is_named_with_both_versions(self):
        old, new = {"compiler": "GNU 12.2.0", "libc": "glibc 2.36"}, {"compiler": "GNU 13.1.0", "libc": "glibc 2.36"}
        lines = record.differing_tools(old, new)
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], "compiler: .*GNU 12.2.0.*GNU 13.1.0")


class FileTest(unittest.TestCase):
    def test_what_was_written_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "record.json")
            record.write(path, {"compiler": "GNU 12.2.0"}, counts())
            self.assertEqual(record.read(path), ({"compiler": "GNU 12.2.0"}, counts()))
            # One line per path and client.
            self.assertEqual(sum("client" in line for line in path.read_text().splitlines()), 2)

    def test_the_record_of_the_tree_has_every_path_and_client(self):
        tools, recorded = record.read(ROOT / "bench" / "instructions.json")
        self.assertEqual(set(recorded), {(path.name, client) for path in instructions.PATHS for client in
                                         instructions.CLIENTS})
        self.assertIn("compiler", tools)

    def test_a_profile_is_summed_without_libcrypto_and_what_calls_cost(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "profile")
            path.write_text("events: Ir\n\nob=(1) /usr/bin/client\nfn=(1) main\n10 5\ncob=(2) /lib/libcrypto.so.3\n"
                            "cfn=(2) cipher\ncalls=1 20\n+1 700\n* 3\nob=(2)\nfn=(2)\n20 700\n\nob=(1)\n-4 2\n\n"
                            "totals: 710\n")
            self.assertEqual(instructions.instructions(path), 10)


if __name__ == "__main__":
    unittest.main()
