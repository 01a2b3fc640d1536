#!/usr/bin/env python3
"""`socketcore run FOLDER` as its user sees it: boot, flash, UARTs, the modem driven from outside, ends and restarts."""

import os
import pathlib
import select
import signal
import socket
import stat
import subprocess
import sys
import time
import tty
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lua"))
from program import TIME_LIMIT, ProgramTest, options  # noqa: E402

OPTIONS, ARGV = options()

# A project without a library: speaks with the modem itself, and prints what it hears.
BARE = """
uart.setup(uart.ATC, 0, 0, uart.PAR_NONE, uart.STOP_1)
local function show(message)
  if type(message) == 'table' then return message.id, message end
end
local function lines()
  while true do
    local line = uart.read(uart.ATC, '*l', 0)
    if line == '' then return end
    line = line:gsub('%s+$', '')
    if line ~= '' then print('<', line) on_line(line) end
  end
end
function on_line() end
function loop(handlers)
  while true do
    local message, value = rtos.receive(rtos.INF_TIMEOUT)
    local id = type(message) == 'table' and message.id or message
    if id == rtos.MSG_UART_RXDATA and value == uart.ATC then lines() end
    if handlers[id] then handlers[id](value or message, value) end
  end
end
"""

LIBRARY = """
PROJECT, VERSION = 'TEST', '1.0.0'
require 'sys' require 'net' require 'sim' require 'link' require 'misc'
net.startQueryAll(60000, 60000)
"""


class DeviceTest(ProgramTest):
    def start(self, command, environment=None):
        # A flash of its own outlives a program that is killed: let it lie where all is cleared up.
        return super().start(command, {"TMPDIR": str(self.folder), **(environment or {})})

    def start_project(self, text, *arguments, name="project"):
        self.write(f"{name}/main.lua", text)
        return self.start([OPTIONS.runner, "run", *arguments, name])

    def run_project(self, text, *arguments, status=0, name="project"):
        return self.complete(self.start_project(text, *arguments, name=name), status)

    def wait_for(self, process, expected):
        """The next line that contains the text; what comes before it is passed over."""
        seen = []
        while True:
            line = process.stdout.readline()
            if not line:
                process.wait()
                self.fail(f"no '{expected}' in {seen}; stderr: {process.stderr.read()}")
            seen.append(line)
            if expected in line:
                return line.rstrip("\n")


