#!/usr/bin/env python3
"""The sample projects of examples/projects, each run unchanged against a counterpart on this machine."""

import http.server
import io
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import tty
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/lua"))
from program import TIME_LIMIT, ProgramTest, options  # noqa: E402

OPTIONS, ARGV = options()
PROJECTS = ROOT / "examples/projects"
IMEI = "864889040000011"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Connection:
    """The server's end of a connection: lines, with a time limit."""

    def __init__(self, peer):
        self.socket = peer
        self.socket.settimeout(TIME_LIMIT)
        self.file = peer.makefile("rb")

    def line(self):
        return self.file.readline().decode().rstrip("\n")

    def line_with(self, text):
        while line := self.line():
            if text in line:
                return line
        raise AssertionError(f"the connection ended without '{text}'")

    def send(self, text):
        self.socket.sendall(text.encode())

    def close(self):
        self.file.close()
        self.socket.close()


class SampleTest(ProgramTest):
    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(TIME_LIMIT)
        self.addCleanup(listener.close)
        return listener, str(listener.getsockname()[1])

    def accept(self, listener):
        connection = Connection(listener.accept()[0])
        self.addCleanup(connection.close)
        return connection

    def run_sample(self, name, *arguments, run_options=()):
        folder = self.folder / name
        if not folder.exists():
            folder = PROJECTS / name
        return self.start([OPTIONS.runner, "run", "--imei", IMEI, *run_options, str(folder), *arguments])

    def configured(self, name, **changes):
        """A copy of the sample with other values in its config.lua."""
        folder = self.folder / name
        shutil.copytree(PROJECTS / name, folder)
        config = folder / "config.lua"
        lines = config.read_text().splitlines()
        for key, value in changes.items():
            found = [at for at, line in enumerate(lines) if line.strip().startswith(key + " =")]
            self.assertEqual(len(found), 1, f"{name}/config.lua: {key}")
            comma = "," if lines[found[0]].startswith("  ") else ""
            lines[found[0]] = f"  {key} = {value}{comma}"
        config.write_text("\n".join(lines) + "\n")

    def wait_for(self, process, expected, never=None):
        """The next line with `expected` in it; before it there must be none with `never`."""
        seen = []
        too_late = threading.Timer(TIME_LIMIT, process.kill)
        too_late.start()
        try:
            while line := process.stdout.readline():
                seen.append(line)
                if expected in line:
                    return line.rstrip("\n")
                if never and never in line:
                    break
        finally:
            too_late.cancel()
        process.kill()
        self.fail(f"no '{expected}' in {''.join(seen)}; stderr: {process.stderr.read()}")

    def control(self, line):
        deadline = time.monotonic() + TIME_LIMIT
        while not (self.folder / "ctl").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        with open(self.folder / "ctl", "w") as fifo:
            fifo.write(line + "\n")

    def end(self, process):
        """A sample never ends by itself. It must have had nothing to complain of."""
        self.assertIsNone(process.poll(), "it has ended")
        process.terminate()
        _, _, err = self.complete(process, 128 + 15)
        self.assertNotIn("traceback", err)


class LongConnection(SampleTest):
    def test_reports_commands_and_a_heartbeat(self):
        self.configured("long_connection", heartbeat_ms=300)
        listener, port = self.listen()
        process = self.run_sample("long_connection", "127.0.0.1", port)
        peer = self.accept(listener)
        self.assertEqual(peer.line(), f"hello {IMEI} 1.0.0")
        self.assertTrue(peer.line().startswith("report 1 signal "))
        self.assertEqual(peer.line(), "ping")
        peer.send("do sig")
        time.sleep(0.05)
        peer.send("nal\r\njust a line\ndo nonsense\n")
        self.assertEqual(peer.line_with("signal"), "ok signal 28")
        self.assertEqual(peer.line(), "error unknown command")
        peer.send("do report 100\n")
        self.assertEqual(peer.line_with("ok"), "ok report 100")
        peer.line_with("report 2")
        peer.line_with("report 3")
        self.end(process)

    def test_what_is_queued_survives_a_server_and_a_link_that_go(self):
        self.configured("long_connection", report_ms=100, retry_first_ms=200)
        listener, port = self.listen()
        process = self.run_sample("long_connection", "127.0.0.1", port, run_options=("--modem-ctl", "ctl"))
        peer = self.accept(listener)
        peer.line_with("report 2")
        peer.close()
        peer = self.accept(listener)
        peer.line_with("report 3 ")
        self.control("link down")
        self.wait_for(process, "down:")
        self.control("link up")
        again = self.accept(listener)
        self.assertTrue(again.line().startswith("hello"))
        numbers = [int(again.line_with("report").split()[1]) for _ in range(10)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 10)))
        self.end(process)


