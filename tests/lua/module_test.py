#!/usr/bin/env python3
"""The module in a stock interpreter: what the specs cannot show, because it is about the process."""

import pathlib
import signal
import unittest

from program import ProgramTest, Sink, options

OPTIONS, ARGV = options()

FILL = """
    local socketcore = require "socketcore"
    local rtos = require "rtos"
    local id = socketcore.sock_conn(0, "127.0.0.1", {port})
    assert(rtos.receive().result == 0)
    assert(socketcore.sock_send(id, ("x"):rep(1024 * 1024)) == 1)
    rtos.sleep(20)
    assert(socketcore.sock_send(id, ("x"):rep(socketcore.sock_getremainbuf(id))) == 1)
    print "sent" io.stdout:flush()
"""


class ModuleTests:
    interpreter = None

    def start_stock(self, text, *arguments):
        environment = {"LUA_CPATH": OPTIONS.module + "/?.so"}
        if OPTIONS.preload:
            environment["LD_PRELOAD"] = OPTIONS.preload
        return self.start([self.interpreter, self.write("script.lua", text), *arguments], environment)

    def test_what_was_accepted_is_delivered(self):
        for ending, status in (("", 0), ("os.exit(3)", 3), ("error 'end'", 1), ("pcall(os.exit, 4)", 4),
                               ("coroutine.wrap(function() os.exit(5) end)()", 5)):
            sink = Sink(slow=True)
            process = self.start_stock(FILL.format(port=sink.port) + ending)
            self.wait_for_line(process, "sent")
            sink.release()
            self.complete(process, status)
            count, ended = sink.received()
            self.assertGreaterEqual(count, 1024 * 1024, ending)
            self.assertEqual(ended, "end", ending)

    def test_control_c_interrupts_a_wait(self):
        for wait in ("rtos.receive()", "rtos.receive(60000)", "rtos.sleep(60000)",
                     "coroutine.wrap(function() rtos.receive() end)()"):
            process = self.start_stock(f"""
                require "socketcore"
                local rtos = require "rtos"
                print "ready" io.stdout:flush()
                {wait}
            """)
            self.wait_for_line(process, "ready")
            self.wait_until_it_waits(process)
            process.send_signal(signal.SIGINT)
            _, _, err = self.complete(process, 1)
            self.assertIn("interrupted!", err, wait)

    def test_control_c_reaches_a_module_that_a_coroutine_required(self):
        process = self.start_stock("""
            coroutine.wrap(function()
              require "socketcore"
              print "ready" io.stdout:flush()
              require("rtos").receive()
            end)()
        """)
        self.wait_for_line(process, "ready")
        self.wait_until_it_waits(process)
        process.send_signal(signal.SIGINT)
        _, _, err = self.complete(process, 1)
        self.assertIn("interrupted!", err)

    def test_finalizers_may_close_at_any_moment(self):
        sink = Sink(slow=False)
        process = self.start_stock(f"""
            local socketcore = require "socketcore"
            local rtos = require "rtos"
            collectgarbage("setpause", 1)
            local opened, closed, answered = 0, 0, 0
            local function abandon()
              local id = assert(socketcore.sock_conn(0, "127.0.0.1", {sink.port}))
              opened = opened + 1
              local proxy = newproxy(true)  -- a collector must not find it before it has its finalizer
              getmetatable(proxy).__gc = function()
                closed = closed + socketcore.sock_close(id)
                socketcore.sock_send(id, "too late")
              end
            end
            local main = assert(socketcore.sock_conn(0, "127.0.0.1", {sink.port}))
            while closed < 500 do
              if opened < 500 then abandon() end
              rtos.timer_start(1, 1)
              for _ = 1, 3 do
                local message = rtos.receive(0)
                if type(message) == "table" and message.id == rtos.MSG_SOCK_CLOSE_CNF then
                  answered = answered + 1
                  assert(socketcore.sock_destroy(message.socket_index) == 1)
                end
              end
              socketcore.sock_recv(main, 100)
              if opened == 500 then collectgarbage() end
            end
            while answered < 500 do
              if rtos.receive(5000).id == rtos.MSG_SOCK_CLOSE_CNF then answered = answered + 1 end
            end
            print(opened, closed, answered)
        """)
        _, out, _ = self.complete(process, 0)
        self.assertEqual(out, "500\t500\t500\n")

    def test_a_finalizer_does_not_disturb_the_bytes_that_are_read(self):
        echo = self.start([OPTIONS.runner, "echo"])
        ports = dict(line.split() for line in (echo.stdout.readline() for _ in range(3)))
        process = self.start_stock(f"""
            local socketcore = require "socketcore"
            local rtos = require "rtos"
            collectgarbage("setpause", 1)
            local port = {ports["tcp"].rpartition(":")[2]}
            local function connect()
              local id = assert(socketcore.sock_conn(0, "127.0.0.1", port))
              assert(rtos.receive().result == 0)
              return id
            end
            local reader, other = connect(), connect()
            local function stir()
              local proxy = newproxy(true)
              getmetatable(proxy).__gc = function()
                socketcore.sock_send(other, "zzzz")  -- looks for input of its own first
                assert(not pcall(rtos.receive, 0) or true)
                assert(not pcall(socketcore.sock_recv, other, 10) or true)
              end
            end
            local sent, got = {{}}, {{}}
            for i = 1, 300 do
              sent[i] = ("%05d"):format(i):rep(200)
              assert(socketcore.sock_send(reader, sent[i]) == 1)
              local left = 1000
              while left > 0 do
                for _ = 1, 5 do stir() end
                local part = socketcore.sock_recv(reader, 300)
                got[#got + 1] = part
                left = left - #part
                if part == "" then rtos.receive(100) end
              end
            end
            assert(table.concat(got) == table.concat(sent))
            socketcore.sock_close(reader)
            print "whole"
            os.exit(0)
        """)
        _, out, _ = self.complete(process, 0)
        self.assertEqual(out, "whole\n")
        echo.send_signal(signal.SIGTERM)
        self.complete(echo, 0)

    def test_other_signals_with_a_handler_let_it_go_on(self):
        process = self.start_stock("""
            require "socketcore"
            local rtos = require "rtos"
            print "ready" io.stdout:flush()
            rtos.timer_start(1, 300)
            print(rtos.receive() == rtos.MSG_TIMER)
        """)
        self.wait_for_line(process, "ready")
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        _, out, _ = self.complete(process, 0)
        self.assertEqual(out, "true\n")

    def test_required_from_a_coroutine_that_is_collected(self):
        process = self.start_stock("""
            coroutine.wrap(function() require "socketcore" end)()
            collectgarbage() collectgarbage()
            local rtos = require "rtos"
            print(rtos.receive(10) == rtos.WAIT_MSG_TIMEOUT)
        """)
        _, out, _ = self.complete(process, 0)
        self.assertEqual(out, "true\n")

    def test_the_calls_after_the_end(self):
        process = self.start_stock("""
            local early = newproxy(true)
            local socketcore = require "socketcore"
            getmetatable(early).__gc = function()
              print(pcall(socketcore.sock_conn, 0, "127.0.0.1", 1))
              print(pcall(require("rtos").receive, 0))
            end
            keep = early
        """)
        _, out, err = self.complete(process, 0)
        self.assertEqual(err, "")
        for line in out.splitlines():
            self.assertIn("ended", line)

    def test_a_forked_child_leaves_the_connection_alone(self):
        if "jit" not in self.interpreter:
            self.skipTest("only LuaJIT can fork without a library")
        for child_end in ("os.exit(0)", "error 'child'", "ffi.C.exit(0)", "os.exit(0, true)"):
            sink = Sink(slow=True)
            process = self.start_stock(FILL.format(port=sink.port) + f"""
                local ffi = require "ffi"
                ffi.cdef "int fork(void); int waitpid(int, int *, int); void exit(int);"
                local child = ffi.C.fork()
                if child == 0 then
                  print(pcall(rtos.receive, 0))
                  io.stdout:flush()
                  assert(not pcall(socketcore.sock_send, id, "the child's"))
                  assert(not pcall(socketcore.sock_close, id))
                  {child_end}
                end
                local start = rtos.tick()
                ffi.C.waitpid(child, nil, 0)
                print(rtos.tick() - start < 2 * 16384)
                io.stdout:flush()
            """)
            self.wait_for_line(process, "sent")
            self.assertIn("forked child", process.stdout.readline())
            self.wait_for_line(process, "true")
            sink.release()
            self.complete(process, 0)
            count, ended = sink.received()
            self.assertGreaterEqual(count, 1024 * 1024, child_end)
            self.assertEqual(ended, "end", child_end)

    def test_tls_is_ended_in_order_by_os_exit(self):
        echo = self.start([OPTIONS.runner, "echo"])
        ports = dict(line.split() for line in (echo.stdout.readline() for _ in range(3)))
        port = ports["tls"].rpartition(":")[2]
        process = self.start_stock(f"""
            local socketcore = require "socketcore"
            local rtos = require "rtos"
            local id = socketcore.sock_conn(2, "127.0.0.1", {port})
            assert(rtos.receive().result == 0)
            assert(socketcore.sock_send(id, ("x"):rep(1000000)) == 1)
            os.exit(0)
        """)
        _, _, err = self.complete(process, 0)
        self.assertEqual(err, "")
        echo.send_signal(signal.SIGTERM)
        self.complete(echo, 0)

    def test_no_descriptors_left(self):
        process = self.start_stock("""
            local files = {}
            while true do
              local file = io.open "/dev/null"
              if not file then break end
              files[#files + 1] = file
            end
            files[#files]:close()  -- for the library's own file
            local ok, message = pcall(require, "socketcore")
            print(ok, message)
        """)
        _, out, _ = self.complete(process, 0)
        self.assertRegex(out, r"^false\t.*(descriptor|open files)")


for number, program in enumerate(OPTIONS.interpreter):
    name = f"Module{number}_{pathlib.Path(program).name}"
    globals()[name] = type(name, (ModuleTests, ProgramTest), {"interpreter": program})

if __name__ == "__main__":
    unittest.main(argv=ARGV)