class Boot(DeviceTest):
    def test_nothing_comes_before_the_first_receive(self):
        _, out, _ = self.run_project(BARE + """
            rtos.sleep(50)
            print('before', #uart.read(uart.ATC, 100))
            function on_line(line) if line == 'RDY' then print('rdy') os.exit(0) end end
            loop {}
        """)
        self.assertEqual(out.splitlines(), ["before 0", "< RDY", "rdy"])

    def test_modules_are_globals_and_plain_tables(self):
        self.run_project("""
            for name in ('adc audiocore bit cpu crypto i2c iconv json pack pio pmd pwm rtos socketcore spi uart'):gmatch '%w+' do
              local module = _G[name]
              assert(type(module) == 'table' and require(name) == module and package.loaded[name] == module, name)
              module.something = 1
              assert(rawget(module, 'something') == 1, name)
            end
            assert(disp == nil and wifi == nil and lvgl == nil)
            assert(arg == nil)
        """)

    def test_nothing_of_the_host_is_found_by_require(self):
        for name in ("socket", "lfs", "ffi", "cjson", "http"):
            self.run_project(f"local ok, module = pcall(require, '{name}') "
                             "assert(not ok or package.path, module) assert(package.cpath == '')")

    def test_link_ready_with_the_library(self):
        _, out, _ = self.run_project(LIBRARY + """
            sys.taskInit(function()
              print(sys.waitUntil('IP_READY_IND', 5000), link.isReady(), misc.getImei(), sim.getIccid())
              os.exit(0)
            end)
            sys.init(0, 0)
            sys.run()
        """, "--imei", "864889040000011", "--iccid", "89860000000000000077")
        self.assertIn("true true 864889040000011 89860000000000000077", out)

    def test_print_as_on_the_device(self):
        _, out, _ = self.run_project("print('a', 1, nil, true) print('100%d', '%s') rtos.set_trace(0) print 'silent' "
                                     "rtos.set_trace(1) print()")
        self.assertEqual(out, "a 1 nil true\n100%d %s\n\n")

    def test_any_script_with_an_option_of_a_device(self):
        self.write("folder/other.lua", "print(type(uart), io.open('/lua/other.lua') ~= nil)")
        process = self.start([OPTIONS.runner, "run", "--data", "flash", "folder/other.lua"])
        _, out, _ = self.complete(process, 0)
        self.assertEqual(out, "table true\n")

    def test_any_other_script_finds_this_machine(self):
        path = self.write("other.lua", "print(type(uart), io.open(...) ~= nil)")
        _, out, _ = self.complete(self.start([OPTIONS.runner, "run", path, path]), 0)
        self.assertEqual(out, "nil\ttrue\n")

    def test_arguments(self):
        self.write("project/main.lua", "print(arg[1], #arg, ...)")
        _, out, _ = self.complete(self.start([OPTIONS.runner, "run", "project", "--one", "two"]), 0)
        self.assertEqual(out, "--one 2 --one two\n")

    def test_version_of_the_shape_that_scripts_take_apart(self):
        self.run_project("local a, b, c = rtos.get_version():match('(.-)_V(%d+)(_.+)') "
                         "assert(a == 'Luat' and tonumber(b) >= 3028 and c:find('8910'), rtos.get_version())")

    def test_the_core_has_the_version_of_the_modem(self):
        self.run_project(BARE + """
            function on_line(line)
              if line == 'RDY' then uart.write(uart.ATC, 'AT+VER\\r') end
              if line == rtos.get_version() then os.exit(0) end
              assert(line ~= 'OK')
            end
            loop {}
        """)

    def test_all_message_ids_differ(self):
        self.run_project("""
            local seen, count = {}, 0
            for name, value in pairs(rtos) do
              if name:find('^MSG_') then
                assert(not seen[value], name)
                seen[value], count = name, count + 1
              end
            end
            assert(count >= 20, count)
            for name in ('AUDIO RECORD STREAM_RECORD TTSPLY_STATUS TTSPLY_ERROR WIFI BLUETOOTH ZBAR HEADSET RTMP ' ..
                'SIM_INSERT_IND PDP_ACT_CNF PDP_DEACT_CNF PDP_DEACT_IND SOCK_SEND_IND UART_RXDATA UART_TX_DONE INT ' ..
                'KEYPAD PMD ALARM'):gmatch '[%u_]+' do
              assert(rtos['MSG_' .. name], name)
            end
        """)


class Errors(DeviceTest):
    def test_no_main(self):
        self.write("project/other.lua", "")
        _, _, err = self.complete(self.start([OPTIONS.runner, "run", "project"]), 1)
        self.assertEqual(err, "socketcore: project is a folder without a main.lua\n")

    def test_syntax(self):
        _, _, err = self.run_project("local x =\n= 1", status=1)
        self.assertIn("/lua/main.lua:2: unexpected symbol near '='", err)

    def test_missing_module(self):
        _, _, err = self.run_project("require 'nowhere'", status=1)
        self.assertIn("module 'nowhere' not found", err)
        self.assertIn("/lua/nowhere.lua", err)
        self.assertNotIn(str(self.folder), err, "a script's paths, not the host's")

    def test_project_and_version(self):
        for text, name in (("VERSION = '1.0.0'", "PROJECT"), ("PROJECT = 'X'", "VERSION")):
            _, _, err = self.run_project(text + " require 'sys' sys.init(0, 0) sys.run()", status=1)
            self.assertIn(name, err)

    def test_a_part_that_is_absent_is_named(self):
        _, _, err = self.run_project("disp.init()", status=1)
        self.assertIn("'disp' (the display and the camera) does not exist on this host", err)

    def test_an_error_in_a_callback_ends_it_with_a_traceback(self):
        _, _, err = self.run_project(LIBRARY + "sys.timerStart(function() error('out of the timer') end, 10) "
                                     "sys.init(0, 0) sys.run()", status=1)
        self.assertIn("out of the timer", err)
        self.assertIn("stack traceback", err)

    def test_bad_options(self):
        for arguments, expected in ((["--uart", "1"], "--uart"), (["--uart", "7=pty"], "uart 7: there is no such port"),
                                    (["--uart", "1=/dev/null"], "uart 1: /dev/null"), (["--imei", "1"], "IMEI"),
                                    (["--data", "/dev/null/x"], "--data /dev/null/x"),
                                    (["--modem-ctl", "project/main.lua"], "--modem-ctl project/main.lua")):
            _, _, err = self.run_project("", *arguments, status=1)
            self.assertIn(expected, err)

    def test_a_line_of_parts_that_cannot_be_done(self):
        self.write("parts", "# a comment\npin 13 1\npin x\n")
        _, _, err = self.run_project("", "--parts", "parts", status=1)
        self.assertIn("parts:3: ", err)

    def test_wrong_arguments_of_uart_name_the_argument(self):
        for call, expected in (("uart.setup(9, 9600, 8, 2, 0)", "#1"), ("uart.setup(1, -1, 8, 2, 0)", "#2"),
                               ("uart.setup(1, 9600, 9, 2, 0)", "#3"), ("uart.setup(1, 9600, 8, 5, 0)", "#4"),
                               ("uart.write(1, {})", "#2"), ("uart.write(1, 'a', 256)", "#3"), ("uart.read(1, 'x')", "#2"),
                               ("uart.read(1, 0/0)", "#2"), ("uart.setup(0/0, 1, 8, 2, 0)", "#1"), ("uart.write(1)", "#2")):
            _, out, _ = self.run_project(f"print(pcall(function() {call} end))")
            self.assertTrue(out.startswith("false "), call)
            self.assertIn(expected, out)


