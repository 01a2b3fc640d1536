#!/usr/bin/env python3
"""`socketcore run --sandbox`: each way out of it that we know of, tried."""

import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lua"))
from program import ProgramTest, options  # noqa: E402

OPTIONS, ARGV = options()
SECRET = "the secret of this machine"
# Leaks are looked for with ptrace, which a confined process does not allow; and what is freed must not count for long.
SANITIZER = {"ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=1"}


class Sandbox(ProgramTest):
    def setUp(self):
        super().setUp()
        self.secret = self.write("outside/secret.txt", SECRET)
        self.flash = self.folder / "flash"
        self.flash.mkdir()

    def start_confined(self, text, *arguments, name="folder/script.lua"):
        path = self.write(name, text)
        environment = {"TMPDIR": str(self.folder), **SANITIZER}
        return self.start([OPTIONS.runner, "run", "--sandbox", "--data", str(self.flash), *arguments, path], environment)

    def confined(self, text, *arguments, status=0, **more):
        """Runs the script confined and returns what it prints."""
        _, out, err = self.complete(self.start_confined(text, *arguments, **more), status)
        self.assertNotIn(SECRET, out + err)
        self.assertEqual(pathlib.Path(self.secret).read_text(), SECRET)
        return out if status == 0 else out + err

    def compiled(self, name, source="return 'compiled'"):
        """A file of what this Lua compiles of the source."""
        path = self.write(name, "")
        script = self.write("compile.lua", "local path, source = ... local file = io.open(path, 'wb') "
                                           "file:write(string.dump(loadstring(source))) file:close()")
        self.complete(self.start([OPTIONS.runner, "run", script, path, source]), 0)
        return pathlib.Path(path).read_bytes()


