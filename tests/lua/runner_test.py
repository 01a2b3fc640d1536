#!/usr/bin/env python3
"""The program `socketcore` as its user sees it: status, signals, arguments, what is written where."""

import os
import re
import signal
import socket
import ssl
import time
import unittest

from program import ProgramTest, Sink, options

OPTIONS, ARGV = options()
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RunnerTest(ProgramTest):
    def start_runner(self, *arguments):
        return self.start([OPTIONS.runner, *arguments])

    def runner(self, *arguments, status=0):
        return self.complete(self.start_runner(*arguments), status)

    def run_text(self, text, *arguments, options=(), status=0):
        return self.runner("run", *options, self.write("script.lua", text), *arguments, status=status)


class Scripts(RunnerTest):
    def test_arguments_are_the_scripts_options_too(self):
        text = "print(select('#', ...), ...) print(#arg, arg[1], arg[0]:match '[^/]+$')"
        _, out, _ = self.run_text(text, "--log", "x y", "--", "-h", "")
        self.assertEqual(out, "5\t--log\tx y\t--\t-h\t\n5\t--log\tscript.lua\n")

    def test_without_arguments_there_is_no_arg(self):
        _, out, _ = self.run_text("print(select('#', ...), arg)")
        self.assertEqual(out, "0\tnil\n")

    def test_many_arguments(self):
        _, out, _ = self.run_text("print(select('#', ...))", *["x"] * 5000)
        self.assertEqual(out, "5000\n")

    def test_a_script_named_like_a_subcommand(self):
        for name in ("run", "echo", "doctor"):
            self.write(name, "print 'me'")
            _, out, _ = self.runner("run", name)
            self.assertEqual(out, "me\n")

    def test_a_script_named_like_an_option(self):
        self.write("-x.lua", "print 'me'")
        _, out, _ = self.runner("run", "./-x.lua")
        self.assertEqual(out, "me\n")

    def test_a_folder_with_main(self):
        self.write("app/main.lua", "print(require 'part', ...)")
        self.write("app/part.lua", "return 'a part'")
        for name in ("app", "app/", "./app"):
            _, out, _ = self.runner("run", name, "x")
            self.assertEqual(out, "a part x\n", "as the device prints")

    def test_search_order_script_then_libraries(self):
        self.write("app/start.lua", "print(require 'a', require 'b', require 'c', require 'd')")
        self.write("app/a.lua", "return 'app'")
        for folder in ("one", "two"):
            for module in ("a", "b", "c", "d/init"):
                if (folder, module) != ("one", "c"):
                    self.write(f"{folder}/{module}.lua", f"return '{folder}'")
        _, out, _ = self.runner("run", "--lib", "one", "--lib", "two", "app/start.lua")
        self.assertEqual(out, "app\tone\ttwo\tone\n")

    def test_modules_are_globals_and_required(self):
        _, out, _ = self.run_text("print(require 'socketcore' == socketcore, require 'rtos' == rtos)")
        self.assertEqual(out, "true\ttrue\n")

    def test_first_line_may_be_for_the_shell(self):
        _, out, _ = self.run_text("#!/usr/bin/env -S socketcore run\nprint 'ok'")
        self.assertEqual(out, "ok\n")


