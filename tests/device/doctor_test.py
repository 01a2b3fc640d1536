#!/usr/bin/env python3
"""`socketcore doctor FOLDER` on projects made for it, and the table behind it against what a project's script finds."""

import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lua"))
from program import ProgramTest, options  # noqa: E402

OPTIONS, ARGV = options()
START = "PROJECT = 'TEST'\nVERSION = '1.0.0'\n"
CALLS = "Missing calls"
CONSTANTS = "Missing constants"
MODULES = "Missing modules"
COMMANDS = "AT commands that the modem does not know"
PROBED = "Missing, and the script looks first (does not count)"
UNREACHED = "Missing, in files that main.lua does not lead to (does not count)"
BROKEN = "Files that cannot be loaded"
PROJECT = "The project"


class DoctorTest(ProgramTest):
    def doctor(self, *arguments, status):
        return self.complete(self.start([OPTIONS.runner, "doctor", *arguments]), status)

    def examine(self, files, *arguments, status):
        """Writes the files into the folder `app`; main.lua begins with line 3. Returns the report by heading."""
        for name, text in files.items():
            if isinstance(text, bytes):
                path = pathlib.Path(self.write("app/" + name, ""))
                path.write_bytes(text)
            else:
                self.write("app/" + name, START + text if name == "main.lua" else text)
        _, out, err = self.doctor(*arguments, "app", status=status)
        self.assertEqual(err, "")
        *sections, self.summary = out.rstrip("\n").split("\n\n")
        return {head.rstrip(":"): lines for head, *lines in (section.split("\n") for section in sections)}


