"""The library's HTTP client against nginx and against a server that misbehaves."""
import hashlib

from groups.nginx import Nginx
from harness import net, pki
from harness.case import case
from harness.hostile_http import BIG, HostileHttp
from harness.project import Project, play
from harness.script import lua

# `get(name, method, url, options)` notes the outcome as name, result, prompt, body and keeps the head as `head`.
GET = r"""
function get(name, method, url, o)
  o = o or {}
  local started = os.clockms()
  http.request(method, url, o.cert, o.head, o.body, o.timeout or 8000, function(result, prompt, fields, body)
    head, content = fields, body
    note(name, result, prompt, (body or ""):sub(1, 400), math.floor(os.clockms() - started), #(body or ""))
    sys.publish("ANSWERED")
  end, o.file)
  sys.waitUntil("ANSWERED")
end
"""


def settings(**more):
    return {"requires": ["http"], "before": GET, **more}


@case(limit=60)
def answers(bench):
    """Every way to say how long a body is, heads in both cases, methods, bodies of the request."""
    server = HostileHttp(bench)
    url = server.url
    project = play(bench, f"""
      get("hello", "GET", "{url}/hello")
      note("fields", head["X-Twice"], head["x-TWICE"], head["Content-Length"], head.nothing)
      get("head", "HEAD", "{url}/hello")
      for _, name in ipairs {{ "big", "chunked", "until-end" }} do
        get(name, "GET", "{url}/" .. name)
        note("digest", crypto.sha256(content, #content))
      end
      get("continue", "GET", "{url}/continue")
      get("none", "GET", "{url}/no-content")
      get("drip", "GET", "{url}/drip")
      get("missing", "GET", "{url}/missing")
      get("post", "POST", "{url}/echo", {{ head = {{ ["X-Mine"] = "yes", Host = "other" }}, body = "the body" }})
      get("empty", "POST", "{url}/echo")
      get("auth", "GET", "http://user:pass@127.0.0.1:{server.port}/echo")
      get("no scheme", "GET", "127.0.0.1:{server.port}/echo?a=b c#part")
      get("refused", "POST", "{url}/refuse", {{ body = ("x"):rep(3000000) }})
    """, **settings())
    bench.equal(project.said("hello")[:3], ["true", "200", "hello"], "hello")
    bench.equal(project.said("fields"), ["1, 2", "1, 2", "5", "nil"], "fields")
    bench.equal(project.said("head")[:3], ["true", "200", ""], "head")
    bench.equal([one[0] for one in project.notes("digest")], [hashlib.sha256(BIG).hexdigest().upper()] * 3, "bodies")
    bench.equal(project.said("continue")[:3], ["true", "200", "went on"], "continue")
    bench.equal(project.said("none")[:3], ["true", "204", ""], "none")
    bench.within(int(project.said("none")[3]), 0, 400, "a body that is none is not waited for")
    bench.equal(project.said("drip")[:3], ["true", "200", "hello"], "drip")
    bench.equal(project.said("missing")[:3], ["true", "404", ""], "missing")
    text = project.said("post")[2]
    for line in ("POST /echo HTTP/1.1\r\n", "X-Mine: yes\r\n", "Host: other\r\n", "Content-Length: 8", "\nthe body"):
        bench.true(line in text, f"{line!r} in {text!r}")
    bench.equal(text.count("Host:"), 1, "one Host")
    bench.true("Content-Length: 0" in project.said("empty")[2], "the length of an empty POST")
    bench.true("Authorization: Basic dXNlcjpwYXNz" in project.said("auth")[2], "authorization")
    bench.true("GET /echo?a=b%20c HTTP" in project.said("no scheme")[2], "path and query")
    bench.equal(project.said("refused")[:3], ["true", "413", "no!"], "refused before the body was there")


@case(limit=60)
def redirections(bench):
    server = HostileHttp(bench)
    project = play(bench, f"""
      local url = "{server.url}"
      get("relative", "GET", url .. "/a/b/relative")
      get("absolute", "GET", url .. "/absolute")
      get("303", "POST", url .. "/see-other", {{ body = "gone" }})
      get("307", "POST", url .. "/temporary", {{ body = "kept" }})
      get("elsewhere", "GET", url .. "/elsewhere", {{ head = {{ Authorization = "secret" }} }})
      get("loop", "GET", url .. "/loop")
      get("nowhere", "GET", url .. "/nowhere")
    """, **settings())
    bench.equal(project.said("relative")[:3], ["true", "200", "hello"], "relative")
    bench.true("GET /hello?x=1 HTTP" in server.requests[1], server.requests[1])
    bench.equal(project.said("absolute")[:3], ["true", "200", "hello"], "absolute")
    see_other = project.said("303")[2]
    bench.true(see_other.startswith("GET /echo") and "gone" not in see_other, "303 turns to GET")
    bench.true(project.said("307")[2].startswith("POST /echo") and "kept" in project.said("307")[2], "307 repeats all")
    bench.true("secret" not in project.said("elsewhere")[2], "a secret is not told to another host")
    bench.equal(project.said("loop")[:2], ["false", "too many redirects"], "loop")
    bench.equal(project.said("nowhere")[:2], ["false", "redirect: url: scheme gopher"], "nowhere")