class Errors(RunnerTest):
    def check_error(self, text, pattern):
        _, out, err = self.run_text("print 'before'\n" + text, status=1)
        self.assertEqual(out, "before\n")
        self.assertRegex(err, pattern)
        return err

    def test_an_error_has_its_place_and_a_traceback(self):
        err = self.check_error("local function f() error 'oh no' end\nf()", r"^socketcore: \S*script\.lua:2: oh no\n")
        self.assertIn("stack traceback:", err)
        self.assertRegex(err, r"script\.lua:3: in ")

    def test_error_objects_of_all_kinds(self):
        self.check_error("error()", r"^socketcore: \(error object is a nil value\)\n")
        self.check_error("error {}", r"^socketcore: \(error object is a table value\)\n")
        self.check_error("error(setmetatable({}, {__tostring = function() return 'mine' end}))", r"^socketcore: mine\n")
        self.check_error("error(setmetatable({}, {__tostring = function() error 'again' end}))", r"^socketcore: .+\n")
        self.check_error("error(42, 0)", r"^socketcore: 42\n")
        self.check_error("error 'zero\\0byte'", r"zero\x00byte")

    def test_a_broken_debug_library_does_not_hide_the_error(self):
        self.check_error("debug.traceback = nil debug = nil error 'oh no'", r"script\.lua:2: oh no\n")

    def test_stack_overflow(self):
        self.check_error("local function f() return 1 + f() end f()", r"stack overflow")

    def test_syntax_error(self):
        _, out, err = self.run_text("print 'x'\nlocal = 1", status=1)
        self.assertEqual(out, "")
        self.assertRegex(err, r"^socketcore: \S*script\.lua:2: ")

    def test_missing_script(self):
        _, _, err = self.runner("run", "nowhere.lua", status=1)
        self.assertRegex(err, r"^socketcore: .*nowhere\.lua.*No such file")

    def test_folder_without_main(self):
        self.write("app/other.lua", "")
        _, _, err = self.runner("run", "app", status=1)
        self.assertEqual(err, "socketcore: app is a folder without a main.lua\n")

    def test_usage(self):
        script = self.write("script.lua", "print 'ran'")
        for arguments in ([], ["run"], ["fly"], ["run", "--bogus", script], ["run", "--profile", "toaster", script],
                          ["run", "--tls-verify", "never", script], ["run", "--sni", "1", script],
                          ["run", "--log", "loud", script], ["run", "--lib", "nowhere", script], ["run", "--lib"],
                          ["echo", "--tcp", "70000"], ["echo", "extra"], ["doctor", "extra"], ["--bogus"]):
            _, out, err = self.runner(*arguments, status=2)
            self.assertEqual(out, "", arguments)
            self.assertNotEqual(err, "", arguments)

    def test_help_and_version(self):
        for arguments in (["--help"], ["run", "--help"], ["echo", "--help"], ["doctor", "-h"]):
            _, out, err = self.runner(*arguments)
            self.assertIn("Usage: socketcore", out)
            self.assertEqual(err, "")
        _, out, _ = self.runner("run", "--help")
        self.assertIn("SCRIPT [ARG...]", out)
        _, out, _ = self.runner("--version")
        self.assertRegex(out, r"^socketcore \d+\.\d+\.\d+\n$")


# Places that a script can end itself from. %s is the call.
PLACES = {
    "main": "%s",
    "pcall": "pcall(function() %s end)",
    "xpcall handler": "xpcall(error, function() %s end)",
    "coroutine": "coroutine.wrap(function() coroutine.wrap(function() pcall(function() %s end) end)() end)()",
    "gsub": "string.gsub('x', 'x', function() %s end)",
    "sort": "table.sort({1, 2, 3}, function() %s end)",
    "metamethod": "local t = setmetatable({}, {__index = function() %s end}) print(t.x)",
    "require": "package.preload.m = function() %s end require 'm'",
    "finalizer": "local p = newproxy(true) getmetatable(p).__gc = function() %s end p = nil collectgarbage()",
    "debug hook": "debug.sethook(function() debug.sethook() %s end, 'l')\nlocal x = 1\nx = 2",
    "iterator": "for _ in function() %s end do end",
}


