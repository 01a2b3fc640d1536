"""The library's NTP client: it sets the script's clock, and only that."""
import socket
import struct
import threading
import time

from harness import net
from harness.case import case
from harness.project import play

SINCE_1900 = 2208988800
THEN = 1930000000  # 2031-02-27 23:06:40 UTC


class NtpServer:
    """Answers with `moment`, or with what `spoil` makes of a good answer (None: nothing)."""

    def __init__(self, bench, moment=THEN, spoil=lambda answer: answer, address="127.0.0.1"):
        self.moment, self.spoil, self.asked = moment, spoil, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 123))
        bench.own(self.socket)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                data, peer = self.socket.recvfrom(1000)
                self.asked += 1
                seconds = struct.pack(">II", (self.moment + SINCE_1900) % (1 << 32), 0)
                answer = b"\x24\x02\x06\xec" + b"\0" * 12 + seconds + data[40:48] + seconds + seconds
                answer = self.spoil(answer)
                for one in answer if isinstance(answer, list) else [answer]:
                    if one is not None:
                        self.socket.sendto(one, peer)
        except OSError:
            pass


@case(needs_namespace=True, limit=40)
def sets_the_scripts_clock(bench):
    server = NtpServer(bench)
    before = time.time()
    project = play(bench, """
      ntp.setServers({ "127.0.0.1" })
      note("servers", #ntp.getServers(), ntp.getServers()[1], ntp.isEnd())
      local started = os.time()
      ntp.timeSync(nil, function(clock, result)
        note("synchronized", result, type(clock), clock.year, ntp.isEnd())
        sys.publish("SET")
      end, function() note("about to", os.time() - started < 100) end)
      sys.waitUntil("SET", 20000)
      note("now", os.time(), os.date("!%Y-%m-%d"))
    """, requires=["ntp"])
    bench.equal(project.said("servers"), ["1", "127.0.0.1", "false"], "servers")
    bench.equal(project.said("about to"), ["true"], "before")
    bench.equal(project.said("synchronized"), ["true", "table", "2031", "true"], "synchronized")
    now, date = project.said("now")
    bench.within(int(float(now)), THEN - 1, THEN + 10, "the script's time")
    bench.equal(date, "2031-02-27", "the script's date")
    bench.within(time.time(), before, before + 60, "the host's time")
    bench.equal(server.asked, 1, "questions")


@case(needs_namespace=True, limit=90)
def answers_that_are_none(bench):
    """Each is passed over; the next server is asked; after all, a false."""
    def bad(answer):
        return [
            answer[:24] + b"other!!!" + answer[32:],  # not to this question
            answer[:1] + b"\x00" + answer[2:],        # a kiss of death
            b"\xe4" + answer[1:],                     # does not know the time
            b"\x23" + answer[1:],                     # a question
            answer[:40] + b"\0" * 8,                  # no time
            b"", b"short", net.pattern(1000),         # garbage
        ]

    NtpServer(bench, moment=THEN + 1000000, spoil=bad, address="127.0.0.2")
    NtpServer(bench, spoil=lambda answer: None, address="127.0.0.3")
    good = NtpServer(bench, spoil=lambda a: [b"garbage first", a], address="127.0.0.9")
    project = play(bench, """
      ntp.setServers({ "127.0.0.2", "127.0.0.3", "no.such.name.invalid", "127.0.0.9" })
      local started = os.clockms()
      ntp.ntpTime(nil, function(clock, result) note("result", result) end)
      note("took", math.floor(os.clockms() - started))
      note("now", os.time())
    """, requires=["ntp"])
    bench.equal(project.said("result"), ["true"], "result")
    bench.within(int(float(project.said("now")[0])), THEN - 1, THEN + 40, "the script's time")
    bench.within(int(project.said("took")[0]), 0, 20000 * bench.patience, "milliseconds")
    bench.equal(good.asked, 1, "questions to the good one")


@case(needs_namespace=True, limit=60)
def nobody_knows(bench):
    project = play(bench, """
      ntp.setServers({ "127.0.0.1" })
      local before = os.time()
      ntp.ntpTime(nil, function(clock, result) note("result", result, clock.year == os.date("*t").year) end)
      note("clock", ntp.isEnd(), os.time() - before < 60)
    """, requires=["ntp"])
    bench.equal(project.said("result"), ["false", "true"], "result")
    bench.equal(project.said("clock"), ["false", "true"], "clock")


@case(tools=["chronyd"], needs_namespace=True, root=True, limit=40)
def chrony(bench):
    config = bench.file("chrony.conf", f"""
local stratum 5
allow 127.0.0.0/8
bindaddress 127.0.0.1
bindcmdaddress /
cmdport 0
pidfile {bench.tmp}/chrony.pid
driftfile {bench.tmp}/drift
""")
    bench.start(["chronyd", "-d", "-x", "-u", "root", "-f", config]).wait_for("starting")
    project = play(bench, """
      ntp.setServers({ "127.0.0.1" })
      for _ = 1, 5 do
        local good
        ntp.ntpTime(nil, function(_, result) good = result end)
        if good then break end
        sys.wait(500)
      end
      note("now", ntp.isEnd(), os.time())
    """, requires=["ntp"])
    synchronized, now = project.said("now")
    bench.equal(synchronized, "true", "synchronized")
    bench.within(int(float(now)), time.time() - 20, time.time() + 5, "the script's time")