class Flash(DeviceTest):
    def test_it_is_kept_in_the_data_folder(self):
        text = """
            local file = io.open('/count.txt')
            local count = file and tonumber(file:read '*a') or 0
            io.open('/count.txt', 'w'):write(count + 1)
            print(count)
        """
        for count in range(3):
            _, out, _ = self.run_project(text, "--data", "flash")
            self.assertEqual(out, f"{count}\n")
        self.assertEqual((self.folder / "flash/count.txt").read_text(), "3")

    def test_without_one_it_is_fresh_and_goes(self):
        temporary = self.folder / "tmp"
        temporary.mkdir()
        self.write("project/main.lua", "print(io.open('/x')) io.open('/x', 'w'):write 'y'")
        for _ in range(2):
            process = self.start([OPTIONS.runner, "run", "project"], {"TMPDIR": str(temporary)})
            _, out, _ = self.complete(process, 0)
            self.assertEqual(out, "nil /x: No such file or directory 2\n")
        self.assertEqual(list(temporary.iterdir()), [])

    def test_the_host_is_out_of_reach(self):
        secret = self.write("secret.txt", "secret")
        os.symlink(secret, self.folder / "link")
        _, out, _ = self.run_project(f"""
            for _, path in ipairs {{ '{secret}', '../secret.txt', '/../secret.txt', '/lua/../../secret.txt', '/lua/../secret.txt' }} do
              for _, mode in ipairs {{ 'r', 'w', 'a', 'r+' }} do
                local file = io.open(path, mode)
                if file then assert(file:read('*a') ~= 'secret', path) file:close() end
              end
            end
            assert(not pcall(os.execute, 'true'))
            assert(not pcall(io.popen, 'true'))
            assert(package.loadlib == nil or not pcall(package.loadlib, '/lib/x86_64-linux-gnu/libc.so.6', '*'))
        """, "--data", "flash")
        self.assertEqual(pathlib.Path(secret).read_text(), "secret")

    def test_project_wins_over_libraries_and_all_are_flat(self):
        self.write("project/deep/down/one.lua", "return 'project'")
        self.write("lib1/one.lua", "return 'lib1'")
        self.write("lib1/two.lua", "return 'lib1'")
        self.write("lib2/two.lua", "return 'lib2'")
        self.write("lib2/sub/three.lua", "return 'lib2'")
        _, out, _ = self.run_project("print(require 'one', require 'two', require 'three')", "--lib", "lib1", "--lib", "lib2")
        self.assertEqual(out, "project lib1 lib2\n")

    def test_a_projects_own_copy_of_a_library_module(self):
        self.write("project/log.lua", "module(..., package.seeall) function info(...) print('own', ...) end")
        _, out, _ = self.run_project("require 'log' log.info('x')")
        self.assertEqual(out, "own x\n")

    def test_a_full_flash_is_an_error_that_says_so(self):
        flash = self.folder / "full"
        flash.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", flash],
                                               stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", flash], check=True)
        _, out, _ = self.run_project("""
            local file = io.open('/big', 'w')
            local ok, problem = file:write(('x'):rep(1000000))
            if ok then ok, problem = file:flush() end
            print(ok, problem)
        """, "--data", "full")
        self.assertEqual(out, "nil No space left on device\n")


