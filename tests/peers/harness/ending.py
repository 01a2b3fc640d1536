"""What the cases about endings share: a script that fills its buffers, and a peer that is in no hurry."""
import time

FILL = """
local sent = 0
local data = kit.file({path})
while true do
  local room = math.min(socketcore.sock_getremainbuf(id), 50000, #data - sent)
  if room == 0 then break end
  if socketcore.sock_send(id, data:sub(sent + 1, sent + room)) ~= 1 then break end
  sent = sent + room
end
kit.say("accepted", {{bytes = sent}})
"""


def slow_reader(pause):
    """Begins to read only after `pause`, then a bit at a time; returns how many bytes, their digest, and how it ended."""
    def serve(connection):
        time.sleep(pause)
        parts = []
        while piece := connection.recv(100_000):
            parts.append(piece)
            time.sleep(0.001)
        return b"".join(parts)
    return serve
