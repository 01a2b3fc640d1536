"""RAW sockets: ping, other protocols, and what happens without the privilege."""
import os
import shutil
import socket

from harness import namespace
from harness.case import Skip, case

EIF, EARG = 12, 16

PING = """
local function sum(data)
  if #data % 2 == 1 then data = data .. "\\0" end
  local total = 0
  for i = 1, #data, 2 do total = total + data:byte(i) * 256 + data:byte(i + 1) end
  while total > 65535 do total = math.floor(total / 65536) + total % 65536 end
  return 65535 - total
end
local function echo_request(kind, number, payload)
  local head = string.char(kind, 0) .. "%s" .. string.char(0x12, 0x34, 0, number)
  local empty = head:gsub("%%s", "\\0\\0", 1)
  local check = sum(empty .. payload)
  return head:gsub("%%s", (string.char(math.floor(check / 256), check % 256):gsub("%%", "%%%%")), 1) .. payload
end
"""


def can_open_raw():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        return True
    except PermissionError:
        return False


def need_raw():
    if not can_open_raw():
        raise Skip("needs CAP_NET_RAW")


@case(needs_namespace=True)
def ping_over_ipv4(bench):
    """Whole IP packets come in, header included; the payload goes out. Port 0 and 1 both mean ICMP."""
    need_raw()
    for flavour in ("runner", "lua5.1", "luajit"):
        for port in (0, 1, '"1"'):
            script = bench.play(PING + f"""
                local id = kit.connect(3, "127.0.0.1", {port})
                kit.send(id, echo_request(8, 7, "is anybody there?"))
                for i = 1, 10 do  -- on loopback our own request comes in as well
                  local message = kit.wait("RECV_IND", id)
                  local packet = socketcore.sock_recv(id, message.recv_len)
                  local header = packet:byte(1) % 16 * 4
                  if packet:byte(header + 1) == 0 then
                    kit.say("reply", {{version = math.floor(packet:byte(1) / 16), protocol = packet:byte(10), length = #packet,
                                       number = packet:byte(header + 8), payload = packet:sub(header + 9)}})
                    break
                  end
                end
                kit.close(id)
            """, flavour=flavour)
            reply = script.said("reply")
            bench.equal((reply["version"], reply["protocol"], reply["length"], reply["number"], reply["payload"]),
                        (4, 1, 20 + 8 + 17, 7, "is anybody there?"), f"{flavour}, port {port}")
            bench.equal(script.message("SEND_CNF")["send_len"], 25, "send_len")


@case(needs_namespace=True)
def ping_over_ipv6(bench):
    """Port 0 means ICMPv6; the kernel makes the checksum and gives the payload without a header."""
    need_raw()
    for port in (0, 58):
        script = bench.play(PING + f"""
            local id = kit.connect(3, "::1", {port})
            kit.send(id, echo_request(128, 9, "six"))
            for i = 1, 10 do
              local message = kit.wait("RECV_IND", id)
              local packet = socketcore.sock_recv(id, message.recv_len)
              if packet:byte(1) == 129 then
                kit.say("reply", {{number = packet:byte(8), payload = packet:sub(9)}})
                break
              end
            end
            kit.close(id)
        """)
        bench.equal((script.said("reply")["number"], script.said("reply")["payload"]), (9, "six"), f"port {port}")


@case(needs_namespace=True)
def ping_by_name(bench):
    need_raw()
    namespace.write_etc("hosts", "127.0.0.1 pinged.example\n")
    script = bench.play(PING + """
        local id = kit.connect(3, "pinged.example", 1)
        kit.send(id, echo_request(8, 1, ""))
        kit.wait("RECV_IND", id)
        kit.close(id)
    """)
    bench.equal(script.message("CONN_CNF")["result"], 0, "CONN_CNF")


@case(needs_namespace=True)
def protocol_of_ones_own(bench):
    """Protocol 253 (for experiments), against a raw socket of Python's, both ways; 255 too."""
    need_raw()
    for protocol in (253, 255):
        peer = bench.own(socket.socket(socket.AF_INET, socket.SOCK_RAW, 253 if protocol == 253 else 255))
        peer.bind(("127.0.0.2", 0))
        peer.settimeout(10)
        script = bench.script(f"""
            local id = kit.connect(3, "127.0.0.2", {protocol})
            kit.send(id, "payload only")
            kit.wait("RECV_IND", id)
            kit.say("packet", {{text = socketcore.sock_recv(id, 1000):sub(21)}})
            kit.close(id)
        """)
        packet, sender = peer.recvfrom(1000)
        bench.equal((packet[9], packet[20:]), (protocol, b"payload only"), "what the peer got")
        if protocol == 253:
            peer.sendto(b"an answer", sender)
        else:
            # To 255 (IPPROTO_RAW) one writes the header.
            header = bytes([0x45, 0, 0, 29, 0, 0, 0, 0, 64, 255, 0, 0, 127, 0, 0, 2, 127, 0, 0, 1])
            peer.sendto(header + b"an answer", sender)
        script.finish()
        bench.equal(script.said("packet")["text"], "an answer", f"protocol {protocol}")


@case()
def protocol_out_of_range(bench):
    script = bench.play("""
        for _, port in ipairs {256, 300, 65535} do kit.open(3, "127.0.0.1", port) end
    """)
    bench.equal([n["code"] for n in script.notes("refused")], [EARG] * 3, "codes")


def unprivileged(bench):
    """Words in front of a command that take CAP_NET_RAW away, each way that this machine has."""
    ways = []
    if shutil.which("setpriv"):
        ways.append(["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", "--"])
        if namespace.real_root() and os.access(bench.interpreters.runner, os.X_OK):
            ways.append(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--"])
    if shutil.which("capsh"):
        ways.append(["capsh", "--drop=cap_net_raw", "--", "-c", 'exec "$0" "$@"'])
    return ways


@case()
def without_the_privilege(bench):
    if not can_open_raw():
        ways = [[]]
    else:
        ways = [words for words in unprivileged(bench) if bench.start([*words, "true"]).wait() == 0]
    if not ways:
        raise Skip("needs setpriv or capsh, or no privilege to begin with")
    for words in ways:
        script = bench.script("""
            for _, address in ipairs {"127.0.0.1", "::1", "localhost"} do
              local id = kit.open(3, address, 0)
              kit.say("send", {ok = socketcore.sock_send(id, "x")})
              kit.wait("SEND_CNF", id)
              kit.say("destroy", {result = socketcore.sock_destroy(id)})
            end
            local id = kit.open(1, "127.0.0.1", 9)  -- all else works
        """, under=words)
        script.finish()
        confirmed = script.messages("CONN_CNF")
        for message in confirmed[:3]:
            bench.equal((message["result"], message["error"]), (1, EIF), f"{words}: {message}")
            bench.true("CAP_NET_RAW" in message["reason"] and "setcap" in message["reason"], message["reason"])
        bench.equal(confirmed[3]["result"], 0, "UDP")
        bench.equal([n["result"] for n in script.notes("destroy")], [1, 1, 1], "sock_destroy")