class Findings(DoctorTest):
    def check(self, text, expected, status=1):
        """What is found in a main.lua of this text."""
        self.assertEqual(self.examine({"main.lua": text}, status=status), expected)

    def check_clean(self, text):
        self.check(text, {}, status=0)

    def test_nothing(self):
        report = self.examine({"main.lua": """
            require "part"
            local uart = require "uart"
            uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1)
            uart.write(uart.ATC, "AT+CSQ\\r")
            pio.pin.setdir(pio.OUTPUT, pio.P0_4)
            print(string.gfind, math.mod, table.concat({}), io.SDCARD, os.time())
            local answer, error = socketcore.sock_send(1, "x"), socketcore.ERR_OK""",
                               "sub/part.lua": "return rtos.tick()"}, status=0)
        self.assertEqual(report, {})
        self.assertEqual(self.summary, "Nothing is missing; 2 files read")

    def test_a_call_of_an_absent_module(self):
        self.check("\ndisp.init()", {CALLS: ["main.lua:4: disp.init: absent (the display and the camera)"]})
        self.assertEqual(self.summary, "Missing: 1 call; 1 file read")

    def test_unknown_names_of_known_modules(self):
        self.check("uart.foo(1)\nprint(rtos.MSG_FOO)\npio.pin.bar()\nlocal s = string.nope 'x'", {
            CALLS: ["main.lua:3: uart.foo: unknown", "main.lua:5: pio.pin.bar: unknown", "main.lua:6: string.nope: unknown"],
            CONSTANTS: ["main.lua:4: rtos.MSG_FOO: unknown"]})
        self.assertEqual(self.summary, "Missing: 3 calls, 1 constant; 1 file read")

    def test_absent_calls_of_modules_that_are_there(self):
        self.check("rtos.openSoftDog(1)\nos.execute 'ls'", {
            CALLS: ["main.lua:3: rtos.openSoftDog: absent (the software watchdog: nothing to guard against)",
                    "main.lua:4: os.execute: absent (raises: the device has no shell)"]})

    def test_one_matter_is_one_line(self):
        uses = "uart.foo()\n" * 12
        self.check(uses, {CALLS: ["main.lua:3: uart.foo: unknown; also in lines 4, 5, 6, 7, 8, 9, 10, 11 and 3 more"]})
        self.check("uart.foo() uart.foo()\nuart.foo()", {CALLS: ["main.lua:3: uart.foo: unknown; also in line 4"]})

    def test_local_names(self):
        found = {CALLS: ["main.lua:4: uart.foo: unknown"]}
        self.check("local u = require 'uart'\nu.foo()", found)
        self.check("local u = require('uart')\nu['foo']()", found)
        self.check("local u = uart\nlocal x = u:foo()", found)
        self.check("local u; u = _G.uart\n_G['uart'].foo()", found)
        self.check("local a, send, b = 1, uart.foo, 2\nsend()",
                   {CALLS: ["main.lua:3: uart.foo: unknown; also in line 4"]})

    def test_names_of_the_scripts_own(self):
        self.check_clean("local disp = {}\ndisp.init()")
        self.check_clean("local function f(disp) disp.init() end")
        self.check_clean("for _, disp in pairs {} do disp.init() end")
        self.check_clean("disp = {}\ndisp.init()")
        self.check_clean("local t = {uart = {}}\nt.uart.foo()\nt.disp.init()")
        self.check_clean("local uart = {} local t = {foo = uart.foo}")
        self.check_clean("local f = uart.write local t = {f = 1}")

    def test_a_name_counts_in_its_block_only(self):
        self.check("do local disp = {} disp.ok() end\ndisp.init()\nlocal function f(uart) end uart.foo()", {
            CALLS: ["main.lua:4: disp.init: absent (the display and the camera)", "main.lua:5: uart.foo: unknown"]})

    def test_what_the_project_adds(self):
        self.check_clean("uart.on = print\nuart.on(1)")
        self.check_clean("function rtos.on() end\nrtos.on(1)")
        self.check_clean("local s = string s.mine, s.other = print, print\nstring.mine() string.other()")
        files = {"main.lua": "require 'a'\nuart.on(1)\ndisp.init()\nwifi.scan()", "a.lua": "function uart.on() end",
                 "disp.lua": "module(..., package.seeall)", "b.lua": "module('wifi', package.seeall)"}
        self.assertEqual(self.examine(files, status=0), {})

    def test_probes(self):
        self.check("if wifi then wifi.scan() end", {PROBED: ["main.lua:3: wifi.scan: absent (the WiFi scanner)"]}, 0)
        self.check("if uart.foo then\nuart.foo() end", {PROBED: ["main.lua:3: uart.foo: unknown; also in line 4"]}, 0)
        self.check("local x = rtos.MSG_X or 7", {PROBED: ["main.lua:3: rtos.MSG_X: unknown"]}, 0)
        self.check("if type(uart.foo) == 'function' then uart.foo() end", {PROBED: ["main.lua:3: uart.foo: unknown"]}, 0)
        self.check("if uart.foo ~= nil and not rtos.bar then end",
                   {PROBED: ["main.lua:3: rtos.bar: unknown", "main.lua:3: uart.foo: unknown"]}, 0)
        self.check("local function f()\nif not wifi then return end\nwifi.scan() end",
                   {PROBED: ["main.lua:5: wifi.scan: absent (the WiFi scanner)"]}, 0)
        self.check("pcall(function() lvgl.init() end)",
                   {PROBED: ["main.lua:3: lvgl.init: absent (graphics on the display)"]}, 0)
        self.check("pcall(require, 'nowhere')", {PROBED: ["main.lua:3: require \"nowhere\": no such module"]}, 0)
        self.assertEqual(self.summary, "Nothing is missing; 1 file read")

    def test_one_probe_for_what_is_absent_together(self):
        why = "absent (the software watchdog: nothing to guard against)"
        self.check("if type(rtos.openSoftDog) == 'function' then\nrtos.openSoftDog(9)\nprint(rtos.eatSoftDog) end", {
            PROBED: [f"main.lua:3: rtos.openSoftDog: {why}; also in line 4", f"main.lua:5: rtos.eatSoftDog: {why}"]}, 0)

    def test_what_is_no_probe(self):
        # It is the indexing of nil that fails.
        self.check("if wifi.scan then end", {CONSTANTS: ["main.lua:3: wifi.scan: absent (the WiFi scanner)"]})
        self.check("local function f() if wifi then end end\nwifi.scan()",
                   {CALLS: ["main.lua:4: wifi.scan: absent (the WiFi scanner)"]})
        self.check("if uart then uart.foo() end", {CALLS: ["main.lua:3: uart.foo: unknown"]})
        self.check("if 1 == rtos.MSG_X then end", {CONSTANTS: ["main.lua:3: rtos.MSG_X: unknown"]})

    def test_required_modules(self):
        self.check("require 'nowhere'\nlocal d = require 'disp'\nrequire 'string' require 'json' require 'socketcore'", {
            MODULES: ["main.lua:3: require \"nowhere\": no such module",
                      "main.lua:4: require \"disp\": absent (the display and the camera)"]})

    def test_modules_are_found_as_the_run_finds_them(self):
        files = {"main.lua": "require 'deep' require 'sub.deeper.deep' require 'own'", "sub/deeper/deep.lua": "",
                 "own.luac": "return 1", ".hidden/secret.lua": "disp.init()"}
        self.assertEqual(self.examine(files, status=0), {})
        self.assertEqual(self.examine({"main.lua": "require 'secret'"}, status=1),
                         {MODULES: ["main.lua:3: require \"secret\": no such module"]})

    def test_libraries(self):
        self.write("lib/part.lua", "require 'gone'\ndisp.init()\nfunction uart.on() end")
        self.write("lib/unused.lua", "require 'also gone'")
        self.assertEqual(self.examine({"main.lua": "require 'part'\nuart.on()\nuart.off()"}, "--lib", "lib", status=1), {
            MODULES: ["lib/part.lua:1: require \"gone\": no such module"], CALLS: ["main.lua:5: uart.off: unknown"]})
        self.assertEqual(self.summary, "Missing: 1 module, 1 call; 1 file read")

    def test_the_library_that_comes_along(self):
        self.check_clean("require 'sys' require 'log' require 'net' sys.init(0, 0) sys.run()")

    def test_commands(self):
        self.check("""local req = print
            req "AT+CSQ" req "at+creg?" req "AT+CSQ;+CREG?" req [[AT*BAND?]] req "^MODE"
            req("AT+NOSUCH=1,2\\r")
            req("AT+CSQ;+ALSO?")
            local n = "AT+CM" .. "GS" req("AT" .. n) req "AT+" req "ATTENTION"
            req("AT+HALF=" .. n)""", {
            COMMANDS: [f"main.lua:{line}: AT+{name}: unknown to the modem, which answers OK"
                       for line, name in ((5, "NOSUCH"), (6, "ALSO"), (8, "HALF"))]})
        self.assertEqual(self.summary, "Missing: 3 AT commands; 1 file read")

    def test_files_that_nothing_leads_to(self):
        files = {"main.lua": "require 'used'", "used.lua": "disp.a()", "unused.lua": "disp.b()\nlocal =",
                 "unused2.lua": "disp.c()"}
        report = self.examine(files, status=1)
        self.assertEqual(report, {
            CALLS: ["used.lua:1: disp.a: absent (the display and the camera)"],
            UNREACHED: [report[UNREACHED][0], "unused2.lua:1: disp.c: absent (the display and the camera)"]})
        self.assertRegex(report[UNREACHED][0], "^unused.lua:2: ")

    def test_files_that_are_led_to_by_strings(self):
        found = {CALLS: ["part.lua:1: disp.a: absent (the display and the camera)"]}
        files = {"part.lua": "disp.a()", "main.lua": "dofile '/lua/part.lua'"}
        self.assertEqual(self.examine(files, status=1), found)
        files["main.lua"] = "for _, name in ipairs {'part'} do require(name) end"
        self.assertEqual(self.examine(files, status=1), found)


