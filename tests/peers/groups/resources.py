"""No descriptors, no ports, no memory left; and very many sockets at once."""
import resource
import selectors
import threading

from harness import namespace, net
from harness.case import Skip, case
from harness.dns import A, ScriptedServer, answer, use_hosts, use_servers
from harness.script import lua

ENOMEM, ENOBUFS, ERTE, EADDRINUSE, EIF = 1, 2, 4, 8, 12


@case(tools=["prlimit"])
def no_descriptors_left(bench):
    """nil, ERR_ENOBUFS; those that are open go on; one that is closed makes room for one."""
    server = net.Server(bench, net.echo)
    for flavour in ("runner", "lua5.1"):
        script = bench.play(f"""
            local ids, code = {{}}, nil
            while true do
              local id, problem = socketcore.sock_conn(0, "127.0.0.1", {server.port})
              if not id then code = problem break end
              ids[#ids + 1] = id
            end
            kit.say("full", {{code = code, count = #ids}})
            local types = {{}}
            for kind = 0, 3 do
              local id, problem = socketcore.sock_conn(kind, "127.0.0.1", kind == 3 and 1 or {server.port})
              types[#types + 1] = id and -1 or problem
            end
            kit.say("types", {{codes = types}})
            for _, id in ipairs(ids) do
              kit.wait("CONN_CNF", id)
              kit.send(id, "ping")
              if kit.read(id, 4) ~= "ping" then error("echo") end
            end
            kit.close(ids[1])
            kit.say("again", {{id = socketcore.sock_conn(0, "127.0.0.1", {server.port})}})
            local id, problem = socketcore.sock_conn(0, "127.0.0.1", {server.port})
            kit.say("and full", {{code = problem}})
        """, flavour=flavour, under=["prlimit", "--nofile=20", "--"])
        full = script.said("full")
        bench.equal(full["code"], ENOBUFS, f"{flavour}: {full}")
        bench.within(full["count"], 10, 17, f"{flavour}: {full}")
        bench.equal(set(script.said("types")["codes"]), {ENOBUFS}, flavour)
        bench.equal({m["result"] for m in script.messages("CONN_CNF")}, {0}, flavour)
        bench.equal(script.said("and full")["code"], ENOBUFS, flavour)


@case(tools=["prlimit"], needs_namespace=True)
def no_descriptors_left_for_names(bench):
    """It shows only after resolving: MSG_SOCK_CONN_CNF says it. Nothing hangs where the resolver itself gets none."""
    use_servers("127.0.0.54")
    use_hosts("127.0.0.1 hosts.test\n")
    ScriptedServer(bench, lambda name, kind, packet, _: answer(packet, [(A, "127.0.0.1")] if kind == A else []))
    server = net.Server(bench, net.echo)
    for name in ("hosts.test", "dns.test"):
        script = bench.play(f"""
            local ids = {{}}
            while true do
              local id = socketcore.sock_conn(0, "127.0.0.1", {server.port})
              if not id then break end
              ids[#ids + 1] = id
            end
            for _, id in ipairs(ids) do kit.wait("CONN_CNF", id) end
            local id, code = socketcore.sock_conn(0, {lua(name)}, {server.port})
            kit.say("conn", {{id = id or -1, code = code or 0}})
            local message = id and kit.wait("CONN_CNF", id)
            kit.say("outcome", {{error = message and message.error or code, reason = message and message.reason or ""}})
            for i = 1, 8 do kit.close(ids[i]) end
            local id = kit.connect(0, {lua(name)}, {server.port})
            kit.send(id, "ping")
            kit.say("data", {{text = kit.read(id, 4)}})
        """, under=["prlimit", "--nofile=20", "--"])
        bench.equal(script.said("outcome")["error"], ENOBUFS, f"{name}: {script.said('outcome')}")
        bench.equal(script.said("data")["text"], "ping", name + ": afterwards")


