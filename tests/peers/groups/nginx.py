"""nginx: HTTP over TCP and TLS."""
import os

from harness import net, pki
from harness.case import case
from harness.script import lua
from harness.tls import cert, ssl_open

CONFIG = """
daemon off;
master_process off;
{user}
pid {tmp}/nginx.pid;
error_log {tmp}/error.log info;
events {{ worker_connections 2000; }}
http {{
  access_log {tmp}/access.log;
  client_body_temp_path {tmp}/body; proxy_temp_path {tmp}/t1; fastcgi_temp_path {tmp}/t2;
  uwsgi_temp_path {tmp}/t3; scgi_temp_path {tmp}/t4;
  client_max_body_size 100m;
  keepalive_requests 1000;
  types {{ text/plain txt; }}
  server {{
    listen 127.0.0.1:{http} backlog=2048;
    listen [::1]:{http};
    listen 127.0.0.1:{https} ssl;
    listen 127.0.0.1:{mutual} ssl;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    ssl_client_certificate {ca};
    ssl_verify_client optional;
    root {tmp}/www;
    location /nothing {{ return 444; }}
    location /slow/ {{ alias {tmp}/www/; limit_rate 100k; }}
    location /who {{ return 200 "$ssl_client_s_dn"; }}
    location /short {{ alias {tmp}/www/; keepalive_timeout 0; }}
    location /put {{ client_body_in_file_only on; proxy_pass http://127.0.0.1:{http}/sink; }}
    location /sink {{ return 200 "taken"; }}
  }}
}}
"""


class Nginx:
    def __init__(self, bench):
        keys = pki.of(bench)
        leaf = keys.leaf("nginx", ["IP:127.0.0.1", "DNS:localhost"], kind="rsa")
        self.http, self.https, self.mutual = net.free_port(), net.free_port(), net.free_port()
        (bench.tmp / "www").mkdir()
        (bench.tmp / "body").mkdir()
        bench.tmp.chmod(0o777)
        (bench.tmp / "www" / "hello.txt").write_text("hello from nginx\n")
        config = bench.file("nginx.conf", CONFIG.format(
            user="user root root;" if os.geteuid() == 0 else "", tmp=bench.tmp, http=self.http, https=self.https, mutual=self.mutual, cert=leaf.cert, key=leaf.key,
            ca=keys.ca().cert))
        self.process = bench.start(["nginx", "-c", config, "-e", bench.tmp / "error.log", "-p", bench.tmp])
        net.wait_listening(bench, self.http, self.process)
        net.wait_listening(bench, self.https, self.process)


@case(tools=["nginx"])
def get(bench):
    nginx = Nginx(bench)
    for flavour in ("runner", "lua5.1", "luajit"):
        for address in ("127.0.0.1", "::1", "localhost"):
            script = bench.play(f"""
                local id = kit.connect(0, "{address}", "{nginx.http}")
                kit.send(id, "GET /hello.txt HTTP/1.0\\r\\n\\r\\n")
                local data, ending = kit.read_all(id)
                kit.say("answer", {{text = data:match("\\r\\n\\r\\n(.*)$"), status = data:match("^[^\\r]+")}})
                kit.close(id)
            """, flavour=flavour)
            answer = script.said("answer")
            bench.equal((answer["status"], answer["text"]), ("HTTP/1.1 200 OK", "hello from nginx\n"), f"{flavour} {address}")
            bench.equal(script.message("CLOSE_IND")["error"], 0, "the end of HTTP/1.0 is orderly")


@case(tools=["nginx"])
def keep_alive(bench):
    """Two hundred requests on one connection, and twenty that were sent at once."""
    nginx = Nginx(bench)
    script = bench.play(f"""
        local http = require "http"
        kit.quiet = true
        local id = kit.connect(0, "127.0.0.1", {nginx.http})
        for i = 1, 200 do
          http.request(kit, id, "GET", "/hello.txt")
          local status, headers, body = http.answer(kit, id)
          if status ~= 200 or body ~= "hello from nginx\\n" then error("answer " .. i .. ": " .. body) end
        end
        kit.upload(id, ("GET /hello.txt HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"):rep(20))
        local rest
        for i = 1, 20 do
          local status, headers, body, more = http.answer(kit, id, rest)
          if status ~= 200 or body ~= "hello from nginx\\n" then error("answer " .. i .. ": " .. body) end
          rest = more
        end
        kit.say("rest", {{text = rest}})
        kit.close(id)
    """)
    bench.equal(script.said("rest")["text"], "", "what is left")