class Files(Sandbox):
    def test_its_own_folder_can_be_read_and_its_flash_written(self):
        self.write("folder/module.lua", "return 'module'")
        out = self.confined("""
            assert(io.open('/lua/script.lua'):read(5) and require 'module' == 'module' and loadfile '/lua/module.lua')
            local file = assert(io.open('/kept', 'w'))
            assert(file:write('kept') and file:close() and os.rename('/kept', '/new') and rtos.make_dir('/folder'))
            print(io.open('/new'):read('*a'))
        """)
        self.assertEqual(out, "kept\n")
        self.assertEqual((self.flash / "new").read_text(), "kept")

    def test_a_flash_of_its_own_is_removed(self):
        path = self.write("script.lua", "assert(io.open('/a', 'w')) assert(rtos.make_dir('/b/c'))")
        (self.folder / "tmp").mkdir()
        self.complete(self.start([OPTIONS.runner, "run", "--sandbox", path],
                                 {"TMPDIR": str(self.folder / "tmp"), **SANITIZER}), 0)
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])

    def test_absolute_paths_are_its_own(self):
        self.confined(f"""
            for _, path in ipairs {{[[{self.secret}]], '/etc/passwd', '/proc/self/environ', '/dev/zero'}} do
              for _, mode in ipairs {{'r', 'rb', 'r+', 'a'}} do
                local file, why = io.open(path, mode)
                assert(file == nil and why == path .. ': No such file or directory', why)
              end
              assert(not pcall(io.lines, path) and not pcall(io.input, path) and not pcall(io.output, path))
              assert(loadfile(path) == nil and not pcall(dofile, path) and os.remove(path) == nil)
              assert(os.rename(path, '/mine') == nil and io.opendir(path) == 0)
            end
        """)

    def test_dots_lead_nowhere(self):
        self.confined("""
            for _, path in ipairs {'../outside/secret.txt', '/../outside/secret.txt', '/lua/../../outside/secret.txt',
                                   '/lua/../../folder/script.lua', '/none/../../outside/secret.txt'} do
              for _, mode in ipairs {'r', 'w', 'a'} do
                local file, why = io.open(path, mode)
                assert(file == nil and why:find("leads out of the device's files", 1, true), why)
              end
              assert(os.remove(path) == nil and os.rename(path, '/mine') == nil and os.rename('/lua/script.lua', path) == nil)
            end
            assert(io.open('/..') == nil and io.opendir('/..') == 0 and io.opendir('/lua/..') == 1)
        """)

    def test_links_out_are_not_followed(self):
        (self.flash / "file").symlink_to(self.secret)
        (self.flash / "folder").symlink_to(self.folder / "outside")
        (self.flash / "self").symlink_to("/proc/self")
        (self.flash / "dangling").symlink_to(self.folder / "outside" / "new")
        self.write("folder/none", "")
        (self.folder / "folder" / "linked").symlink_to(self.secret)
        self.confined("""
            for _, path in ipairs {'/file', '/folder/secret.txt', '/folder/new', '/dangling', '/self/environ', '/self/root/etc/passwd',
                                   '/self/fd/0', '/self/cwd/outside/secret.txt', '/lua/linked'} do
              for _, mode in ipairs {'r', 'w'} do
                local file, why = io.open(path, mode)
                assert(file == nil and (why:find('leads out', 1, true) or why:find('read only', 1, true)), why)
              end
            end
            assert(io.opendir '/folder' == 0 and not rtos.remove_dir '/folder' and not rtos.make_dir '/folder/new')
        """)
        self.assertEqual(sorted(path.name for path in (self.folder / "outside").iterdir()), ["secret.txt"])

    def test_a_link_is_not_moved_to_where_the_runner_writes(self):
        for name in ("luaerrinfo.txt", ".update.tar", "sdcard0"):
            (self.flash / "link").unlink(missing_ok=True)
            (self.flash / "link").symlink_to(self.secret if name != "sdcard0" else self.folder / "outside")
            self.confined(f"""
                local moved, why = os.rename('/link', '/{name}')
                if moved or not why:find('leads out', 1, true) then os.exit(3) end
                rtos.fota_start() io.mount(io.SDCARD)
                if io.open('/sdcard0/secret.txt') then os.exit(4) end
                error 'this is kept in luaerrinfo.txt'
            """, status=1)
        self.confined("assert(os.remove('/link'))")

    def test_no_link_can_be_made(self):
        self.confined("assert(os.link == nil and io.link == nil and rtos.link == nil and os.symlink == nil)")

    def test_what_is_no_ordinary_file_is_not_opened(self):
        os.mkfifo(self.flash / "fifo")
        self.confined("""
            for _, mode in ipairs {'r', 'w', 'r+'} do
              local file, why = io.open('/fifo', mode)
              assert(file == nil and why == '/fifo: not an ordinary file', why)
            end
            assert(not pcall(io.lines, '/fifo') and not pcall(dofile, '/fifo') and loadfile('/fifo') == nil)
            assert(not pcall(io.input, '/fifo') and crypto.md5('/fifo', 'file') == nil)
        """)

    def test_its_folder_is_read_only(self):
        self.confined("""
            for _, mode in ipairs {'w', 'a', 'r+', 'w+', 'a+'} do
              assert(io.open('/lua/script.lua', mode) == nil and io.open('/lua/new', mode) == nil)
            end
            assert(os.remove '/lua/script.lua' == nil and os.rename('/lua/script.lua', '/x') == nil)
            assert(not rtos.make_dir '/lua/new' and not rtos.remove_dir '/lua')
        """)
        self.assertEqual([path.name for path in (self.folder / "folder").iterdir()], ["script.lua"])

    def test_no_mode_of_the_c_library_passes(self):
        self.confined("""
            for _, mode in ipairs {'r,ccs=UTF-16LE', 'rm', 'wx', 'we', 'rw', '', 'b', 'r+bm'} do
              local file, why = io.open('/lua/script.lua', mode)
              assert(file == nil and why == '/lua/script.lua: Invalid argument', why)
            end
        """)

    def test_temporary_files_are_the_flashs(self):
        self.confined("assert(io.tmpfile == nil) local name = os.tmpname() assert(io.open(name, 'w'):write 'x') print(name)")
        self.assertEqual(len(list(self.flash.glob("tmp_*"))), 1)

    def test_arguments_name_no_files(self):
        path = self.write("folder/script.lua", "print(io.open((...)))")
        process = self.start([OPTIONS.runner, "run", "--sandbox", path, self.secret], SANITIZER)
        _, out, _ = self.complete(process, 0)
        self.assertTrue(out.startswith("nil "), out)