class ShortConnection(SampleTest):
    def test_the_radio_is_off_between_two_reports(self):
        listener, port = self.listen()
        process = self.run_sample("short_connection", "127.0.0.1", port)
        for number in (1, 2):
            peer = self.accept(listener)
            self.assertEqual(peer.line(), f"{IMEI} {number} 3800")
            peer.send("period 200\n")
            self.assertEqual(peer.line(), "", "the device closes")
            self.wait_for(process, "[link] down", never="asleep")
            self.wait_for(process, "asleep for 200 ms")
        self.end(process)

    def test_a_server_that_is_silent_is_asked_again(self):
        self.configured("short_connection", answer_ms=200)
        listener, port = self.listen()
        process = self.run_sample("short_connection", "127.0.0.1", port)
        for _ in range(3):
            self.assertEqual(self.accept(listener).line(), f"{IMEI} 1 3800")
        self.wait_for(process, "asleep for 600000 ms")
        self.end(process)


class UartBridge(SampleTest):
    def read_all(self, fd, size):
        data = b""
        deadline = time.monotonic() + TIME_LIMIT
        while len(data) < size and time.monotonic() < deadline:
            if select.select([fd], [], [], 0.1)[0]:
                data += os.read(fd, 65536)
        return data

    def test_bytes_go_both_ways_unchanged(self):
        self.configured("uart_bridge", silence_ms=300)
        near, far = os.openpty()
        self.addCleanup(os.close, near)
        tty.setraw(near)
        listener, port = self.listen()
        process = self.run_sample("uart_bridge", "127.0.0.1", port, run_options=("--uart", f"1={os.ttyname(far)}"))
        peer = self.accept(listener).socket
        self.wait_for(process, "up")
        os.close(far)

        every_byte = bytes(range(256))
        os.write(near, every_byte)
        self.assertEqual(peer.recv(1000), every_byte, "one frame, as its pause tells")
        os.write(near, b"the fi")
        self.assertEqual(select.select([peer], [], [], 0.05)[0], [], "a pause of 50 ms ends no frame")
        os.write(near, b"rst")
        time.sleep(0.7)
        os.write(near, b"the second")
        self.assertEqual([peer.recv(1000), peer.recv(1000)], [b"the first", b"the second"])

        flood = bytes(range(251)) * 400
        sender = threading.Thread(target=peer.sendall, args=(flood,))
        sender.start()
        self.assertEqual(self.read_all(near, len(flood)), flood)
        sender.join()
        self.end(process)

    def test_frames_wait_for_a_server_that_was_gone(self):
        self.configured("uart_bridge", retry_ms=300)
        near, far = os.openpty()
        self.addCleanup(os.close, near)
        self.addCleanup(os.close, far)
        tty.setraw(near)
        listener, port = self.listen()
        process = self.run_sample("uart_bridge", "127.0.0.1", port, run_options=("--uart", f"1={os.ttyname(far)}"))
        self.accept(listener).close()
        self.wait_for(process, "down:")
        os.write(near, b"meanwhile")
        self.assertEqual(self.accept(listener).socket.recv(1000), b"meanwhile")
        self.end(process)


@unittest.skipUnless(shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") and shutil.which("mosquitto_sub"),
                     "mosquitto is not installed")