DOWNLOAD = """
kit.quiet = true
local id = {open}
kit.send(id, "GET /big.bin HTTP/1.0\\r\\n\\r\\n")
local parts, head = {{}}, nil
local sink = io.open({got}, "wb")
local held = ""
local out = {{write = function(_, data)
  if head then sink:write(data) return end
  held = held .. data
  local at = held:find("\\r\\n\\r\\n", 1, true)
  if at then head = held:sub(1, at) sink:write(held:sub(at + 4)) end
end}}
local total, ending = kit.read_all(id, out)
sink:close()
kit.close(id)
"""


@case(tools=["nginx"], limit=60)
def twenty_mebibytes(bench):
    nginx = Nginx(bench)
    content = net.pattern(20 << 20)
    (bench.tmp / "www" / "big.bin").write_bytes(content)
    keys = pki.of(bench)
    got = bench.tmp / "got"
    opens = {
        "TCP": f"kit.connect(0, '127.0.0.1', {nginx.http})",
        "TCP, IPv6": f"kit.connect(0, '::1', {nginx.http})",
        "TCP, small buffer": f"kit.connect(0, '127.0.0.1', {nginx.http}, nil, 8192)",
        "TLS": ssl_open("127.0.0.1", nginx.https, cert(keys.ca()), 0, call="connect"),
    }
    for title, opening in opens.items():
        script = bench.play(DOWNLOAD.format(open=opening, got=lua(got)))
        bench.equal(net.file_digest(got), net.digest(content), title)
        bench.equal(script.message("CLOSE_IND")["error"], 0, title + ": the end")
        got.unlink()


@case(tools=["nginx"], limit=60)
def upload(bench):
    """nginx stores the body in a file; an air724u has 11200 bytes of buffer for it."""
    nginx = Nginx(bench)
    content = net.pattern(3_000_000)
    path = bench.file("up.bin", content)
    keys = pki.of(bench)
    opens = {
        "TCP": (f"kit.connect(0, '127.0.0.1', {nginx.http})", []),
        "TLS": (ssl_open("127.0.0.1", nginx.https, cert(keys.ca()), 0, call="connect"), []),
        "TCP, air724u": (f"kit.connect(0, '127.0.0.1', {nginx.http})", ["--profile", "air724u"]),
        "TLS, air724u": (ssl_open("127.0.0.1", nginx.https, cert(keys.ca()), 0, call="connect"), ["--profile", "air724u"]),
    }
    for title, (opening, options) in opens.items():
        script = bench.play(f"""
            local http = require "http"
            kit.quiet = true
            local id = {opening}
            http.request(kit, id, "PUT", "/put", {{}}, kit.file({lua(path)}))
            local status, headers, body = http.answer(kit, id)
            kit.say("answer", {{status = status, body = body}})
            kit.close(id)
        """, options=options)
        bench.equal(script.said("answer")["status"], 200, title)
        files = list((bench.tmp / "body").iterdir())
        bench.equal([net.file_digest(file) for file in files], [net.digest(content)], title)
        for file in files:
            file.unlink()


@case(tools=["nginx"], limit=60)
def many_parallel_connections(bench):
    """Two hundred at once over TCP, fifty over TLS; each gets its own file."""
    nginx = Nginx(bench)
    for i in range(200):
        (bench.tmp / "www" / f"{i}.txt").write_text(f"I am file {i}\n" * (i + 1))
    for kind, port, count in ((0, nginx.http, 200), (2, nginx.https, 50)):
        script = bench.play(f"""
            kit.quiet = true
            io.stdout:setvbuf("full")
            local conns, open = {{}}, 0
            for i = 0, {count - 1} do
              local id = socketcore.sock_conn({kind}, "127.0.0.1", {port})
              conns[id] = {{n = i, data = {{}}}}
              open = open + 1
            end
            local good = 0
            while open > 0 do
              local message = kit.next()
              local id = message.socket_index
              local conn = conns[id]
              if message.kind == "CONN_CNF" then
                if message.result ~= 0 then error(message.reason) end
                socketcore.sock_send(id, "GET /" .. conn.n .. ".txt HTTP/1.0\\r\\n\\r\\n")
              elseif message.kind == "RECV_IND" then
                conn.data[#conn.data + 1] = socketcore.sock_recv(id, message.recv_len)
              elseif message.kind == "CLOSE_IND" then
                local body = table.concat(conn.data):match("\\r\\n\\r\\n(.*)$")
                if body == ("I am file " .. conn.n .. "\\n"):rep(conn.n + 1) then good = good + 1 end
                socketcore.sock_close(id)
              elseif message.kind == "CLOSE_CNF" then
                socketcore.sock_destroy(id)
                open = open - 1
              end
            end
            kit.say("good", {{count = good}})
        """)
        bench.equal(script.said("good")["count"], count, f"type {kind}")
        bench.equal({m["error"] for m in script.messages("CLOSE_IND")}, {0}, "ends")


