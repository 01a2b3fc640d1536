"""The library's FTP client against vsftpd and against servers that misbehave."""

from harness import net, pki
from harness.case import case
from harness.project import play

BIG = net.pattern(1_500_000, seed=11)


class Vsftpd:
    """Anonymous users may do everything in the folder `work`."""

    def __init__(self, bench, tls=None, ipv6=False):
        self.port = net.free_port()
        self.root = bench.tmp / f"ftp{self.port}"
        self.work = self.root / "work"
        self.work.mkdir(parents=True)
        bench.tmp.chmod(0o755)
        self.root.chmod(0o555)
        self.work.chmod(0o777)
        empty = bench.tmp / f"empty{self.port}"
        empty.mkdir()
        security = f"""
ssl_enable=YES
implicit_ssl=YES
allow_anon_ssl=YES
force_anon_data_ssl=YES
force_anon_logins_ssl=YES
require_ssl_reuse=NO
ssl_tlsv1=YES
rsa_cert_file={tls.cert}
rsa_private_key_file={tls.key}
""" if tls else ""
        listen = "listen=NO\nlisten_ipv6=YES\nlisten_address6=::1" if ipv6 else "listen=YES\nlisten_address=127.0.0.1"
        config = bench.file(f"vsftpd{self.port}.conf", f"""
background=NO
{listen}
listen_port={self.port}
anonymous_enable=YES
no_anon_password=NO
local_enable=NO
write_enable=YES
anon_root={self.root}
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_umask=022
anon_world_readable_only=NO
secure_chroot_dir={empty}
seccomp_sandbox=NO
xferlog_enable=NO
log_ftp_protocol=NO
pasv_enable=YES
isolate=NO
isolate_network=NO
{security}""".lstrip())
        self.process = bench.start(["vsftpd", config])
        net.wait_listening(bench, self.port, self.process)


SESSION = """
  local function say(name, code, text) note(name, code, text) return code end
  say("login", ftp.login("PASV", "{host}", {port}, "anonymous", "me@example.com", 10000, {ssl}, {cert}))
  say("pwd", ftp.pwd())
  say("cwd", ftp.cwd("/work"))
  say("upload", ftp.upload("up.bin", "/lua/big.bin", 10000))
  say("empty", ftp.upload("empty", "/lua/empty"))
  say("mkd", ftp.mkd("folder"))
  say("list", ftp.list())
  say("list one", ftp.list("/work/folder"))
  say("download", ftp.download("up.bin", "/down.bin"))
  say("download empty", ftp.download("empty", "/empty"))
  say("missing", ftp.download("nothing", "/nothing"))
  say("kept", ftp.download("nothing", "/down.bin"))
  say("refused", ftp.upload("/not/there", "/lua/empty"))
  say("no file", ftp.upload("x", "/lua/nothing"))
  say("delete", ftp.deletefile("empty"))
  say("delete folder", ftp.deletefolder("folder"))
  say("cdup", ftp.cdup())
  say("type", ftp.checktype("A"))
  say("type", ftp.checktype("I"))
  say("syst", ftp.command("SYST"))
  say("injection", ftp.cwd("a\\r\\nDELE up.bin"))
  say("close", ftp.close())
  say("after", ftp.pwd())
  note("memory", io.exists("/nothing"), io.exists("/down.bin.part"))
"""


def check_session(bench, server, project):
    wanted = {"login": "230", "pwd": "257", "cwd": "250", "upload": "226", "empty": "226", "mkd": "257", "list": "226",
              "list one": "226", "download": "226", "download empty": "226", "missing": "550", "kept": "550",
              "refused": "553", "no file": "450", "delete": "250", "delete folder": "250", "cdup": "250", "syst": "215",
              "injection": "501", "close": "221", "after": "502"}
    for name, code in wanted.items():
        bench.equal(project.said(name)[0], code, f"{name}: {project.said(name)}")
    bench.equal([one[0] for one in project.notes("type")], ["200"] * 2, "type")
    bench.true(project.said("pwd")[1].startswith('"/"'), project.said("pwd"))
    lines = project.said("list")[1].splitlines()
    bench.equal(sorted(line.split()[-1] for line in lines), ["empty", "folder", "up.bin"], "the list")
    bench.equal(project.said("list one")[1], "", "the list of an empty folder")
    bench.equal(project.said("memory"), ["false", "false"], "what a failed download leaves")
    bench.equal((server.work / "up.bin").read_bytes() == BIG, True, "what was sent")
    bench.equal(net.file_digest(next(project.data.rglob("down.bin"))), net.digest(BIG), "what was fetched")
    bench.equal(sorted(path.name for path in server.work.iterdir()), ["up.bin"], "the server's folder at the end")


@case(tools=["vsftpd"], root=True, needs_namespace=True, limit=60)
def session(bench):
    server = Vsftpd(bench)
    project = play(bench, SESSION.format(host="127.0.0.1", port=server.port, ssl="nil", cert="nil"), requires=["ftp"],
                   files={"big.bin": BIG, "empty": b""})
    check_session(bench, server, project)


@case(tools=["vsftpd"], root=True, needs_namespace=True, limit=60)
def session_over_ipv6(bench):
    server = Vsftpd(bench, ipv6=True)
    project = play(bench, SESSION.format(host="::1", port=server.port, ssl="nil", cert="nil"), requires=["ftp"],
                   files={"big.bin": BIG, "empty": b""})
    check_session(bench, server, project)


