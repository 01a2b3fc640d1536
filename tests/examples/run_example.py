#!/usr/bin/env python3
"""Runs one example against peers of its own and looks at what comes of it.

    run_example.py --runner RUNNER [--interpreter LUA --modules FOLDER] [--embed EMBED] [--build FOLDER] NAME

Exit status 77: something that it needs is not installed. Ends only what it started.
"""

import argparse
import contextlib
import functools
import http.server
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SKIP = 77
LIMIT_S = 100


class Skip(Exception):
    pass


class Bench:
    """The programs under test, and a folder for their files."""

    def __init__(self, options, folder):
        self.runner = options.runner
        self.embed = options.embed
        self.build = options.build
        self.compiler = options.compiler
        self.folder = Path(folder)
        self.environment = dict(os.environ)
        self.command = [self.runner, "run"]
        if options.interpreter:
            self.command = [options.interpreter]
            self.environment["LUA_CPATH"] = f"{options.modules}/?.so"

    def run(self, *arguments, status=0, before=()):
        """Runs a program. Returns all that it printed."""
        done = subprocess.run([*before, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=self.environment, text=True, errors="replace", timeout=LIMIT_S)
        print(done.stdout, end="")
        check(done.returncode == status, f"exit status {done.returncode} instead of {status}: {arguments}")
        return done.stdout

    def script(self, name, *arguments, **more):
        return self.run(*self.command, EXAMPLES / name, *arguments, **more)

    @contextlib.contextmanager
    def echo_server(self, address="127.0.0.1"):
        """Gives its ports by service."""
        ready = self.folder / "ports"
        process = subprocess.Popen([self.runner, "echo", "--bind", address, "--write-ca", self.folder / "ca.pem",
                                    "--ready-file", ready], stdout=subprocess.DEVNULL)
        try:
            wait_until(ready.exists, process)
            yield {line.split()[0]: line.rpartition(":")[2] for line in ready.read_text().splitlines()}
        finally:
            end(process)


def check(good, what):
    if not good:
        sys.exit(f"FAILED: {what}")


def wait_until(condition, process):
    limit = time.monotonic() + 20
    while not condition():
        check(process.poll() is None, f"{process.args[0]} ended with status {process.returncode}")
        check(time.monotonic() < limit, f"{process.args[0]} is not ready after 20 s")
        time.sleep(0.02)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def demo_arguments(bench, ports):
    return "127.0.0.1", ports["tcp"], ports["udp"], ports["tls"], bench.folder / "ca.pem"


def demo(bench):
    with bench.echo_server() as ports:
        out = bench.script("demo.lua", *demo_arguments(bench, ports))
    for said in ("the same 150000 bytes came back", "Hello over UDP", 'verify = "ok"', "ERR_SSL_EINVALID", "All is well"):
        check(said in out, f"it does not say: {said}")
    check("[WRONG]" not in out, "something is wrong")


def demo_without_privilege(bench):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Skip("needs root, and setpriv, to give the privilege for RAW sockets away")
    with bench.echo_server() as ports:
        out = bench.script("demo.lua", *demo_arguments(bench, ports), before=["setpriv", "--bounding-set=-net_raw"])
    check("CAP_NET_RAW" in out and "[skipped]" in out and "All is well" in out, "it does not go on without RAW")


def demo_without_server(bench):
    port = free_port()
    (bench.folder / "ca.pem").write_text("no certificate")
    out = bench.script("demo.lua", "127.0.0.1", port, port, port, bench.folder / "ca.pem", status=1)
    check("[WRONG]" in out and "refused" in out, "it does not say what is wrong")


def demo_sh(bench):
    out = bench.run(EXAMPLES / "demo.sh", bench.runner)
    check("All is well" in out, "the demo failed")


def http_get(bench):
    page = "<p>Hello over HTTP</p>\n" * 20_000
    (bench.folder / "page.html").write_text(page)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(bench.folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.server_address[1]
        out = bench.script("http_get.lua", "localhost", port, "/page.html")
        check("200" in out and page in out, "the page is not the one that was served")
        check("404" in bench.script("http_get.lua", "127.0.0.1", port, "/none", status=1), "no 404")
    finally:
        server.shutdown()
    check("refused" in bench.script("http_get.lua", "127.0.0.1", free_port(), status=1), "no refusal")
    bench.script("http_get.lua", status=2)


def mqtt_publish_tls(bench):
    needed = ("mosquitto", "mosquitto_sub", "openssl")
    os.environ["PATH"] += ":/usr/sbin"
    if not all(map(shutil.which, needed)):
        raise Skip("needs " + ", ".join(needed))
    certificate, key = bench.folder / "cert.pem", bench.folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    for file in (bench.folder, certificate, key):
        file.chmod(0o755)  # mosquitto gives up root before it reads them
    plain, tls = free_port(), free_port()
    (bench.folder / "mosquitto.conf").write_text(
        f"allow_anonymous true\nlistener {plain} 127.0.0.1\nlistener {tls} 127.0.0.1\n"
        f"certfile {certificate}\nkeyfile {key}\n")
    broker = subprocess.Popen(["mosquitto", "-c", bench.folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    subscriber = None
    try:
        wait_until(lambda: accepts(plain) and accepts(tls), broker)
        subscriber = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", str(plain), "-t", "attic/#",
                                       "-v", "-d", "-C", "2", "-W", "30"], stdout=subprocess.PIPE, text=True)
        while "SUBACK" not in subscriber.stdout.readline():
            check(subscriber.poll() is None, "the subscriber has ended")
        out = bench.script("mqtt_publish_tls.lua", "localhost", tls, "attic/temperature", "21.5", certificate)
        check("certificate: ok" in out and "published" in out, "it was not published")
        long_text = "x" * 3000  # a length of two bytes
        bench.script("mqtt_publish_tls.lua", "127.0.0.1", tls, "attic/long", long_text)
        heard = subscriber.communicate(timeout=30)[0]
        check("attic/temperature 21.5" in heard and f"attic/long {long_text}" in heard, "the subscriber heard: " + heard)
        out = bench.script("mqtt_publish_tls.lua", "127.0.0.1", tls, "a", "b", certificate, status=1)
        check("certificate" in out, "a wrong name was accepted")
    finally:
        for process in (subscriber, broker):
            if process:
                end(process)


def udp_beacon(bench):
    with bench.echo_server() as ports:
        out = bench.script("udp_beacon.lua", "127.0.0.1", ports["udp"], 3, 200)
    check("answer: beacon 3 of 3" in out and "3 sent, 3 answers" in out, "not every beacon was answered")
    out = bench.script("udp_beacon.lua", "127.0.0.1", free_port(), 3, 50)
    check("nobody listens" in out and "3 sent, 0 answers" in out, "nobody can have listened")


def ping(bench):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except PermissionError:
        out = bench.script("ping.lua", "127.0.0.1", status=1)
        check("CAP_NET_RAW" in out, "it does not say what is missing")
        return
    out = bench.script("ping.lua", "127.0.0.1", 3, 100)
    check("3 sent, 3 received" in out, "not every ping was answered")


def connections_at_once(count, bench):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        raise Skip(f"no process may have {count + 500} descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 500), hard))
    with bench.echo_server() as ports:
        out = bench.script("two_hundred.lua", "127.0.0.1", ports["tcp"], count)
    check(f"all {count} have their own line back" in out and "all closed" in out, "not all came back")


def embed(bench):
    with bench.echo_server() as ports:
        out = bench.run(bench.embed, "127.0.0.1", ports["tcp"])
    check("one device: echoed and closed" in out and "5 of 5 devices" in out, "an echo is missing")
    check("refused" in bench.run(bench.embed, "127.0.0.1", free_port(), status=1), "no refusal")
    bench.run(bench.embed, status=2)


def installed(bench):
    """The C++ example, built like a user's own program: by CMake and by pkg-config, with what was installed."""
    prefix, build = bench.folder / "prefix", bench.folder / "build"
    bench.run("cmake", "--install", bench.build, "--component", "dev", "--prefix", prefix)
    bench.run("cmake", "-S", EXAMPLES, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={bench.compiler}")
    bench.run("cmake", "--build", build)
    built = [build / "embed"]
    if shutil.which("pkg-config"):
        bench.environment["PKG_CONFIG_PATH"] = str(next(prefix.rglob("pkgconfig")))
        flags = bench.run("pkg-config", "--static", "--cflags", "--libs", "socketcore").split()
        built.append(bench.folder / "embed")
        bench.run(bench.compiler, "-std=c++20", EXAMPLES / "embed.cpp", "-o", built[-1], *flags)
    with bench.echo_server() as ports:
        for program in built:
            check("5 of 5 devices" in bench.run(program, "127.0.0.1", ports["tcp"]), "an echo is missing")


TESTS = {
    "demo": demo,
    "demo_without_privilege": demo_without_privilege,
    "demo_without_server": demo_without_server,
    "demo_sh": demo_sh,
    "http_get": http_get,
    "mqtt_publish_tls": mqtt_publish_tls,
    "udp_beacon": udp_beacon,
    "ping": ping,
    "two_hundred": functools.partial(connections_at_once, 200),
    "ten_thousand": functools.partial(connections_at_once, 10_000),
    "embed": embed,
    "installed": installed,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--interpreter", help="a stock Lua to run the scripts with instead of the runner")
    parser.add_argument("--modules", help="where socketcore.so is, for the interpreter")
    parser.add_argument("--embed", help="the C++ example")
    parser.add_argument("--build", help="the build folder, to install from")
    parser.add_argument("--compiler", default="c++", help="the C++ compiler that built it")
    parser.add_argument("name", choices=TESTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            TESTS[options.name](Bench(options, folder))
        except Skip as skip:
            print(f"skipped: {skip}")
            return SKIP
    return 0


if __name__ == "__main__":
    sys.exit(main())