class MqttTelemetry(SampleTest):
    def start_broker(self, port, settings=""):
        config = self.write("mosquitto.conf", f"listener {port} 127.0.0.1\nallow_anonymous true\n{settings}")
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        broker = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (broker.kill(), broker.wait()))
        deadline = time.monotonic() + TIME_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return broker
            except ConnectionRefusedError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)

    def subscribe(self, port, *more):
        """A subscriber that has subscribed, which a message shows that the broker keeps."""
        subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-r", "-t", f"devices/{IMEI}/probe", "-m", "subscribed"],
                       check=True, timeout=TIME_LIMIT)
        process = self.start(["mosquitto_sub", "-p", str(port), "-q", "1", "-v", "-t", f"devices/{IMEI}/#", *more])
        self.wait_for(process, "probe subscribed")
        return process

    def command(self, port, text, *more):
        subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-t", f"devices/{IMEI}/commands", "-m", text, *more],
                       check=True, timeout=TIME_LIMIT)

    def test_telemetry_commands_and_the_will(self):
        self.configured("mqtt_telemetry", period_ms=3600000)
        port = free_port()
        self.start_broker(port)
        listener = self.subscribe(port)
        process = self.run_sample("mqtt_telemetry", "127.0.0.1", str(port), run_options=("--data", "flash"))
        self.wait_for(listener, "status online")
        reading = json.loads(self.wait_for(listener, "telemetry").split(" ", 1)[1])
        self.assertEqual((reading["number"], reading["millivolt"]), (1, 3800))
        self.command(port, '{"set": {"period_ms": 100}}')
        self.wait_for(listener, "answers ok set")
        for number in (2, 3):
            reading = json.loads(self.wait_for(listener, "telemetry").split(" ", 1)[1])
            self.assertEqual(reading["number"], number)
        for wrong, answer in (('{"set": {"period_ms": 1}}', "error cannot set period_ms"), ("rubbish", "error not JSON"),
                              ("7", "error not JSON"), ('{"fly": 1}', "error unknown command")):
            self.command(port, wrong)
            self.wait_for(listener, f"answers {answer}")

        # Restarted by a command, it knows what it was told, and says good-bye: no will.
        self.command(port, '{"restart": true}')
        self.wait_for(listener, "answers ok restart")
        self.assertIn("online", self.wait_for(listener, "status"))
        self.command(port, '{"get": "period_ms"}')
        self.assertIn('{"period_ms":100}', self.wait_for(listener, "answers"))

        process.kill()
        self.assertIn("offline", self.wait_for(listener, "status"))

    def test_a_broker_that_dies_and_comes_back(self):
        self.configured("mqtt_telemetry", period_ms=200)
        port = free_port()
        broker = self.start_broker(port)
        process = self.run_sample("mqtt_telemetry", "127.0.0.1", str(port))
        self.wait_for(process, "online")
        broker.kill()
        broker.wait()
        self.wait_for(process, "offline")
        time.sleep(1.5)
        self.start_broker(port)
        listener = self.subscribe(port)
        numbers = [json.loads(self.wait_for(listener, "telemetry").split(" ", 1)[1])["number"] for _ in range(10)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 10)))
        self.end(process)

    @unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
    def test_tls_with_a_certificate_that_must_verify(self):
        self.configured("mqtt_telemetry")

        def make(name, *more):
            subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", *more],
                           cwd=self.folder, check=True, stderr=subprocess.DEVNULL)

        make("ca", "-x509", "-subj", "/CN=ca", "-days", "2", "-out", "mqtt_telemetry/ca.crt")
        make("broker", "-subj", "/CN=127.0.0.1", "-out", "broker.csr")
        self.write("san", "subjectAltName=IP:127.0.0.1")
        subprocess.run(["openssl", "x509", "-req", "-in", "broker.csr", "-CA", "mqtt_telemetry/ca.crt", "-CAkey", "ca.key",
                        "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", "broker.crt"],
                       cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        for name in ("broker.key", "broker.crt"):
            os.chmod(self.folder / name, 0o644)
        os.chmod(self.folder, 0o755)
        port = free_port()
        self.start_broker(port, f"certfile {self.folder}/broker.crt\nkeyfile {self.folder}/broker.key\n")
        process = self.run_sample("mqtt_telemetry", "127.0.0.1", str(port), "tls")
        self.wait_for(process, "online")
        self.end(process)

        make("stranger", "-x509", "-subj", "/CN=ca", "-days", "2", "-out", "mqtt_telemetry/ca.crt")
        process = self.run_sample("mqtt_telemetry", "127.0.0.1", str(port), "tls")
        self.wait_for(process, "offline: no connection")
        self.end(process)


class HttpOta(SampleTest):
    def package(self, version):
        """The project as a tar archive, with another version."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path in sorted((PROJECTS / "http_ota").iterdir()):
                content = path.read_bytes().replace(b'VERSION = "1.0.0"', f'VERSION = "{version}"'.encode())
                member = tarfile.TarInfo(path.name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return archive.getvalue()

    def serve(self, upgrade):
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path == "/settings":
                    return self.answer(200, b'{"report_ms": 300}')
                test.asked.append(self.path)
                return self.answer(*upgrade(self.path))

            def do_POST(self):
                test.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(200, b"thanks")

            def log_message(self, *_):
                pass

        self.asked, self.reports = [], []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # a device that is ended in the midst of an answer
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        return f"http://127.0.0.1:{server.server_port}"

    def test_the_new_version_runs_after_the_restart(self):
        def upgrade(path):
            return (200, self.package("1.1.0")) if "version=1.0.0" in path else (404, b"nothing new")

        process = self.run_sample("http_ota", self.serve(upgrade), run_options=("--data", "flash"))
        self.wait_for(process, "posted as version 1.0.0")
        self.wait_for(process, "100 %")
        self.wait_for(process, "HTTP_OTA 1.1.0")
        self.wait_for(process, "posted as version 1.1.0")
        self.wait_for(process, "none nothing new")
        self.wait_for(process, "posted as version 1.1.0")
        self.end(process)
        self.assertEqual([report["version"] for report in self.reports[:2]], ["1.0.0", "1.1.0"])
        self.assertEqual(self.reports[0]["imei"], IMEI)
        self.assertIn("project_key=demo", self.asked[0])

        # It is in the flash: the next run begins with it.
        process = self.run_sample("http_ota", self.serve(upgrade), run_options=("--data", "flash"))
        self.wait_for(process, "posted as version 1.1.0")
        self.end(process)

    def test_a_package_that_is_none_changes_nothing(self):
        process = self.run_sample("http_ota", self.serve(lambda _: (200, b"x" * 3000)), run_options=("--data", "flash"))
        self.wait_for(process, "the core refuses it: -3")
        self.wait_for(process, "posted as version 1.0.0")
        self.end(process)


class GpioAdc(SampleTest):
    def test_a_button_a_lamp_and_a_voltage(self):
        process = self.run_sample("gpio_adc", run_options=("--modem-ctl", "ctl", "--trace", "trace"))
        self.wait_for(process, "ready")
        self.control("pin 5 0")
        self.wait_for(process, "[lamp] on")
        self.control("pin 5 1")
        time.sleep(0.1)
        self.control("pin 5 0")
        self.wait_for(process, "[lamp] off")
        self.control("adc 2 1800")
        self.wait_for(process, "1800 is out of bounds")
        self.wait_for(process, "[lamp] on")
        self.wait_for(process, "[lamp] off")
        self.control("adc 2 1200")
        self.wait_for(process, "1200 is fine")
        self.end(process)
        trace = (self.folder / "trace").read_text().splitlines()
        self.assertEqual([line for line in trace if line in ("pin 13 0", "pin 13 1")][:3],
                         ["pin 13 0", "pin 13 1", "pin 13 0"])


class SmsAlarm(SampleTest):
    def test_armed_by_a_message_it_tells_of_the_door(self):
        run = dict(run_options=("--modem-ctl", "ctl", "--data", "flash"))
        process = self.run_sample("sms_alarm", "13912345678", **run)
        self.wait_for(process, "ready, disarmed")
        self.control("pin 5 1")
        time.sleep(0.1)
        self.control("sms 13912345678 status")
        self.wait_for(process, "to 13912345678: disarmed, the door is open", never=": the door")
        self.wait_for(process, "[alarm] sent")
        self.control("sms +8613912345678 ARM")
        self.wait_for(process, "to +8613912345678: armed")
        self.control("sms 13900000000 disarm")  # a stranger
        self.wait_for(process, "from 13900000000: disarm")
        self.control("pin 5 0")
        time.sleep(0.1)
        self.control("pin 5 1")
        self.wait_for(process, "to 13912345678: the door is open")
        self.end(process)

        process = self.run_sample("sms_alarm", "13912345678", **run)
        self.wait_for(process, "ready, armed")
        self.end(process)


class Examined(SampleTest):
    def test_the_doctor_misses_nothing(self):
        for folder in sorted(PROJECTS.iterdir()):
            if folder.is_dir():
                _, out, _ = self.complete(self.start([OPTIONS.runner, "doctor", str(folder)]), 0)
                self.assertIn("Nothing is missing", out, folder.name)


class Papers(unittest.TestCase):
    def test_each_sample_has_its_line_in_both_papers(self):
        for paper in ("README.md", "README.zh-CN.md"):
            text = (PROJECTS / paper).read_text()
            for folder in PROJECTS.iterdir():
                if folder.is_dir():
                    self.assertIn(f"({folder.name}/)", text, paper)


if __name__ == "__main__":
    unittest.main(argv=ARGV)