class Code(Sandbox):
    def test_no_program_is_started(self):
        self.confined("assert(os.execute == nil and io.popen == nil and not pcall(require, 'posix'))")

    def test_no_variable_of_the_environment_is_told(self):
        os.environ["SC_SECRET"] = SECRET
        self.addCleanup(os.environ.pop, "SC_SECRET")
        self.assertEqual(self.confined("print(os.getenv 'SC_SECRET', os.getenv 'PATH')"), "nil nil\n")

    def test_the_locale_is_not_changed(self):
        self.confined("assert(os.setlocale == nil)")

    def test_no_native_module_is_loaded(self):
        self.write("folder/native.so", "\x7fELF")
        self.confined("""
            package.cpath = '/lua/?.so;./?.so;/usr/lib/?.so'
            assert(not pcall(require, 'native') and not pcall(package.loadlib, '/lua/native.so', '*'))
            assert(#package.loaders == 2 and package.searchpath == nil and package.loadlib ~= nil)
            package.loaders[3] = function(name) return package.loadlib('/lua/native.so', 'luaopen_' .. name) end
            assert(not pcall(require, 'native'))
        """)

    def test_a_path_of_the_scripts_own_stays_inside(self):
        self.write("outside/module.lua", "print 'outside'")
        self.confined(f"""
            package.path = [[{self.folder}/outside/?.lua;../outside/?.lua;/lua/../../outside/?.lua]]
            assert(not pcall(require, 'module'))
            package.path = nil
            assert(not pcall(require, 'module'))
        """)

    def test_compiled_chunks_are_refused_as_strings(self):
        self.compiled("folder/chunk.bin")
        self.confined("""
            local compiled = io.open('/lua/chunk.bin', 'rb'):read('*a')
            assert(#compiled > 20)
            for _, chunk in ipairs {compiled, '\\27', '\\27Lua', '\\27LJ\\2'} do
              for _, load in ipairs {load, loadstring} do
                for _, mode in ipairs {'b', 'bt', 't'} do
                  local made, why = loadstring(chunk, '=x', mode)
                  assert(made == nil and why:find('compiled Lua is refused', 1, true), why)
                end
              end
            end
            assert(loadstring('return 1')() == 1 and loadstring('')() == nil and loadstring('return ...', '=x')(2) == 2)
        """)

    def test_compiled_chunks_are_refused_in_pieces(self):
        self.compiled("folder/chunk.bin")
        self.confined("""
            local function in_pieces(text, size)
              local place = 1
              return function()
                place = place + size
                return text:sub(place - size, place - 1)
              end
            end
            local compiled = io.open('/lua/chunk.bin', 'rb'):read('*a')
            for _, size in ipairs {1, 2, 7, 100000} do
              local made, why = load(in_pieces(compiled, size))
              assert(made == nil and why:find('compiled Lua is refused', 1, true), why)
              assert(load(in_pieces('return 1', size), '=x')() == 1)
            end
            assert(load(function() error 'mine' end) == nil and load(function() return {} end) == nil)
        """)

    def test_compiled_files_are_refused(self):
        self.compiled("folder/chunk.lua")
        compiled = (self.folder / "folder/chunk.lua").read_bytes()
        (self.folder / "folder/headed.lua").write_bytes(b"#!/usr/bin/lua\n" + compiled)
        (self.folder / "folder/marked.lua").write_bytes(b"\xef\xbb\xbf" + compiled)
        (self.folder / "folder/both.lua").write_bytes(b"\xef\xbb\xbf#\n" + compiled)
        self.confined("""
            local made, why = loadfile '/lua/chunk.lua'
            assert(made == nil and why:find('/lua/chunk.lua: compiled Lua is refused', 1, true), why)
            assert(not pcall(dofile, '/lua/chunk.lua') and not pcall(require, 'chunk'))
            for _, name in ipairs {'headed', 'marked', 'both'} do
              assert(loadfile('/lua/' .. name .. '.lua') == nil and not pcall(require, name))
            end
            local file = io.open('/lua/chunk.lua', 'rb')
            local copy = io.open('/copy', 'wb')
            copy:write(file:read '*a')
            copy:close()
            assert(loadfile '/copy' == nil and not pcall(dofile, '/copy'))
        """)

    def test_a_compiled_main_is_refused(self):
        self.compiled("folder/main.lua", "print 'compiled'")
        process = self.start([OPTIONS.runner, "run", "--sandbox", "folder"], SANITIZER)
        _, out, err = self.complete(process, 1)
        self.assertIn("/lua/main.lua: compiled Lua is refused", err)
        self.assertEqual(out, "")

    def test_nothing_is_compiled_to_bytes(self):
        self.confined("assert(string.dump == nil and ('').dump == nil)")

    def test_no_ffi(self):
        self.confined("""
            assert(ffi == nil and package.loaded.ffi == nil and package.preload.ffi == nil and not pcall(require, 'ffi'))
            loadstring('local number = 1LL return number + 0i')
            local made = loadstring('return 1LL')
            local number = made and made()
            assert(package.loaded.ffi == nil and not pcall(require, 'ffi'))
            if number then
              assert(not pcall(function() return number.x end) and not pcall(function() return number() end))
              assert(not pcall(function() number[0] = 1 end) and getmetatable(number) == 'ffi')
            end
        """)

    def test_nothing_of_the_compilers(self):
        self.confined("""
            assert(jit == nil)
            for _, name in ipairs {'jit', 'jit.util', 'jit.opt', 'jit.profile', 'jit.v', 'string.buffer', 'table.new', 'table.clear'} do
              assert(package.loaded[name] == nil and package.preload[name] == nil and not pcall(require, name), name)
            end
        """)

    def test_globals_and_modules_are_those_that_are_listed(self):
        out = self.confined("""
            local function names(of)
              local all = {}
              for name in pairs(of) do all[#all + 1] = tostring(name) end
              table.sort(all)
              return table.concat(all, ' ')
            end
            print(names(_G)) print(names(package.loaded)) print(names(package.preload)) print(names(package)) print(names(debug))
            print(names(os)) print(names(io)) print(names(string)) print(names(coroutine))
        """)
        device = "adc audiocore bit cpu crypto i2c iconv json pack pio pmd pwm rtos socketcore spi uart".split()
        libraries = "_G coroutine debug io math os package string table".split()
        base = ("_VERSION assert collectgarbage dofile error gcinfo getfenv getmetatable ipairs load loadfile loadstring module "
                "newproxy next pairs pcall print rawequal rawget rawset require select setfenv setmetatable tonumber tostring "
                "type unpack xpcall").split()
        self.assertEqual([line.split() for line in out.splitlines()], [
            sorted(base + libraries + device), sorted(libraries + device), device,
            "cpath loaded loaders loadlib path preload seeall".split(), "getinfo traceback".split(),
            "clock date difftime exit getenv remove rename time tmpname".split(),
            "EXTERN_PINGPIO EXTERN_PINLCD INTERNAL SDCARD USBMSC close closedir flush format input lines mount open opendir "
            "output read readdir stderr stdin stdout type unmount write".split(),
            "byte char find format gfind gmatch gsub len lower match rep reverse sub upper".split(),
            "create resume running status wrap yield".split()])