class Ends(DeviceTest):
    def test_status(self):
        for text, status in (("os.exit(7)", 7), ("rtos.poweroff()", 0), ("error 'x'", 1), ("", 0)):
            self.run_project(text, status=status)

    def test_restart_begins_afresh_with_the_same_files(self):
        _, out, _ = self.run_project("""
            leftover = leftover and error 'the old state' or 1
            print(rtos.poweron_reason())
            local file = io.open('/again')
            if file then os.exit(5) end
            io.open('/again', 'w'):close()
            rtos.restart()
        """, status=5)
        self.assertEqual(out, "0\n3\n")

    def test_an_error_is_left_for_the_next_start(self):
        self.run_project("error('what happened')", "--data", "flash", status=1)
        text = (self.folder / "flash/luaerrinfo.txt").read_text()
        self.assertIn("what happened", text)
        self.assertIn("stack traceback", text)

    def test_restart_on_request_after_an_error_and_after_the_end(self):
        for end in ("error('once')", "return"):
            _, out, _ = self.run_project(f"""
                local file = io.open('/again')
                print(file and 'second' or 'first', io.open('/luaerrinfo.txt') ~= nil)
                if file then os.exit(5) end
                io.open('/again', 'w'):close()
                {end}
            """, "--restart", status=5)
            self.assertEqual(out, f"first false\nsecond {'true' if 'error' in end else 'false'}\n")

    def test_the_clock_is_the_scripts_own(self):
        before = time.time()
        _, out, _ = self.run_project("""
            rtos.set_time(86400 * 365)
            print(os.time())
            print(os.date('!%Y-%m-%d', os.time()))
        """)
        seconds, day = out.split()
        self.assertIn(int(seconds), (86400 * 365, 86400 * 365 + 1))
        self.assertEqual(day, "1971-01-01")
        self.assertLess(abs(time.time() - before), 30, "the host's clock was left alone")

    def test_local_time_is_the_devices_unless_the_user_says_so(self):
        script = "rtos.set_time(86400 * 365) print(os.date('%H'))"
        for zone, hour in ((None, "08"), ("UTC0", "00"), ("EST5", "19")):
            self.write("project/main.lua", script)
            inherited = os.environ.pop("TZ", None)
            try:
                process = self.start([OPTIONS.runner, "run", "project"], {"TZ": zone} if zone else None)
            finally:
                if inherited is not None:
                    os.environ["TZ"] = inherited
            _, out, _ = self.complete(process, 0)
            self.assertEqual(out, hour + "\n")

    def test_a_clock_that_was_set_over_the_modem_is_read_as_it_was_set(self):
        inherited = os.environ.pop("TZ", None)
        try:
            _, out, _ = self.run_project(BARE + """
                function on_line(line)
                  if line == 'RDY' then uart.write(uart.ATC, 'AT+CCLK="20/01/02,03:04:05+32"\\r') end
                  if line == 'OK' then print(os.date('%Y-%m-%d %H:%M')) os.exit(0) end
                end
                loop {}
            """)
        finally:
            if inherited is not None:
                os.environ["TZ"] = inherited
        self.assertIn("2020-01-02 03:04\n", out)

    def test_a_finalizer_that_ends_the_run_leaves_nothing_behind(self):
        for call in ("os.exit(3)", "rtos.restart()", "rtos.poweroff()"):
            self.write("project/main.lua", f"kept = newproxy(true) getmetatable(kept).__gc = function() {call} end")
            (self.folder / "temporary").mkdir(exist_ok=True)
            process = self.start([OPTIONS.runner, "run", "--modem-ctl", "ctl", "project"],
                                 {"TMPDIR": str(self.folder / "temporary")})
            self.complete(process, 3 if "3" in call else 0)
            self.assertEqual(list((self.folder / "temporary").iterdir()), [])
            self.assertFalse((self.folder / "ctl").exists())

    def test_a_script_that_hears_no_signal_leaves_nothing_behind(self):
        (self.folder / "temporary").mkdir()
        self.write("project/main.lua", "print('busy') io.stdout:flush() "
                                       "string.find(('a'):rep(100000), ('.-'):rep(30) .. 'b')")
        process = self.start([OPTIONS.runner, "run", "--modem-ctl", "ctl", "project"],
                             {"TMPDIR": str(self.folder / "temporary")})
        self.wait_for(process, "busy")
        time.sleep(0.3)
        process.terminate()
        self.complete(process, 128 + signal.SIGTERM)
        self.assertEqual(list((self.folder / "temporary").iterdir()), [])
        self.assertFalse((self.folder / "ctl").exists())