@case(limit=90)
def misbehaviour(bench):
    """Nothing that a server does keeps the callback away longer than the timeout says, or fills the memory."""
    server = HostileHttp(bench)
    wanted = {
        "silent": "timeout",
        "slow-body": "timeout",
        "endless-head": "bad answer: too long a head",
        "endless-line": "bad answer: too long a head",
        "endless-body": "body too large for the memory",
        "endless-chunk": "bad answer: too long a head",
        "endless-trailers": "bad answer: too many trailers",
        "chunk-of-words": "bad answer: size of a chunk",
        "chunk-too-large": "bad answer: size of a chunk",
        "two-lengths": "bad answer: length",
        "length-of-words": "bad answer: length",
        "huge": "body too large for the memory",
        "truncated": "closed: the body is not complete",
        "truncated-head": "closed",
        "garbage": None,
        "reset": "closed",
    }
    calls = "\n".join(f'get("{name}", "GET", "{server.url}/{name}", {{ timeout = 700 }})' for name in wanted)
    project = play(bench, calls + """
      collectgarbage() collectgarbage()
      note("memory", math.floor(collectgarbage("count")))
      get("port", "GET", "http://127.0.0.1:1/")
      get("url", "GET", "http:///x")
      get("injection", "GET", "http://127.0.0.1/", { head = { A = "b\\r\\nC: d" } })
      get("no file", "POST", "http://127.0.0.1/", { body = { { file = "/nothing" } } })
      note("raised", pcall(http.request, "BREW", "http://127.0.0.1/"))
    """, **settings())
    for name, prompt in wanted.items():
        said = project.said(name)
        bench.equal(said[0], "false", name)
        if prompt:
            bench.equal(said[1], prompt, name)
        bench.within(int(said[3]), 0, 1500 * bench.patience, f"{name}: milliseconds")
    bench.within(int(project.said("memory")[0]), 0, 12000, "KiB in use afterwards")
    bench.equal(project.said("port")[:2], ["false", "connect fail"], "port")
    bench.equal(project.said("url")[:2], ["false", "url: host"], "url")
    bench.equal(project.said("injection")[:2], ["false", "head: A"], "injection")
    bench.equal(project.said("no file")[0], "false", "no file")
    bench.equal(project.said("raised")[0], "false", "an unknown method")


@case(limit=60)
def files(bench):
    """A body from files, an answer into a file, and what stays of a file when a download breaks off."""
    server = HostileHttp(bench)
    part = net.pattern(400_000, seed=3)
    project = Project(bench, f"""
      local url = "{server.url}"
      get("up", "POST", url .. "/digest", {{ body = {{ "begin", {{ file = "/lua/part.bin" }}, "end" }} }})
      get("down", "GET", url .. "/chunked", {{ file = "got.bin" }})
      get("broken", "GET", url .. "/truncated", {{ file = "/got.bin" }})
      get("folder", "GET", url .. "/hello", {{ file = "/no/such/folder/x" }})
      local pieces, total = {{}}, nil
      get("pieces", "GET", url .. "/big", {{ file = function(data, length, status)
        pieces[#pieces + 1], total = data, length .. " " .. status
      end }})
      pieces = table.concat(pieces)
      note("function", total, crypto.sha256(pieces, #pieces))
    """, **settings(files={"part.bin": part}))
    project.finish()
    bench.equal(project.said("up")[2], net.digest(b"begin" + part + b"end"), "a body of parts")
    bench.equal(project.said("down")[:3], ["true", "200", "/got.bin"], "a file")
    bench.equal(project.said("broken")[0], "false", "a download that breaks off")
    bench.equal(project.said("folder")[0], "false", "a folder that is not there")
    bench.equal(project.said("function"), [f"{len(BIG)} 200", net.digest(BIG).upper()], "a function")
    bench.equal(net.file_digest(next(project.data.rglob("got.bin"))), net.digest(BIG), "the earlier download's file")
    bench.equal(list(project.data.rglob("*.part")), [], "what is left of broken downloads")


