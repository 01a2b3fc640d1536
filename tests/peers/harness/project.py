"""A device project under test: a folder with a main.lua of ours, on the script library of the tree."""
import os
import pathlib
import time
import urllib.parse

from .process import Process
from .script import SANITIZER_WORDS

LUALIB = pathlib.Path(__file__).resolve().parents[3] / "lualib"

# `note(name, value...)` tells the test. An error in any task ends the project, with the error as a note.
MAIN = r"""
PROJECT, VERSION = "PEERS", "1.0.0"
require "sys" require "socket" {requires}
function note(...)
  local words = {{}}
  for i = 1, select("#", ...) do
    words[i] = tostring((select(i, ...))):gsub("[^%w%._/:%-]", function(c) return ("%%%02X"):format(c:byte()) end)
  end
  print("NOTE " .. table.concat(words, "\t"))
end
errDump = {{ appendErr = function(text) note("error", text) os.exit(3) end }}
{before}
sys.taskInit(function()
  if not socket.isReady() then sys.waitUntil("IP_READY_IND", 30000) end
{body}
  note("done")
  os.exit(0)
end)
sys.init(0, 0)
sys.run()
"""


class Project(Process):
    """
    `body` is the source of a task that runs once the link is up; the project ends with it. `before` runs at load time.
    `files` go into the project's folder, which the project sees as /lua. `data` is its flash.
    """

    def __init__(self, bench, body, *, requires=(), before="", files=None, options=(), env=None):
        number = sum(isinstance(one, Project) for one in bench.processes) + 1
        folder = bench.tmp / f"project{number}"
        folder.mkdir()
        self.data = bench.tmp / f"data{number}"
        self.data.mkdir()
        for name, content in (files or {}).items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        required = " ".join(f'require "{name}"' for name in requires)
        (folder / "main.lua").write_text(MAIN.format(requires=required, before=before, body=body))
        words = ["run", "--lib", str(LUALIB), "--data", str(self.data), *map(str, options), str(folder)]
        argv = [str(bench.interpreters.runner), *words]
        super().__init__(bench, argv, name=folder.name, env={**os.environ, **(env or {})})
        bench.processes.append(self)
        bench.stack.callback(self.end)

    @property
    def all_notes(self):
        """Every note, in order, as a list of strings."""
        with self.condition:
            lines = bytes(self.out.data).split(b"\n")[:-1]
        return [urllib.parse.unquote(line[5:].decode(), errors="surrogateescape").split("\t")
                for line in lines if line.startswith(b"NOTE ")]

    def notes(self, name):
        """The values of every note of this name."""
        return [one[1:] for one in self.all_notes if one[0] == name]

    def said(self, name):
        """The values of the only note of this name."""
        found = self.notes(name)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} notes {name}: {found}; all: {self.all_notes}")
        return found[0]

    def wait_note(self, name, count=1):
        """Waits until there are so many notes of this name; returns the values of the last of them."""
        end = time.monotonic() + self.bench.left()
        with self.condition:
            while True:
                found = self.notes(name)
                if len(found) >= count:
                    return found[count - 1]
                if self.out.over:
                    raise AssertionError(f"the project ended without the note {name}: {self.all_notes}")
                rest = end - time.monotonic()
                if rest <= 0:
                    raise AssertionError(f"no note {name} in time: {self.all_notes}")
                self.condition.wait(rest)

    def finish(self, code=0):
        status = self.wait()
        for word in SANITIZER_WORDS:
            if word in self.errors():
                raise AssertionError(f"{word} in what the project's process said")
        if status != code:
            said = self.notes("error") or self.all_notes
            raise AssertionError(f"the project ended with {status}, not {code}: {said}")
        return self


def play(bench, body, **settings):
    """Runs a project to its end."""
    return Project(bench, body, **settings).finish()