class Language(Sandbox):
    def test_debug_changes_nothing_and_shows_no_values(self):
        self.confined("""
            for _, name in ipairs {'getregistry', 'setmetatable', 'getmetatable', 'getupvalue', 'setupvalue', 'sethook', 'gethook',
                                   'getlocal', 'setlocal', 'getfenv', 'setfenv', 'debug', 'upvalueid', 'upvaluejoin'} do
              assert(debug[name] == nil and require('debug')[name] == nil and package.loaded.debug[name] == nil, name)
            end
            assert(debug.traceback('x'):find('^x\\n') and debug.getinfo(1).currentline == 6)
            local function f(...) return debug.getinfo(1, 'f').func end
            assert(f() == f and debug.getinfo(f, 'S').what == 'Lua' and debug.getinfo(100) == nil)
            assert(debug.getinfo(coroutine.create(f), f).func == f)
            assert(not pcall(debug.getinfo, 1, 'X') and not pcall(debug.getinfo, {}) and not pcall(debug.getinfo))
        """)

    def test_no_function_of_cs_is_shown(self):
        self.confined("""
            assert(debug.getinfo(io.open).func == nil and debug.getinfo(io.open).what == 'C' and debug.getinfo(0).func == nil)
            local seen
            pcall(string.gsub, 'x', 'x', function() seen = debug.getinfo(2, 'fS') end)
            assert(seen.what == 'C' and seen.func == nil)
        """)

    def test_a_finalizer_finds_no_function_that_was_taken_away(self):
        self.confined("""
            local found = {}
            local function look()
              for level = 1, 20 do
                local info = debug.getinfo(level, 'fS')
                if info and info.what == 'C' and info.func then found[info.func] = true end
              end
            end
            collectgarbage('setpause', 1) collectgarbage('setstepmul', 10000)
            for i = 1, 3000 do
              local proxy = newproxy(true)
              getmetatable(proxy).__gc = look
              local file = io.open('/lua/script.lua') if file then file:close() end
              os.rename('/none', '/new') os.remove('/none')
            end
            for call in pairs(found) do
              local ok, file = pcall(call, '/etc/passwd')
              assert(not (ok and io.type(file)), 'a stock function was found')
            end
            assert(next(found) == nil)
        """)

    def test_options_of_getinfo_are_no_way_into_memory(self):
        self.confined("""
            for _, what in ipairs {'>', '>f', '>S', 'f>', '>nSluf', '\\0>', 'S\\0'} do
              pcall(debug.getinfo, 1, what) pcall(debug.getinfo, print, what)
              pcall(debug.getinfo, coroutine.create(function() end), 0, what)
              if what:find '^>' then assert(not pcall(debug.getinfo, 1, what)) end
            end
        """)

    def test_environments_hold_nothing_else(self):
        self.confined("""
            local function harmless(env)
              assert(env == nil or (env.ffi == nil and env.jit == nil and (env.io == nil or env.io.popen == nil)))
            end
            for level = 0, 10 do local ok, env = pcall(getfenv, level) if ok then harmless(env) end end
            for _, call in ipairs {print, io.open, require, os.time, string.rep, socketcore.sock_conn} do
              harmless(getfenv(call))
              assert(not pcall(setfenv, call, {}))
            end
            setfenv(0, {io = false})
            assert(io.open('/etc/passwd') == nil and loadfile('/etc/passwd') == nil)
        """)

    def test_metatables_lead_nowhere(self):
        self.confined("""
            assert(not pcall(setmetatable, '', {}) and not pcall(setmetatable, io.stdout, {}))
            getmetatable('').__index = os
            assert(('true').execute == nil)
            getmetatable('').__index = string
            local meta = getmetatable(io.stdout)
            for _, value in ipairs {newproxy(), newproxy(true), iconv.open('utf8', 'gbk'), crypto.flow_md5()} do
              for name, call in pairs(meta) do if type(call) == 'function' then pcall(call, value) end end
            end
            local md5 = crypto.flow_md5()
            local collect = getmetatable(md5).__gc
            collect(md5) collect(md5)
            assert(not pcall(md5.update, md5, 'x') and not pcall(collect, io.stdout))
            assert(io.stdout:write 'alive\\n')
        """)

    def test_text_that_is_made_of_foreign_bytes_does_no_harm(self):
        self.confined("""
            for byte = 0, 255 do
              for _, rest in ipairs {'', 'Lua', 'LJ\\1', 'LJ\\2', ('\\255'):rep(100)} do
                local made = loadstring(string.char(byte) .. rest)
                assert(byte ~= 27 or not made)
              end
            end
        """)