@case(tools=["vsftpd"], root=True, needs_namespace=True, limit=60)
def session_over_tls(bench):
    keys = pki.of(bench)
    server = Vsftpd(bench, keys.leaf("ftp", ["IP:127.0.0.1"], kind="rsa"))
    project = play(bench, SESSION.format(host="127.0.0.1", port=server.port, ssl="true",
                                         cert='{ caCert = "ca.crt", insist = 0 }'), requires=["ftp"],
                   files={"big.bin": BIG, "empty": b"", "ca.crt": keys.ca().text})
    check_session(bench, server, project)


class Bad:
    """A server that is polite until a client asks for what `manners` has: a word -> an answer, or a function."""

    def __init__(self, bench, manners):
        self.manners = {b"USER": b"331 and?\r\n", b"PASS": b"230-first\r\n 230 not the end\r\n230 in\r\n",
                        b"TYPE": b"200 ok\r\n", b"QUIT": b"221 bye\r\n", b"EPSV": b"500 what?\r\n", **manners}
        self.server = net.Server(bench, self.serve)
        self.port = self.server.port

    def serve(self, connection):
        self.say(connection, self.manners.get(b"hello", b"220-welcome\r\n220 to it\r\n"))
        data = b""
        while piece := connection.recv(1000):
            data += piece
            while b"\r\n" in data:
                line, data = data.split(b"\r\n", 1)
                self.say(connection, self.manners.get(line.split()[0], b"502 no\r\n"))

    def say(self, connection, answer):
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)


def endless(piece):
    def answer(connection):
        while True:
            connection.sendall(piece)
    return answer


@case(limit=90)
def misbehaviour(bench):
    silent = net.Silent(bench)
    sink = net.Silent(bench)

    def passive(port):
        return b"227 Entering Passive Mode (10,1,2,3,%d,%d)\r\n" % (port // 256, port % 256)

    def flood(connection):
        while True:
            connection.sendall(b"x" * 65536)

    flooding = net.Server(bench, flood)
    short = net.Server(bench, lambda c: c.sendall(b"only this"))
    logins = {
        "silent": (silent.port, "503"),
        "port": (1, "502"),
        "garbage": (Bad(bench, {b"hello": net.pattern(1000) + b"\r\n"}).port, "500"),
        "endless line": (Bad(bench, {b"hello": endless(b"2" * 1000)}).port, "500"),
        "endless reply": (Bad(bench, {b"hello": endless(b"220-on and on and on\r\n")}).port, "500"),
        "busy": (Bad(bench, {b"hello": b"421 too many\r\n"}).port, "421"),
        "wrong password": (Bad(bench, {b"PASS": b"530 no\r\n"}).port, "530"),
        "hangs up": (Bad(bench, {b"USER": lambda c: c.shutdown(2)}).port, "426"),
        "short reply": (Bad(bench, {b"USER": b"33\r\n"}).port, "500"),
    }
    begun = b"150 here it comes\r\n"
    lists = {
        "no passive": (Bad(bench, {}).port, "502"),
        "passive garbage": (Bad(bench, {b"PASV": b"227 somewhere\r\n"}).port, "227"),
        "passive port 0": (Bad(bench, {b"PASV": passive(0)}).port, "227"),
        "no data connection": (Bad(bench, {b"PASV": passive(1), b"LIST": begun + b"425 none\r\n"}).port, "425"),
        "no data": (Bad(bench, {b"PASV": passive(sink.port), b"LIST": begun + b"426 gave up\r\n"}).port, "503"),
        "no reply": (Bad(bench, {b"PASV": passive(sink.port), b"LIST": b""}).port, "503"),
        "endless data": (Bad(bench, {b"PASV": passive(flooding.port), b"LIST": begun + b"426 gone\r\n"}).port, "450"),
        "broken off": (Bad(bench, {b"PASV": passive(short.port), b"RETR": begun + b"451 disk\r\n",
                                   b"LIST": begun + b"451 disk\r\n"}).port, "451"),
        "good": (Bad(bench, {b"PASV": passive(short.port), b"LIST": begun + b"226 done\r\n"}).port, "226"),
    }
    lines = [f'login("{name}", {port})' for name, (port, _) in logins.items()]
    lines += [f'list("{name}", {port})' for name, (port, _) in lists.items()]
    project = play(bench, """
      local function timed(name, code, text, started)
        note(name, code, text, math.floor(os.clockms() - started))
      end
      local function login(name, port)
        local started = os.clockms()
        local code, text = ftp.login("PASV", "127.0.0.1", port, "me", "secret", 1000)
        timed(name, code, text, started)
      end
      local function list(name, port)
        note("login", ftp.login("PASV", "127.0.0.1", port, "me", "secret", 1000))
        local started = os.clockms()
        local code, text = ftp.list("/", 1000)
        timed(name, code, text, started)
        if name == "broken off" then note("file", ftp.download("x", "/x", 1000)) end
        ftp.close(1000)
      end
    """ + "\n".join(lines) + """
      note("left", io.exists("/x"), io.exists("/x.part"))
      note("active", ftp.login("PORT", "127.0.0.1", 1))
    """, requires=["ftp"])
    for name, (_, code) in {**logins, **lists}.items():
        said = project.said(name)
        bench.equal(said[0], code, f"{name}: {said}")
        bench.within(int(said[2]), 0, 4000 * bench.patience, f"{name}: milliseconds")
    bench.equal(project.notes("login"), [["230", "first\n 230 not the end\nin"]] * len(lists), "replies of many lines")
    bench.equal(project.said("good")[1], "only this", "data from the address that the session has")
    bench.equal(project.said("file")[0], "451", "a download that breaks off")
    bench.equal(project.said("left"), ["false", "false"], "what is left of it")
    bench.equal(project.said("active")[0], "502", "active mode")