class Start(DoctorTest):
    def test_no_main(self):
        report = self.examine({"part.lua": "disp.init()"}, status=1)
        self.assertEqual(report, {PROJECT: ["main.lua: there is none: the device starts with it"],
                                  CALLS: ["part.lua:1: disp.init: absent (the display and the camera)"]})
        (self.folder / "empty").mkdir()
        _, out, _ = self.doctor("empty", status=1)
        self.assertIn("main.lua: there is none", out)

    def test_main_may_be_named(self):
        self.write("app/main.lua", START)
        _, out, _ = self.doctor("app/main.lua", status=0)
        self.assertEqual(out, "Nothing is missing; 1 file read\n")

    def test_project_and_version(self):
        self.write("app/main.lua", "VERSION = 1.0")
        _, out, _ = self.doctor("app", status=1)
        self.assertIn("main.lua:1: PROJECT: never set, must be a string\n", out)
        self.assertIn("main.lua:1: VERSION: a number, must be a string\n", out)
        self.write("app/main.lua", "require 'config'")
        self.write("app/config.lua", "PROJECT, VERSION = 'a', 'b'")
        self.doctor("app", status=0)

    def test_syntax_errors(self):
        report = self.examine({"main.lua": "require 'part'", "part.lua": "\nlocal x = = 1"}, status=1)
        self.assertRegex(report[BROKEN][0], r"^part\.lua:2: unexpected symbol near '='$")
        self.assertEqual(self.summary, "Missing: 1 file; 2 files read")
        report = self.examine({"main.lua": "if"}, status=1)
        self.assertRegex(report[BROKEN][0], r"^main\.lua:3: ")

    def test_the_language_of_the_device(self):
        report = self.examine({"main.lua": "local function f(...) return arg.n end\nprint(string.format('%d', '0x0B'))",
                               "shell.lua": "#!/bin/lua\nlocal x"}, status=0)
        self.assertEqual(report, {})

    def test_usage(self):
        for arguments in (["nowhere"], ["--lib", "app"], ["--compatibility", "."]):
            self.doctor(*arguments, status=2)
        self.write("other.lua", "")
        self.doctor("other.lua", status=2)