class Descriptors(RunnerTest):
    def test_missing_standard_descriptors_are_no_connections(self):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            listening.settimeout(10)
            script = self.write("script.lua", """
                local id = socketcore.sock_conn(0, "127.0.0.1", ...)
                rtos.receive()
                print "a line"
                io.stderr:write("a warning\\n")
                socketcore.sock_conn(2, "127.0.0.1", 1, nil, 100)  -- the engine warns too
                socketcore.sock_send(id, "data")
            """)
            port = str(listening.getsockname()[1])
            process = self.start(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', OPTIONS.runner, "run", script, port])
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(10)
                got = b""
                while part := connection.recv(100):
                    got += part
            self.complete(process, 0)
            self.assertEqual(got, b"data")


class StandardInput(RunnerTest):
    def run_piped(self, text, *arguments, status=0):
        script = self.write("piped.lua", text)
        process = self.start(["sh", "-c", 'exec "$@" < "$0"', script, OPTIONS.runner, "run", *arguments])
        return self.complete(process, status)

    def test_a_script_from_standard_input(self):
        _, out, _ = self.run_piped("print(..., arg[0])", "-", "x")
        self.assertEqual(out, "x\t-\n")

    def test_a_signal_while_the_script_is_read(self):
        name = str(self.folder / "fifo")
        os.mkfifo(name)
        process = self.start([OPTIONS.runner, "run", name])
        with open(name, "w") as writer:
            writer.write("local x = 1\n")
            writer.flush()
            process.send_signal(signal.SIGTERM)
            _, _, err = self.complete(process, 143)
        self.assertEqual(err, "")


class Endings(RunnerTest):
    def test_os_exit(self):
        for call, status in (("os.exit()", 0), ("os.exit(true)", 0), ("os.exit(false)", 1), ("os.exit(3)", 3), ("os.exit(0)", 0),
                             ("os.exit('7')", 7), ("os.exit(255)", 255)):
            self.run_text(call + " print 'not reached'", status=status)

    def test_os_exit_and_poweroff_from_anywhere(self):
        for place, text in PLACES.items():
            with self.subTest(place):
                _, out, err = self.run_text("print 'in' " + text % "os.exit(5)" + " print 'not reached'", status=5)
                self.assertEqual((out, err), ("in\n", ""))
                _, out, err = self.run_text("print 'in' " + text % "rtos.poweroff()" + " print 'not reached'", status=0)
                self.assertEqual((out, err), ("in\n", ""))

    def test_restart_from_anywhere(self):
        for place, text in PLACES.items():
            with self.subTest(place):
                restart = text % "rtos.restart()"
                script = f"""
                    print(was_here, ...)
                    was_here = true
                    local name = (...) .. "/count"
                    local file = io.open(name)
                    local count = file and file:read "*n" or 0
                    if file then file:close() end
                    if count == 3 then os.remove(name) os.exit(9) end
                    file = io.open(name, "w")
                    file:write(count + 1)
                    file:close()
                    {restart}
                    print "not reached"
                """
                _, out, err = self.run_text(script, str(self.folder), status=9)
                self.assertEqual((out, err), (f"nil\t{self.folder}\n" * 4, ""))

    def test_exit_in_a_finalizer_at_the_end(self):
        self.run_text("p = newproxy(true) getmetatable(p).__gc = function() os.exit(4) end", status=4)
        self.run_text("p = newproxy(true) getmetatable(p).__gc = function() os.exit(4) end os.exit(5)", status=4)

    def test_what_was_accepted_is_delivered(self):
        for ending in ("", "os.exit(0)", "rtos.poweroff()", "error 'end'", "coroutine.wrap(function() os.exit(0) end)()",
                       "print 'ready' rtos.receive()"):
            with self.subTest(ending):
                sink = Sink(slow=True)
                process = self.start_runner("run", self.write("script.lua", f"""
                    local id = socketcore.sock_conn(0, "127.0.0.1", {sink.port})
                    assert(rtos.receive().result == 0)
                    assert(socketcore.sock_send(id, ("x"):rep(1024 * 1024)) == 1)
                    while socketcore.sock_getremainbuf(id) > 0 do
                      if socketcore.sock_send(id, ("x"):rep(socketcore.sock_getremainbuf(id))) == 0 then break end
                      if rtos.receive(100) == rtos.WAIT_MSG_TIMEOUT then break end
                      total = (total or 1) + 1
                      if total > 20 then break end
                    end
                    io.stdout:write("sending\\n")
                    {ending}
                """))
                self.wait_for_line(process, "sending")
                if "ready" in ending:
                    self.wait_for_line(process, "ready")
                    process.send_signal(signal.SIGTERM)
                sink.release()
                status, _, err = self.complete(process)
                self.assertEqual(status, 1 if "error" in ending else 128 + 15 if "ready" in ending else 0, err)
                count, ended = sink.received()
                self.assertGreaterEqual(count, 1024 * 1024)
                self.assertEqual(ended, "end")

    def test_the_end_waits_for_a_stalled_peer_no_longer_than_the_linger_limit(self):
        sink = Sink(slow=True)
        start = time.monotonic()
        self.run_text(f"""
            local id = socketcore.sock_conn(0, "127.0.0.1", {sink.port})
            rtos.receive()
            for _ = 1, 16 do
              socketcore.sock_send(id, ("x"):rep(socketcore.sock_getremainbuf(id)))
              rtos.sleep(5)
            end
        """)
        self.assertLess(time.monotonic() - start, 10)
        sink.release()

    def test_exit_when_idle(self):
        text = "rtos.timer_start(1, 10) print(rtos.receive() == rtos.MSG_TIMER) rtos.receive() print 'not reached'"
        _, out, _ = self.run_text(text, options=["--exit-when-idle"])
        self.assertEqual(out, "true\n")

    def test_a_wait_with_a_limit_is_not_idle(self):
        _, out, _ = self.run_text("print(rtos.receive(20) == rtos.WAIT_MSG_TIMEOUT)", options=["--exit-when-idle"])
        self.assertEqual(out, "true\n")


# Where a signal can find a script.
OCCUPATIONS = {
    "receive": "rtos.receive()",
    "receive with a limit": "rtos.receive(60000)",
    "sleep": "rtos.sleep(60000)",
    "polling": "while true do rtos.receive(0) end",
    "interpreted loop": "if jit then jit.off() end while true do end",
    "loop of calls": "local function f(x) return x end if jit then jit.off() end while true do f(1) end",
    "loop in pcall": "if jit then jit.off() end while true do pcall(function() while true do end end) end",
    "loop in a coroutine": "if jit then jit.off() end coroutine.wrap(function() while true do end end)()",
    "receive in a coroutine in pcall": "while true do pcall(coroutine.wrap(function() rtos.receive() end)) end",
    "reading input": "local file = io.open(...) while true do file:read() end",
}


class Signals(RunnerTest):
    def start_script(self, text, *arguments, options=()):
        process = self.start_runner("run", *options, self.write("script.lua", "print 'ready' " + text), *arguments)
        self.wait_for_line(process, "ready")
        return process

    def test_stop_signals_end_a_script_wherever_it_is(self):
        os.mkfifo(self.folder / "fifo")
        fifo = os.open(self.folder / "fifo", os.O_RDWR)
        self.addCleanup(os.close, fifo)
        for occupation, text in OCCUPATIONS.items():
            for number in STOP_SIGNALS if occupation == "receive" else (signal.SIGTERM,):
                with self.subTest(occupation, signal=number):
                    process = self.start_script(text + " print 'not reached'", str(self.folder / "fifo"))
                    start = time.monotonic()
                    process.send_signal(number)
                    _, out, err = self.complete(process, 128 + number)
                    self.assertEqual((out, err), ("", ""))
                    self.assertLess(time.monotonic() - start, 1.5)

    def test_a_compiled_loop_is_ended_too(self):
        process = self.start_script("local x = 0 while true do x = x + 1 end")
        process.send_signal(signal.SIGTERM)
        self.complete(process, 128 + signal.SIGTERM)

    def test_a_second_signal_ends_at_once(self):
        sink = Sink(slow=True)
        process = self.start_script(f"""
            local id = socketcore.sock_conn(0, "127.0.0.1", {sink.port})
            rtos.receive()
            for _ = 1, 16 do socketcore.sock_send(id, ("x"):rep(socketcore.sock_getremainbuf(id))) rtos.sleep(5) end
            print "full"
            rtos.receive() rtos.receive() while true do rtos.receive() end
        """)
        self.wait_for_line(process, "full")
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        with self.assertRaises(Exception):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)
        self.complete(process, 128 + signal.SIGINT)
        self.assertLess(time.monotonic() - start, 3)
        sink.release()

    def test_other_signals_do_not_end_it(self):
        process = self.start_script("""
            rtos.timer_start(1, 300)
            local message, id = rtos.receive()
            print(message == rtos.MSG_TIMER, id)
            local before = rtos.tick()
            rtos.sleep(300)
            print(rtos.tick() - before >= 300 * 16)
        """)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            process.send_signal(number)
        self.wait_for_line(process, "true\t1")
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            process.send_signal(number)
        _, out, err = self.complete(process, 0)
        self.assertEqual((out, err), ("true\n", ""))

    def test_a_broken_pipe_on_stdout_does_not_end_it(self):
        process = self.start_runner("run", self.write("script.lua", """
            print "ready"
            rtos.sleep(100)
            for i = 1, 1000 do print(i) end
            os.exit(6)
        """))
        self.wait_for_line(process, "ready")
        process.stdout.close()
        self.assertEqual(process.wait(30), 6)

    def test_children_of_a_script_have_the_usual_signals(self):
        _, out, _ = self.run_text("print(os.execute 'kill -USR1 $$' ~= 0)")
        self.assertEqual(out, "true\n")

    def test_a_signal_between_restarts(self):
        process = self.start_script("rtos.restart()")
        process.send_signal(signal.SIGTERM)
        status, out, err = self.complete(process)
        self.assertEqual((status, err), (128 + signal.SIGTERM, ""))