class Limits(Sandbox):
    def test_memory(self):
        out = self.confined("""
            local kept = {}
            local made, why = pcall(function() for i = 1, 1e7 do kept[i] = ('x'):rep(1e6) .. i end end)
            print(made, why, #kept > 10 and #kept < 70)
            kept = nil
            collectgarbage()
            print(#('x'):rep(1e6))
        """)
        self.assertEqual(out, "false not enough memory true\n1000000\n")

    def test_memory_of_one_string(self):
        self.assertEqual(self.confined("print(pcall(string.rep, 'x', 1e9))"), "false not enough memory\n")

    def test_memory_of_the_option(self):
        out = self.confined("print(pcall(string.rep, 'x', 2e6)) collectgarbage() print(#('x'):rep(1e5))", "--max-memory", "2M")
        self.assertEqual(out, "false not enough memory\n100000\n")

    def test_memory_without_the_sandbox(self):
        path = self.write("script.lua", "print(pcall(string.rep, 'x', 1e8)) print(io.open(...) ~= nil)")
        _, out, _ = self.complete(self.start([OPTIONS.runner, "run", "--max-memory", "16M", path, path]), 0)
        self.assertEqual(out, "false\tnot enough memory\ntrue\n")

    def test_an_error_for_want_of_memory_ends_the_script(self):
        out = self.confined("local t = {} while true do t[#t + 1] = {} end", "--max-memory", "4M", status=1)
        self.assertIn("not enough memory", out)

    def test_too_little_memory_to_begin(self):
        for size, status in (("1M", 1), ("10", 2), ("x", 2), ("-1", 2)):
            self.confined("local t = {} while true do t[#t + 1] = {} end", "--max-memory", size, status=status)

    def test_memory_that_the_engine_needs_for_the_script(self):
        """Timers are the engine's, not Lua's: millions of them would fill the machine."""
        process = self.start_confined("""
            for i = 1, 2^31 - 1 do
              if rtos.timer_start(i, 1000000) ~= 1 then print 'refused' os.exit(0) end
            end
        """, "--max-memory", "1M", "--max-sockets", "1")
        status, out, err = self.complete(process)
        # The sanitizer's allocator does not answer: it ends the process.
        self.assertTrue((status, out) == (0, "refused\n") or err.startswith("====="), (status, out, err))

    def test_sockets(self):
        count = """
            local count, code = 0
            while count < 1000 do
              local id, why = socketcore.sock_conn(1, '127.0.0.1', 9)
              if not id then code = why break end
              count = count + 1
            end
            print(count, code == socketcore.ERR_ENOBUFS or code)
        """
        self.assertEqual(self.confined(count), "64 true\n")
        self.assertEqual(self.confined(count, "--max-sockets", "3"), "3 true\n")
        self.assertEqual(self.confined(count, "--max-sockets", "20", "--profile", "air724u"), "10 true\n")
        path = self.write("script.lua", count)
        _, out, _ = self.complete(self.start([OPTIONS.runner, "run", "--max-sockets", "5", path]), 0)
        self.assertEqual(out, "5\ttrue\n")

    def test_the_network_is_not_confined(self):
        """As docs/sandbox.md says."""
        out = self.confined("""
            socketcore.sock_conn(1, '127.0.0.1', 9)
            print(rtos.receive(5000).result)
        """)
        self.assertEqual(out, "0\n")