class BadInput(DoctorTest):
    def test_garbage(self):
        main = "".join(f"require 'g{i}' " for i in range(8))
        garbage = [bytes((i * 7 + j * j) % 256 for j in range(3000)) for i in range(4)]
        garbage += [b"\0" * 100, b"(" * 100000, b"x = '\xff\xfe", b"--[==["]
        report = self.examine({"main.lua": main, **{f"g{i}.lua": text for i, text in enumerate(garbage)}}, status=1)
        self.assertEqual(len(report[BROKEN]), 8)
        for line in report[BROKEN]:
            self.assertRegex(line, r"^g\d\.lua(:\d+)?: [ -~]+$")

    def test_deep_nesting(self):
        deep = {"main.lua": "require 'a' require 'b' require 'c'", "a.lua": "local x = " + "{" * 150 + "}" * 150,
                "b.lua": "do " * 150 + "disp.init() " + "end " * 150, "c.lua": "return " + "'x' .. " * 150 + "'y'"}
        report = self.examine(deep, status=1)
        self.assertEqual(report, {CALLS: ["b.lua:1: disp.init: absent (the display and the camera)"]})

    def test_huge(self):
        text = "uart.foo(1, 'AT+NOSUCH')\n" * 15000
        report = self.examine({"main.lua": "require 'part'", "part.lua": "local function f()\n" + text + "end"}, status=1)
        self.assertEqual(report[CALLS][0].split(";")[0], "part.lua:2: uart.foo: unknown")
        with open(self.folder / "app/part.lua", "wb") as file:
            file.truncate(10 << 30)
        report = self.examine({}, status=1)
        self.assertEqual(report, {BROKEN: ["part.lua: too large to be read"]})

    def test_compiled_files(self):
        report = self.examine({"main.lua": "require 'own' require 'other'", "other.luac": b"\x1bLua\x51junk"}, status=1)
        self.assertEqual(report[BROKEN], ["other.luac: compiled for another Lua than the one that is built in"])
        # A script of this Lua's: its bytes are believed, not read.
        dump = self.write("dump.lua", "io.write(string.dump(function() end))")
        with open(self.folder / "app/own.luac", "wb") as file:
            file.write(self.start([OPTIONS.runner, "run", dump]).stdout.buffer.read())
        (self.folder / "app/other.luac").unlink()
        report = self.examine({"main.lua": "require 'own'"}, status=0)
        self.assertEqual(report, {"Not read (does not count)": ["own.luac: compiled: what it uses cannot be told"]})

    def test_no_file_and_no_name_is_trusted(self):
        os.makedirs(self.folder / "app/loop")
        os.symlink("..", self.folder / "app/loop/up")
        os.mkfifo(self.folder / "app/pipe.lua")
        os.symlink("/dev/zero", self.folder / "app/zero.lua")
        report = self.examine({"main.lua": "require 'a\\27[2Jb\\n'\nrequire '\\228\\189\\160\\228\\189'"}, status=1)
        self.assertEqual(report, {MODULES: ["main.lua:3: require \"a?[2Jb?\": no such module",
                                            "main.lua:4: require \"\u4f60??\": no such module"]})

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_what_cannot_be_read(self):
        self.write("app/shut/part.lua", "")
        self.write("app/closed.lua", "")
        os.chmod(self.folder / "app/shut", 0)
        os.chmod(self.folder / "app/closed.lua", 0)
        self.addCleanup(os.chmod, self.folder / "app/shut", 0o700)
        report = self.examine({"main.lua": "require 'closed'"}, status=1)
        self.assertEqual(report, {PROJECT: ["shut: a folder that cannot be read: Permission denied"],
                                  BROKEN: ["closed.lua: cannot be read"]})