@case(tools=["nginx"])
def slow_server_and_close_in_the_middle(bench):
    """100 KB/s: closed after the first bytes; the rest is discarded, and nothing is said about it."""
    nginx = Nginx(bench)
    (bench.tmp / "www" / "big.bin").write_bytes(net.pattern(1 << 20))
    script = bench.play(f"""
        for _, kind in ipairs {{0, 2}} do
          local id = kit.connect(kind, "127.0.0.1", kind == 0 and {nginx.http} or {nginx.https})
          kit.send(id, "GET /slow/big.bin HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
          kit.read(id, 1000)
          local start = kit.seconds()
          kit.close(id)
          kit.say("closed", {{seconds = kit.seconds() - start}})
          kit.watch(100)
        end
    """)
    for note in script.notes("closed"):
        bench.within(note["seconds"], 0, 1, "seconds to close")
    bench.equal([m["result"] for m in script.messages("CLOSE_CNF")], [0, 0], "CLOSE_CNF")
    for socket in (0, 1):
        bench.equal(script.messages(socket=socket)[-1]["message"], "CLOSE_CNF", "the last message")


@case(tools=["nginx"])
def server_that_closes_without_a_word(bench):
    nginx = Nginx(bench)
    script = bench.play(f"""
        for _, kind in ipairs {{0, 2}} do
          local id = kit.connect(kind, "127.0.0.1", kind == 0 and {nginx.http} or {nginx.https})
          kit.send(id, "GET /nothing HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
          local data = kit.read_all(id)
          kit.say("data", {{bytes = #data}})
          kit.close(id)
        end
    """)
    bench.equal([n["bytes"] for n in script.notes("data")], [0, 0], "data")
    tcp = script.messages("CLOSE_IND")[0]
    bench.equal(tcp["error"], 0, "CLOSE_IND over TCP")


@case(tools=["nginx"])
def http_to_the_https_port_and_the_reverse(bench):
    nginx = Nginx(bench)
    script = bench.play(f"""
        local id = kit.connect(0, "127.0.0.1", {nginx.https})
        kit.send(id, "GET / HTTP/1.0\\r\\n\\r\\n")
        kit.say("answer", {{text = kit.read_all(id):match("^[^\\r]+")}})
        kit.close(id)
        kit.open(2, "127.0.0.1", {nginx.http})
    """)
    bench.true("400" in script.said("answer")["text"], "plain HTTP to the TLS port")
    message = [m for m in script.messages("CONN_CNF") if m["result"] == 1]
    bench.equal([m["error"] for m in message], [18], "TLS to the HTTP port")


@case(tools=["nginx"])
def client_certificate(bench):
    nginx = Nginx(bench)
    keys = pki.of(bench)
    client, stranger = keys.leaf("device", client=True), keys.leaf("stranger", by="other-ca", client=True)
    refused = "<h1>400 Bad Request</h1>"  # nginx says it by HTTP, not by an alert
    for table, answer in ((cert(keys.ca(), client), "CN=device"), (cert(keys.ca()), ""), (cert(keys.ca(), stranger), refused)):
        script = bench.play(f"""
            local http = require "http"
            local id = {ssl_open('127.0.0.1', nginx.mutual, table, 0, call='connect')}
            http.request(kit, id, "GET", "/who")
            local status, headers, body = http.answer(kit, id)
            kit.say("who", {{text = body}})
            kit.close(id)
        """)
        text = script.said("who")["text"]
        bench.true(answer in text if answer == refused else text == answer, f"what nginx saw: {text}")