@case(needs_namespace=True)
def no_local_ports_left(bench):
    """Four ephemeral ports: the fifth connection to one peer fails, with a code that does not blame the arguments."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        before = file.read()

    def set_range(text):
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
            file.write(text)

    server = net.Server(bench, net.receive_all, port=20_000)
    set_range("50000 50003")
    bench.defer(set_range, before)
    script = bench.play(f"""
        local ids = {{}}
        for i = 1, 6 do ids[i] = kit.open(0, "127.0.0.1", {server.port}) end
        for i = 1, 6 do kit.close(ids[i]) end
    """)
    messages = script.messages("CONN_CNF")
    bench.equal([m["result"] for m in messages], [0] * 4 + [1] * 2, "CONN_CNF")
    for message in messages[4:]:
        bench.true(message["error"] in (EADDRINUSE, ENOBUFS, EIF), str(message))


@case(needs_namespace=True)
def a_kernel_without_ipv6(bench):
    with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as file:
        file.write("1")

    def enable():
        with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as again:
            again.write("0")
        namespace.run("ip", "address", "replace", "::1/128", "dev", "lo")

    bench.defer(enable)
    use_servers("127.0.0.54")
    use_hosts("::1 both.test\n127.0.0.1 both.test\n")
    server = net.Server(bench, net.echo)
    script = bench.play(f"""
        for _, name in ipairs {{"127.0.0.1", "localhost", "both.test", "::1", "2001:db8::1"}} do
          local id = kit.open(0, name, {server.port})
          kit.close(id)
        end
    """)
    messages = script.messages("CONN_CNF")
    bench.equal([m["result"] for m in messages], [0, 0, 0, 1, 1], "CONN_CNF")
    for message in messages[3:]:
        bench.true(message["error"] in (ERTE, EIF), f"no route or no interface: {message}")


@case(tools=["prlimit"], limit=60)
def little_memory(bench):
    """An address space that is soon full: codes or a Lua error, and no crash."""
    if bench.sanitized:
        raise Skip("sanitizers want terabytes of addresses")
    silent = net.Silent(bench, receive_buffer=4096, backlog=1000)
    text = f"""
        local ids, codes = {{}}, {{}}
        local function count(code) codes[code] = (codes[code] or 0) + 1 end
        local data = ("x"):rep(1000000)
        for i = 1, 300 do
          local id, code = socketcore.sock_conn(i % 2 * 2, "127.0.0.1", {silent.port})
          if id then ids[#ids + 1] = id else count("conn " .. code) end
          local message = rtos.receive(0)
          if i % 2 == 0 and id then kit.wait("CONN_CNF", id) end
          if id then
            for n = 1, 6 do
              local ok, code = socketcore.sock_send(id, data)
              count("send " .. code)
            end
          end
        end
        kit.say("codes", codes)
        for _, id in ipairs(ids) do socketcore.sock_close(id) end
        os.exit(0)
    """
    for limit in (60, 120):
        script = bench.script(f"kit.quiet = true {text}", flavour="lua5.1", under=["prlimit", f"--as={limit << 20}", "--"])
        status = script.wait()
        bench.true(status in (0, 1), f"{limit} MiB: ended with {status}")
        if status == 1:
            bench.true("not enough memory" in script.errors() or "out of memory" in script.errors(), script.errors())


class EchoServer:
    """One thread for thousands of connections."""

    def __init__(self, bench):
        self.listening = net.listener(backlog=4096)
        self.port = self.listening.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.listening.setblocking(False)
        self.selector.register(self.listening, selectors.EVENT_READ)
        self.running = True
        self.most = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        bench.own(self)

    def run(self):
        count = 0
        while self.running:
            for key, _ in self.selector.select(0.2):
                if key.fileobj is self.listening:
                    try:
                        while True:
                            connection, _ = self.listening.accept()
                            connection.setblocking(False)
                            self.selector.register(connection, selectors.EVENT_READ)
                            count += 1
                            self.most = max(self.most, count)
                    except BlockingIOError:
                        continue
                try:
                    data = key.fileobj.recv(4096)
                    if data:
                        key.fileobj.send(data)
                        continue
                except OSError:
                    pass
                self.selector.unregister(key.fileobj)
                key.fileobj.close()
                count -= 1

    def close(self):
        self.running = False
        self.thread.join(3)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


@case(limit=90)
def three_thousand_connections_at_once(bench):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3000 if hard >= 8000 else max(100, hard // 3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8000)), hard))
    server = EchoServer(bench)
    script = bench.play(f"""
        kit.quiet = true
        io.stdout:setvbuf("full")
        local print_line = io.stdout
        io.stdout = {{write = function() end, flush = function() end}}
        local open, confirmed, answered, closed = {{}}, 0, 0, 0
        for i = 1, {wanted} do
          local id = socketcore.sock_conn(0, "127.0.0.1", {server.port})
          open[id] = ""
          while i - confirmed > 500 do
            if kit.next().kind == "CONN_CNF" then confirmed = confirmed + 1 end
          end
        end
        while confirmed < {wanted} do
          local message = kit.next()
          if message.result ~= 0 then error(message.reason) end
          confirmed = confirmed + 1
        end
        for id in pairs(open) do socketcore.sock_send(id, ("%08d"):format(id)) end
        while answered < {wanted} do
          local message = kit.next()
          if message.kind == "RECV_IND" then
            local id = message.socket_index
            open[id] = open[id] .. socketcore.sock_recv(id, 100)
            if open[id] == ("%08d"):format(id) then answered = answered + 1 end
          end
        end
        for id in pairs(open) do socketcore.sock_close(id) end
        while closed < {wanted} do
          if kit.next().kind == "CLOSE_CNF" then closed = closed + 1 end
        end
        io.stdout = print_line
        kit.say("done", {{confirmed = confirmed, answered = answered, closed = closed}})
    """)
    done = script.said("done")
    bench.equal((done["confirmed"], done["answered"], done["closed"]), (wanted,) * 3, str(done))
    bench.equal(server.most, wanted, "at the same time")