class Inventory(DoctorTest):
    """The page is printed from the code's own table, which must not lie."""

    def page(self):
        _, page, _ = self.doctor("--compatibility", status=0)
        modules = {name: status for name, status in re.findall(r"^\| `([\w.]+)` \| (\w+) \|", page.split("\n## ")[0], re.M)}
        entries = {}
        for names, status in re.findall(r"^\| ((?:`\w+\.[\w.]+(?:\(\))?` ?)+)\| (real|virtual|absent) \|", page, re.M):
            entries.update((name, status) for name in re.findall(r"`([^`]+)`", names))
        return modules, entries

    def test_every_entry_is_true(self):
        modules, entries = self.page()
        self.assertGreater(len(modules), 25)
        self.assertGreater(len(entries), 300)
        lua = ["PROJECT, VERSION = 'T', '1'", "local seen = {}",
               "local function value(name) local v = _G for key in name:gmatch '[^.]+' do v = v and v[key] end return v end"]
        lua.append("""
            local function check(name, kind, status)
              seen[name] = true
              local v = value(name)
              local type_of = type(v)
              if type_of ~= "function" and type_of ~= "table" then type_of = v == nil and "nil" or "constant" end
              if status ~= "absent" then
                if kind ~= type_of and not (kind == "constant" and type_of == "table") then print(name, kind, type_of) end
              elseif v ~= nil then
                local ok, message = pcall(v)
                if ok or not message:find(name, 1, true) then print(name, "is not absent") end
              end
            end""")
        for name, status in modules.items():
            if "." not in name:
                lua.append(f"if ({name} ~= nil) ~= {str(status != 'absent').lower()} then print('{name}', 'is', {name}) end")
                if status != "absent":
                    lua.append(f"if require '{name}' ~= {name} then print('{name}', 'cannot be required') end")
        for name, status in entries.items():
            kind = "function" if name.endswith("()") else "constant"
            lua.append(f"check('{name.removesuffix('()')}', '{kind}', '{status}')")
        # What one of the two Luas has besides.
        lua.append("seen[jit and 'table.move' or 'table.setn'] = true")
        names = ", ".join(f"'{name}'" for name, status in modules.items() if status != "absent")
        lua.append(f"""
            for _, module in ipairs {{{names}}} do
              for key, v in pairs(_G[module]) do
                local name = module .. "." .. tostring(key)
                if not seen[name] then print(name, "is not listed") end
                if name == "pio.pin" then
                  for inner in pairs(v) do if not seen[name .. "." .. inner] then print(name .. "." .. inner, "is not listed") end end
                end
              end
            end
            for port = 0, 2 do for pin = 0, 31 do assert(pio["P" .. port .. "_" .. pin] == port * 32 + pin) end end
            print "done" """)
        # One function per piece: Lua has a limit of constants.
        self.write("app/main.lua", "\n".join(lua))
        _, out, _ = self.complete(self.start([OPTIONS.runner, "run", "app"]), 0)
        self.assertEqual(out, "done\n")

    def test_the_doctor_knows_all_of_it(self):
        modules, entries = self.page()
        text = "\n".join(f"print({name.removesuffix('()')})" for name, status in entries.items() if status != "absent")
        self.assertEqual(self.examine({"main.lua": text + "\nprint(pio.P1_17)"}, status=0), {})
        text = "\n".join(f"{name}.x()" for name, status in modules.items() if status == "absent" and "." not in name)
        self.assertEqual(len(self.examine({"main.lua": text}, status=1)[CALLS]),
                         sum(status == "absent" and "." not in name for name, status in modules.items()))

    def test_a_run_says_what_is_absent(self):
        self.write("app/main.lua", START + "disp.init()")
        _, _, err = self.complete(self.start([OPTIONS.runner, "run", "app"]), 1)
        self.assertIn("socketcore: 'disp' (the display and the camera) does not exist on this host\n", err)


if __name__ == "__main__":
    unittest.main(argv=ARGV)