class Uarts(DeviceTest):
    ECHO = """
        uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1, 0, 1)
        print('ready')
        while true do
          local id, port = rtos.receive(rtos.INF_TIMEOUT)
          if id == rtos.MSG_UART_RXDATA and port == 1 then
            while true do
              local data = uart.read(1, '*l', 0)
              if data == '' then break end
              if data:find 'quit' then os.exit(0) end
              uart.write(1, data)
            end
          elseif id == rtos.MSG_UART_TX_DONE then
            print('sent', port)
          end
        end
    """

    def read_all(self, fd, size):
        data = b""
        deadline = time.monotonic() + 10
        while len(data) < size and time.monotonic() < deadline:
            if select.select([fd], [], [], 0.1)[0]:
                data += os.read(fd, 65536)
        return data

    def test_a_pseudo_terminal_of_its_own(self):
        process = self.start_project(self.ECHO, "--uart", "1=pty")
        path = process.stderr.readline().split(" is ")[1].strip()
        self.wait_for(process, "ready")
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        os.write(fd, b"hello\r\n\x00\xff\x1a\n")
        self.assertEqual(self.read_all(fd, 11), b"hello\r\n\x00\xff\x1a\n")
        self.wait_for(process, "sent 1")
        os.write(fd, b"quit\n")
        self.complete(process, 0)

    def test_it_stays_over_a_restart(self):
        process = self.start_project("""
            uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1)
            print('started')
            while true do
              local id = rtos.receive(rtos.INF_TIMEOUT)
              if id == rtos.MSG_UART_RXDATA then
                local data = uart.read(1, '*l')
                print('got ' .. data:gsub('%s', ''))
                if data:find 'restart' then rtos.restart() end
              end
            end
        """, "--uart", "1=pty")
        path = process.stderr.readline().split(" is ")[1].strip()
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        self.wait_for(process, "started")
        os.write(fd, b"restart\n")
        self.wait_for(process, "got restart")
        self.wait_for(process, "started")
        os.write(fd, b"still here\n")
        self.wait_for(process, "got stillhere")

    def test_a_terminal_of_somebody_else(self):
        near, far = os.openpty()
        self.addCleanup(os.close, near)
        tty.setraw(near)
        process = self.start_project(self.ECHO, "--uart", f"1={os.ttyname(far)}")
        self.wait_for(process, "ready")
        os.close(far)
        os.write(near, b"through\n")
        self.assertEqual(self.read_all(near, 8), b"through\n")
        os.write(near, b"quit\n")
        self.complete(process, 0)

    def test_two_devices_over_a_wire(self):
        wire = subprocess.Popen(["socat", "-d", "-d", "pty,raw,echo=0", "pty,raw,echo=0"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (wire.kill(), wire.wait(), wire.stderr.close()))
        ends = [wire.stderr.readline().split()[-1] for _ in range(2)]
        echo = self.start_project(self.ECHO, "--uart", f"2={ends[0]}", name="echo")
        self.finish(echo)  # of the wrong port; the wire stays
        echo = self.start_project(self.ECHO, "--uart", f"1={ends[0]}", name="echo")
        self.wait_for(echo, "ready")
        _, out, _ = self.run_project("""
            uart.setup(3, 115200, 8, uart.PAR_NONE, uart.STOP_1, 0, 1)
            local text = ('0123456789abcdef'):rep(90) .. '\\n'
            local sent, got, want = 0, '', text:rep(14)
            for _ = 1, 14 do assert(uart.write(3, text) == #text) end
            while #got < #want do
              local id, port = rtos.receive(10000)
              assert(id ~= rtos.WAIT_MSG_TIMEOUT, #got)
              if id == rtos.MSG_UART_RXDATA then got = got .. uart.read(3, 65536) end
              if id == rtos.MSG_UART_TX_DONE then sent = sent + 1 end
            end
            while sent < 14 do
              assert(rtos.receive(5000) == rtos.MSG_UART_TX_DONE)
              sent = sent + 1
            end
            print(got == want, rtos.receive(100))
            uart.write(3, 'quit\\n')
            rtos.sleep(200)
        """, "--uart", f"3={ends[1]}")
        self.assertEqual(out, "true 0\n")
        self.complete(echo, 0)

    def test_an_unjoined_port_answers_each_write(self):
        _, out, _ = self.run_project("""
            assert(uart.setup(2, 9600, 8, uart.PAR_EVEN, uart.STOP_2, 0, 1) == 9600)
            print(uart.write(2, 'abc', 0x0d, 10), uart.write(2, 'x'))
            print(rtos.receive(100), rtos.receive(100), rtos.receive(0))
            print(uart.read(2, '*l') == '', uart.read(2, 10) == '', uart.getchar(2))
        """)
        self.assertEqual(out, f"5 1\n8 8 2 0\ntrue true nil\n".replace("8 8 2 0", "8 8 0").replace(" nil\n", "\n"))


class Modem(DeviceTest):
    def control(self, process, line):
        with open(self.folder / "ctl", "w") as fifo:
            fifo.write(line + "\n")

    def start_driven(self, text, *arguments):
        process = self.start_project(text, "--modem-ctl", "ctl", *arguments)
        deadline = time.monotonic() + TIME_LIMIT
        while not (self.folder / "ctl").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertTrue(stat.S_ISFIFO((self.folder / "ctl").stat().st_mode))
        return process

    LINK = LIBRARY + """
        sys.subscribe('IP_READY_IND', function() print('ready') end)
        sys.subscribe('IP_ERROR_IND', function() print('lost') end)
        rtos.set_trace(1)
    """

    def test_the_link_goes_and_comes_back(self):
        process = self.start_driven(self.LINK + "sys.init(0, 0) sys.run()")
        self.wait_for(process, "ready")
        self.control(process, "link down")
        self.wait_for(process, "lost")
        self.control(process, "link up")
        self.wait_for(process, "ready")
        process.terminate()
        self.complete(process, 128 + 15)
        self.assertFalse((self.folder / "ctl").exists(), "a FIFO that was made is removed")

    def test_sockets_die_with_the_link(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        process = self.start_driven(BARE + f"""
            local id = socketcore.sock_conn(0, '127.0.0.1', {listener.getsockname()[1]})
            loop {{
              [rtos.MSG_SOCK_CONN_CNF] = function(m) print('connected', m.socket_index, m.result, m.error) end,
              [rtos.MSG_SOCK_CLOSE_IND] = function(m)
                print('closed', m.socket_index, m.error, m.reason)
                print('again', socketcore.sock_conn(1, '127.0.0.1', 9))
              end,
              [rtos.MSG_PDP_DEACT_IND] = function() print('link lost') end,
            }}
        """)
        self.wait_for(process, "connected 0 0")
        self.control(process, "link down")
        self.assertIn("closed 0 12", self.wait_for(process, "closed"))
        self.wait_for(process, "again 1")
        self.wait_for(process, "connected 1 1 12")

    def test_flight_mode_ends_the_link_and_its_end_brings_it_back(self):
        process = self.start_driven(self.LINK + """
            sys.taskInit(function()
              sys.waitUntil('IP_READY_IND')
              net.switchFly(true)
              sys.waitUntil('IP_ERROR_IND', 5000)
              print('flying', link.isReady())
              net.switchFly(false)
              print('landed', sys.waitUntil('IP_READY_IND', 15000))
              os.exit(0)
            end)
            sys.init(0, 0) sys.run()
        """)
        self.wait_for(process, "flying false")
        self.wait_for(process, "landed true")
        self.complete(process, 0)

    def test_a_short_message(self):
        process = self.start_driven(self.LINK + """
            require 'sms'
            sms.setNewSmsCb(function(number, text, time) print('sms', number, text) os.exit(0) end)
            sys.init(0, 0) sys.run()
        """)
        self.wait_for(process, "ready")
        self.control(process, "sms 10086 hello there")
        self.wait_for(process, "sms 10086")
        self.complete(process, 0)

    def test_a_call(self):
        process = self.start_driven(self.LINK + """
            require 'cc'
            sys.subscribe('CALL_INCOMING', function(number) print('rings', number) cc.accept(number) end)
            sys.subscribe('CALL_CONNECTED', function() print('talks') end)
            sys.subscribe('CALL_DISCONNECTED', function() print('over') os.exit(0) end)
            sys.init(0, 0) sys.run()
        """)
        self.wait_for(process, "ready")
        self.control(process, "call 10010")
        self.wait_for(process, "rings 10010")
        self.wait_for(process, "talks")
        self.control(process, "hangup")
        self.wait_for(process, "over")
        self.complete(process, 0)

    def test_lines_that_cannot_be_done_are_logged_and_harm_nothing(self):
        process = self.start_driven(self.LINK + "sys.init(0, 0) sys.run()")
        self.wait_for(process, "ready")
        for line in ("nonsense", "sms", "pin x y", "link sideways", "x" * 10000, "\0\1\2"):
            self.control(process, line)
        self.control(process, "link down")
        self.wait_for(process, "lost")
        process.terminate()
        _, _, err = self.complete(process, 128 + 15)
        self.assertIn("control line: ", err)
        self.assertIn("nonsense", err)

    def test_the_fifo_is_its_users_alone(self):
        process = self.start_driven("rtos.receive(30000)")
        self.assertEqual(stat.S_IMODE((self.folder / "ctl").stat().st_mode), 0o600)
        process.terminate()
        self.complete(process, 128 + 15)

    def test_no_sim_no_link(self):
        for option in (["--sim", "absent"], ["--sim", "pin"], ["--registration", "denied"], ["--registration", "searching"],
                       ["--flight-mode"], ["--attach-delay", "60000"]):
            _, out, _ = self.run_project(self.LINK + """
                sys.taskInit(function() sys.wait(1500) print('waited', link.isReady()) os.exit(0) end)
                sys.init(0, 0) sys.run()
            """, *option)
            self.assertIn("waited false", out, option)

    def test_realistic_timing_takes_its_time(self):
        started = time.monotonic()
        process = self.start_project(self.LINK + "sys.init(0, 0) sys.run()", "--modem", "real")
        self.wait_for(process, "ready")
        self.assertGreater(time.monotonic() - started, 1.0)

    def test_roaming_is_a_network_too(self):
        process = self.start_project(self.LINK + "sys.init(0, 0) sys.run()", "--registration", "roaming")
        self.wait_for(process, "ready")


class Parts(DeviceTest):
    def test_set_before_the_start_and_watched(self):
        self.write("parts", "pin 13 1\nadc 2 1234\n")
        _, out, _ = self.run_project("""
            pio.pin.setdir(pio.INPUT, 13)
            adc.open(2)
            print(pio.pin.getval(13), select(2, adc.read(2)))
            pio.pin.setdir(pio.OUTPUT, pio.P0_4)
            pio.pin.setval(1, pio.P0_4)
        """, "--parts", "parts", "--trace", "trace")
        self.assertEqual(out, "1 1234\n")
        self.assertIn("pin 4 1", (self.folder / "trace").read_text())

    def test_an_edge_from_outside(self):
        process = self.start_project("""
            pio.pin.setdebounce(0)
            pio.pin.setdir(pio.INT, 7)
            print('ready')
            while true do
              local message = rtos.receive(rtos.INF_TIMEOUT)
              if type(message) == 'table' and message.id == rtos.MSG_INT then
                print(message.int_resnum, message.int_id == cpu.INT_GPIO_POSEDGE)
                if message.int_id == cpu.INT_GPIO_NEGEDGE then os.exit(0) end
              end
            end
        """, "--modem-ctl", "ctl")
        self.wait_for(process, "ready")
        with open(self.folder / "ctl", "w") as fifo:
            fifo.write("pin 7 1\npin 7 1\npin 7 0\n")
        _, out, _ = self.complete(process, 0)
        self.assertEqual(out, "7 true\n7 false\n")


if __name__ == "__main__":
    unittest.main(argv=ARGV)