class Ends(Sandbox):
    def end(self, text):
        process = self.start_confined("print 'begun' " + text)
        self.wait_for_line(process, "begun")
        process.send_signal(signal.SIGINT)
        self.complete(process, 128 + signal.SIGINT)

    def test_an_endless_loop(self):
        self.end("while true do end")

    def test_an_endless_loop_that_catches_errors(self):
        self.end("while true do pcall(error) xpcall(error, print) end")

    def test_endless_coroutines(self):
        self.end("while true do coroutine.wrap(function() while true do end end)() end")

    def test_an_endless_wait(self):
        self.end("while true do rtos.receive(rtos.INF_TIMEOUT) end")

    def test_an_error_is_kept_in_the_flash(self):
        self.confined("error 'broken'", status=1)
        self.assertIn("broken", (self.flash / "luaerrinfo.txt").read_text())

    def test_a_restart_is_confined_too(self):
        out = self.confined("""
            print(io.popen, jit, io.open('/etc/passwd'), pcall(string.rep, 'x', 1e9))
            local file = io.open('/count', 'a+')
            file:write 'x'
            file:seek 'set'
            local count = #file:read '*a'
            file:close()
            if count < 3 then rtos.restart() end
        """)
        line = "nil nil nil /etc/passwd: No such file or directory 2 false not enough memory\n"
        self.assertEqual(out, 3 * line.replace(": No such file or directory 2", "").replace(" /etc/passwd", ""))