@case(tools=["nginx"], limit=60)
def https(bench):
    """nginx, with and without verification, and with a client certificate."""
    nginx = Nginx(bench)
    keys = pki.of(bench)
    (bench.tmp / "www" / "big.bin").write_bytes(BIG)
    client = keys.leaf("http-client", client=True)
    files = {"ca.crt": keys.ca().text, "other.crt": keys.ca("other").text, "client.crt": client.text,
             "client.key": client.key_text}
    project = play(bench, f"""
      local url = "https://127.0.0.1:{nginx.https}"
      get("plain", "GET", "http://127.0.0.1:{nginx.http}/hello.txt")
      get("unverified", "GET", url .. "/hello.txt")
      get("verified", "GET", url .. "/big.bin", {{ cert = {{ caCert = "ca.crt", insist = 0 }}, file = "big.bin" }})
      get("wrong", "GET", url .. "/hello.txt", {{ cert = {{ caCert = "other.crt", insist = 0 }} }})
      get("mutual", "GET", "https://127.0.0.1:{nginx.mutual}/who",
        {{ cert = {{ caCert = "ca.crt", clientCert = "client.crt", clientKey = "client.key" }} }})
      get("no file", "GET", url .. "/hello.txt", {{ cert = {{ caCert = "nothing.crt" }} }})
      get("keep", "GET", "http://127.0.0.1:{nginx.http}/hello.txt", {{ head = {{ Connection = "keep-alive" }} }})
    """, **settings(files=files))
    bench.equal(project.said("plain")[:3], ["true", "200", "hello from nginx\n"], "plain")
    bench.equal(project.said("unverified")[:3], ["true", "200", "hello from nginx\n"], "unverified")
    bench.equal(project.said("verified")[:3], ["true", "200", "/big.bin"], "verified")
    bench.equal(net.file_digest(next(project.data.rglob("big.bin"))), net.digest(BIG), "the file")
    bench.equal(project.said("wrong")[:2], ["false", "connect fail"], "wrong")
    bench.equal(project.said("mutual")[2], "CN=http-client", "mutual")
    bench.equal(project.said("no file")[:2], ["false", "connect fail"], "no file")
    bench.equal(project.said("keep")[:3], ["true", "200", "hello from nginx\n"], "keep-alive")


@case(limit=60)
def update(bench):
    """A newer project: fetched whole, told piece by piece how far it is, handed to the core; and what hinders it."""
    server = HostileHttp(bench)
    project = play(bench, f"""
      local calls = {{}}
      function rtos.fota_start() calls = {{ "start" }} return 0 end
      function rtos.fota_process(data, total)
        calls[#calls + 1] = data
        note("total", total)
        return refuse or 0
      end
      function rtos.fota_end() calls[#calls + 1] = "end" return 0 end
      local steps = {{}}
      update.setDownloadProcessCbFnc(function(step) steps[#steps + 1] = step end)
      local function run(name, path)
        update.request(function(result) sys.publish("UPDATED", result) end, "{server.url}" .. path)
        local _, result = sys.waitUntil("UPDATED", 20000)
        note(name, result)
      end
      run("good", "/hello")
      note("calls", unpack(calls))
      note("steps", steps[#steps])
      calls = {{}}
      run("truncated", "/truncated")
      run("none", "/missing")
      run("message", "/refuse")
      note("text", update.getUpdateMsg())
      note("untouched", #calls)
      refuse = 1
      run("refused", "/hello")
      update.request(function(result) sys.publish("UPDATED", result) end, "###{server.url}/hello?mine=1")
      sys.waitUntil("UPDATED", 20000)
      note("left", io.exists("/update.bin"))
    """, requires=["update"], before='PRODUCT_KEY = "a key"')
    bench.equal(project.said("good"), ["true"], "good")
    bench.equal(project.said("calls"), ["start", "hello", "end"], "the core's calls")
    bench.equal(project.notes("total")[0], ["5"], "total")
    bench.equal(project.said("steps"), ["100"], "steps")
    bench.equal([project.said(name)[0] for name in ("truncated", "none", "message", "refused")], ["false"] * 4, "failures")
    bench.equal(project.said("text"), ["no!"], "what a server without an update says")
    bench.equal(project.said("untouched"), ["0"], "the core hears nothing of them")
    bench.equal(project.said("left"), ["false"], "the file is gone")
    first = server.requests[0]
    bench.true("/hello?project_key=a%20key&imei=" in first and "&version=1.0.0" in first, first)
    bench.true("GET /hello?mine=1 HTTP" in server.requests[-1], server.requests[-1])