class Output(RunnerTest):
    def test_nothing_but_the_scripts_own_on_stdout(self):
        sink = Sink()
        _, out, err = self.run_text(f"""
            local id = socketcore.sock_conn(0, "127.0.0.1", {sink.port})
            rtos.receive()
            socketcore.sock_conn(2, "127.0.0.1", {sink.port}, 4096)
            io.write "mine"
        """, options=["--log", "trace"])
        self.assertEqual(out, "mine")
        self.assertRegex(err, r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warning ")

    def test_log_levels(self):
        text = "socketcore.sock_conn(2, '127.0.0.1', 1, 4096)"
        for level, expected in (("warning", True), ("error", False), ("off", False)):
            _, _, err = self.run_text(text, options=["--log", level])
            self.assertEqual("recvBufferLen" in err, expected, level)

    def test_lines_are_seen_as_they_are_printed(self):
        process = self.start_runner("run", self.write("script.lua", "print 'now' rtos.receive()"))
        self.wait_for_line(process, "now")
        process.send_signal(signal.SIGTERM)
        self.complete(process, 143)


class Profiles(RunnerTest):
    def test_air724u(self):
        _, out, _ = self.run_text("""
            local ids = {}
            for i = 1, 10 do ids[i] = socketcore.sock_conn(1, "127.0.0.1", 9) end
            print(table.concat(ids, " "))
            print(socketcore.sock_conn(1, "127.0.0.1", 9))
            print(socketcore.sock_conn(1, ("a"):rep(101), 9))
            print(socketcore.sock_getremainbuf(0))
        """, options=["--profile", "air724u"])
        self.assertEqual(out, "0 1 2 3 4 5 6 7 8 9\nnil\t2\nnil\t16\n11200\n")


class Echo(RunnerTest):
    def start_echo(self, *arguments):
        process = self.start_runner("echo", *arguments)
        ports = {}
        for _ in range(3):
            name, _, address = process.stdout.readline().strip().partition(" ")
            ports[name] = int(address.rpartition(":")[2])
        return process, ports

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        _, out, err = self.complete(process, 0)
        self.assertEqual((out, err), ("", ""))

    def test_half_close_gets_everything_back(self):
        process, ports = self.start_echo()
        payload = os.urandom(3_000_000)
        with socket.create_connection(("127.0.0.1", ports["tcp"])) as connection:
            got = bytearray()
            connection.setblocking(False)
            sent, ended = 0, False
            while True:
                if sent < len(payload):
                    try:
                        sent += connection.send(payload[sent:sent + 65536])
                    except BlockingIOError:
                        pass
                elif not ended:
                    connection.shutdown(socket.SHUT_WR)
                    ended = True
                try:
                    data = connection.recv(65536)
                    if not data:
                        break
                    got += data
                except BlockingIOError:
                    pass
            self.assertEqual(bytes(got), payload)
        self.stop(process)

    def test_a_peer_that_does_not_read_is_made_to_wait(self):
        process, ports = self.start_echo()
        with socket.create_connection(("127.0.0.1", ports["tcp"])) as connection:
            connection.settimeout(0.5)
            sent = 0
            try:
                while sent < 200_000_000:
                    sent += connection.send(b"x" * 65536)
            except TimeoutError:
                pass
            self.assertLess(sent, 50_000_000)
        self.stop(process)

    def test_udp(self):
        process, ports = self.start_echo()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(10)
            for data in (b"hello", b"", os.urandom(60000)):
                peer.sendto(data, ("127.0.0.1", ports["udp"]))
                self.assertEqual(peer.recv(65536), data)
        self.stop(process)

    def test_tls_with_the_throwaway_ca(self):
        ca_file = str(self.folder / "ca.pem")
        process, ports = self.start_echo("--write-ca", ca_file)
        context = ssl.create_default_context(cafile=ca_file)
        payload = os.urandom(300_000)
        with socket.create_connection(("127.0.0.1", ports["tls"])) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                got = b""
                for start in range(0, len(payload), 30_000):
                    connection.sendall(payload[start:start + 30_000])
                    while len(got) < min(start + 30_000, len(payload)):
                        got += connection.recv(65536)
                self.assertEqual(got, payload)
                connection.unwrap()
        with socket.create_connection(("127.0.0.1", ports["tls"])) as plain:
            plain.sendall(b"this is no TLS at all\n")
            while plain.recv(1000):
                pass
        self.stop(process)

    def test_ready_file(self):
        ready = self.folder / "ready"
        process, ports = self.start_echo("--ready-file", str(ready))
        self.assertIn(f"tcp 127.0.0.1:{ports['tcp']}\n", ready.read_text())
        self.stop(process)

    def test_ipv6(self):
        process, ports = self.start_echo("--bind", "::1")
        with socket.create_connection(("::1", ports["tcp"])) as connection:
            connection.sendall(b"six")
            self.assertEqual(connection.recv(10), b"six")
        self.stop(process)

    def test_a_taken_port_and_a_bad_address(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            _, _, err = self.runner("echo", "--tcp", port, status=1)
            self.assertRegex(err, rf"^socketcore: listen on 127\.0\.0\.1:{port}: address already in use\n$")
        _, _, err = self.runner("echo", "--bind", "nowhere", status=2)
        self.assertRegex(err, r"^--bind: nowhere is no IP address")

    def test_a_ready_file_that_is_a_pipe(self):
        name = str(self.folder / "ready")
        os.mkfifo(name)
        process = self.start_runner("echo", "--ready-file", name)
        with open(name) as reader:
            lines = reader.read()
        self.assertRegex(lines, r"^tcp .*\nudp .*\ntls .*\n$")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["ready"])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.complete(process, 0)[1], lines)

    def test_files_that_cannot_be_written(self):
        _, _, err = self.runner("echo", "--write-ca", str(self.folder), status=1)
        self.assertRegex(err, r"^socketcore: cannot write ")

    def test_an_empty_key(self):
        cert, key = self.write("cert.pem", "text"), self.write("key.pem", "")
        _, _, err = self.runner("echo", "--cert", cert, "--key", key, status=1)
        self.assertRegex(err, r"^socketcore: cannot read a key from ")

    def test_a_certificate_of_ones_own(self):
        cert = self.write("cert.pem", "no certificate")
        key = self.write("key.pem", "no key")
        _, _, err = self.runner("echo", "--cert", cert, "--key", key, status=1)
        self.assertRegex(err, r"^socketcore: .+\n$")
        self.runner("echo", "--cert", cert, status=2)


class Doctor(RunnerTest):
    def test_a_line_per_item(self):
        _, out, err = self.runner("doctor")
        self.assertEqual(err, "")
        items = dict(re.findall(r"(?m)^(?:ok|warn|fail) +(\S+(?: \S+)?) {2,}(.+)$", out))
        self.assertEqual(len(items), len(out.splitlines()), out)
        for item in ("engine", "lua", "tls", "dns", "descriptors", "epoll", "ipv4", "ipv6", "raw", "ca store", "resolver"):
            self.assertIn(item, items)


if __name__ == "__main__":
    unittest.main(argv=ARGV)
