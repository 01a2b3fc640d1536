"""Signals: which end a script and how, and which do not."""
import signal
import time

from harness import net
from harness.case import case
from harness.ending import FILL, slow_reader
from harness.script import lua


@case(limit=60)
def signals_end_the_runner_in_order(bench):
    """SIGINT, SIGTERM and SIGHUP, while it waits and while it computes: the accepted bytes arrive, the status is 128 + N."""
    content = net.pattern(8_000_000)
    path = bench.file("up.bin", content)
    server = net.Server(bench, slow_reader(0.3), receive_buffer=16384)
    busy = {
        "waiting": "kit.watch(60000)",
        "sleeping": "rtos.sleep(60000)",
        "waiting in a coroutine": "coroutine.wrap(function() pcall(kit.watch, 60000) end)() kit.watch(60000)",
        "computing": "local n = 0 while true do n = n + #tostring(n) end",
        "polling": "while true do rtos.receive(0) end",
        "reading its standard input": "io.read()",
    }
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for title, text in busy.items():
            if number != signal.SIGTERM and title not in ("waiting", "polling"):
                continue
            script = bench.script(f"local id = kit.connect(0, '127.0.0.1', {server.port})\n" + FILL.format(path=lua(path))
                                  + text, stdin="pipe")
            accepted = script.wait_note("accepted")["bytes"]
            script.signal(number)
            script.finish(128 + number)
            got = server.result()
            bench.true(got == content[:accepted], f"{number.name}, {title}: {len(got)} of {accepted} bytes")


@case(limit=60)
def where_no_hook_reaches(bench):
    """In a loop that LuaJIT has compiled, or a long call of C, a script is left 2 s after the signal; its bytes arrive all the same."""
    content = net.pattern(8_000_000)
    path = bench.file("up.bin", content)
    stuck = {
        "a compiled loop": "local n = 0 while true do n = n + 1 end",
        "a long search": "string.find(('a'):rep(3000), ('a-'):rep(100) .. 'b')",
        "a child": "os.execute('exec sleep 60')",
    }
    for title, text in stuck.items():
        server = net.Server(bench, slow_reader(3), receive_buffer=16384)
        script = bench.script(f"local id = kit.connect(0, '127.0.0.1', {server.port})\n" + FILL.format(path=lua(path)) + text)
        accepted = script.wait_note("accepted")["bytes"]
        script.signal(signal.SIGTERM)
        bench.equal(script.wait(), 143, title + ": status")
        got = server.result()
        bench.true(got == content[:accepted], f"{title}: {len(got)} of {accepted} bytes")


@case()
def a_child_that_goes_on_does_not_keep_it(bench):
    """A script that has opened a pipe to a program is left all the same: pclose() would wait for that."""
    script = bench.script("pipe = io.popen('exec sleep 60') kit.say('ready') rtos.receive()")
    script.wait_note("ready")
    script.signal(signal.SIGTERM)
    started = time.monotonic()
    bench.equal(script.wait(), 143, "status")
    bench.within(time.monotonic() - started, 0, 12, "seconds")


@case()
def signals_that_do_not_end_it(bench):
    """SIGUSR1, SIGUSR2 and SIGPIPE; and the script goes on where it was."""
    server = net.Server(bench, net.echo)
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        local start = kit.seconds()
        kit.say("ready")
        rtos.timer_start(1, 1500)
        kit.next()
        kit.say("waited", {{seconds = kit.seconds() - start}})
        kit.say("ready again")
        rtos.sleep(500)
        kit.say("slept", {{seconds = kit.seconds() - start}})
        kit.send(id, "still here")
        kit.say("echo", {{text = kit.read(id, 10)}})
        kit.close(id)
    """)
    for note in ("ready", "ready again"):
        script.wait_note(note)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE) * 3:
            script.signal(number)
            time.sleep(0.01)
    script.finish()
    bench.within(script.said("waited")["seconds"], 1.45, 3, "receive was not cut short")
    bench.within(script.said("slept")["seconds"] - script.said("waited")["seconds"], 0.45, 2, "sleep was not cut short")
    bench.equal(script.said("echo")["text"], "still here", "echo")


@case()
def stopped_and_continued(bench):
    """SIGSTOP, SIGCONT (Ctrl-Z, fg): no message is lost."""
    server = net.Server(bench, lambda c: c.sendall(c.recv(100)) or c.recv(100))
    script = bench.script(f"""
        local id = kit.connect(0, "127.0.0.1", {server.port})
        kit.send(id, "hello")
        kit.say("ready")
        rtos.sleep(300)
        kit.say("data", {{text = kit.read(id, 5)}})
        kit.close(id)
    """)
    script.wait_note("ready")
    script.signal(signal.SIGSTOP)
    time.sleep(0.5)
    script.signal(signal.SIGCONT)
    script.finish()
    bench.equal(script.said("data")["text"], "hello", "data")


@case()
def ctrl_c_interrupts_stock_interpreters(bench):
    """rtos.receive and rtos.sleep end with 'interrupted!', in coroutines too."""
    for flavour in ("lua5.1", "luajit"):
        for waiting in ("rtos.receive()", "rtos.receive(60000)", "rtos.sleep(60000)",
                        "coroutine.wrap(function() rtos.receive() end)()"):
            script = bench.script(f'kit.say("ready") {waiting}', flavour=flavour)
            script.wait_note("ready")
            # The interpreter's own handler stands only while it runs a script; that it does.
            time.sleep(0.05)
            script.signal(signal.SIGINT)
            started = time.monotonic()
            status = script.wait(10)
            what = f"{flavour}, {waiting}: {status}, {script.errors()}"
            bench.within(time.monotonic() - started, 0, 3, what)
            bench.true(status != 0 and "interrupted" in script.errors(), what)
            script.check_clean()


@case()
def ctrl_c_can_be_caught(bench):
    """After the pcall the script goes on, and its sockets are as they were."""
    server = net.Server(bench, net.echo)
    for flavour in ("lua5.1", "luajit"):
        script = bench.script(f"""
            local id = kit.connect(0, "127.0.0.1", {server.port})
            kit.say("ready")
            local ok, problem = pcall(rtos.receive, 60000)
            kit.say("caught", {{ok = ok, problem = tostring(problem)}})
            kit.send(id, "hello")
            kit.say("data", {{text = kit.read(id, 5)}})
            kit.close(id)
        """, flavour=flavour)
        script.wait_note("ready")
        time.sleep(0.05)
        script.signal(signal.SIGINT)
        script.finish()
        bench.true("interrupted" in script.said("caught")["problem"], str(script.said("caught")))
        bench.equal(script.said("data")["text"], "hello", "data")