class Process(Sandbox):
    """The second wall, as the kernel tells of it."""

    def status_of(self, process):
        text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))

    def test_no_privileges_can_be_gained(self):
        process = self.start_confined("print 'begun' rtos.receive(rtos.INF_TIMEOUT)")
        self.wait_for_line(process, "begun")
        self.assertEqual(self.status_of(process)["NoNewPrivs"], "1")

    def test_what_the_kernel_grants_is_logged(self):
        _, _, err = self.complete(self.start_confined("", "--log", "info"), 0)
        self.assertRegex(err, "sandbox: (files are confined by Landlock, version [1-9]|this kernel has no Landlock)")

    def test_files_of_the_options_are_within_reach(self):
        self.write("parts.txt", "pin 5 1\n")
        os.mkfifo(self.folder / "control")
        out = self.confined("""
            pio.pin.setdir(pio.INPUT, 5) print(pio.pin.getval(5))
            if not io.open('/again') then io.open('/again', 'w'):close() rtos.restart() end
        """, "--parts", "parts.txt", "--trace", "trace.txt", "--modem-ctl", "control")
        self.assertEqual(out, "1\n1\n")
        self.assertIn("pin", (self.folder / "trace.txt").read_text())

    def test_a_library_is_within_reach(self):
        self.write("library/shared.lua", "return 'shared'")
        self.assertEqual(self.confined("print(require 'shared', require 'sys' ~= nil)", "--lib", "library"), "shared true\n")

    def dumps_core(self, *arguments):
        path = self.write("script.lua", "print 'begun' io.stdout:flush() rtos.receive(rtos.INF_TIMEOUT)")

        def allow():
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

        with subprocess.Popen([OPTIONS.runner, "run", *arguments, path], stdout=subprocess.PIPE, text=True, cwd=self.folder,
                              preexec_fn=allow, env={**os.environ, "ASAN_OPTIONS": "disable_coredump=0:detect_leaks=0"}) as process:
            self.assertEqual(process.stdout.readline(), "begun\n")
            limit = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
            process.send_signal(signal.SIGABRT)
            _, status = os.waitpid(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertTrue(os.WIFSIGNALED(status))
        self.assertTrue(os.WCOREDUMP(status) or arguments or not re.search("core file size +[1-9u]", limit))
        return os.WCOREDUMP(status) or bool(re.search("core file size +[1-9u]", limit))

    def test_no_core_dump(self):
        self.assertFalse(self.dumps_core("--no-core"))
        self.assertFalse(self.dumps_core("--sandbox"))


if __name__ == "__main__":
    unittest.main(argv=ARGV)
