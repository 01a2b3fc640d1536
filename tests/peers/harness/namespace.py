"""Network and mount namespaces of a group's own, with a private /etc, and what can be done in them."""
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

_state = {"inside": False, "etc": None}


def inside():
    return _state["inside"]


def real_root():
    """Root, and not only in a user namespace of our own: other users exist."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map") as uid_map:
        return uid_map.read().split()[2] != "1"


def entry():
    """The words in front of a command that runs in fresh namespaces; empty where the machine forbids them."""
    for words in (["unshare"], ["unshare", "--map-root-user"]):
        if words == ["unshare"] and os.geteuid() != 0:
            continue
        words = [*words, "--net", "--mount", "--propagation", "private", "--"]
        try:
            if subprocess.run([*words, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0:
                return words
        except OSError:
            pass
    return []


def set_up():
    """Called once, inside. /etc is a copy, so that resolv.conf and hosts can be written and replaced."""
    _state["inside"] = True
    run("ip", "link", "set", "lo", "up")


def run(*words, check=True):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done


def private_etc():
    """Puts a copy in the place of /etc, for this process and its children. Once per group; returns the path /etc."""
    if _state["etc"] is None:
        folder = tempfile.mkdtemp(prefix="peers-etc-")
        # A small file system of its own, so that nothing is left behind when the namespace ends.
        run("mount", "-t", "tmpfs", "-o", "mode=755", "peers-etc", folder)
        for name in ("passwd", "group", "nsswitch.conf", "host.conf", "gai.conf", "services", "protocols", "ssl",
                     "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime"):
            source = pathlib.Path("/etc", name)
            if source.exists() or source.is_symlink():
                subprocess.run(["cp", "-a", "--no-preserve=ownership", str(source), folder], capture_output=True)
        pathlib.Path(folder, "hosts").write_text("127.0.0.1 localhost\n")
        pathlib.Path(folder, "resolv.conf").write_text("nameserver 127.0.0.53\n")
        run("mount", "--bind", folder, "/etc")
        run("umount", folder)
        os.rmdir(folder)
        _state["etc"] = pathlib.Path("/etc")
    return _state["etc"]


def write_etc(name, text, replace=False):
    """In place, or by renaming a new file over it, as DHCP clients do."""
    path = private_etc() / name
    if replace:
        fresh = path.with_name(name + ".new")
        fresh.write_text(text)
        fresh.rename(path)
    else:
        path.write_text(text)


@functools.cache
def has(*words):
    """Whether a command works here: an iptables match that this kernel lacks, a link type."""
    return shutil.which(words[0]) is not None and run(*words, check=False).returncode == 0


class Filter:
    """An iptables rule for as long as the object lives."""

    def __init__(self, *rule, v6=False):
        self.program = "ip6tables" if v6 else "iptables"
        self.rule = [str(word) for word in rule]
        run(self.program, "-w", "-A", *self.rule)
        self.there = True

    def close(self):
        if self.there:
            self.there = False
            run(self.program, "-w", "-D", *self.rule)

    def packets(self):
        """How many packets the rule has met."""
        listing = run(self.program, "-w", "-L", self.rule[0], "-v", "-n", "-x").stdout.splitlines()[2:]
        return sum(int(line.split()[0]) for line in listing if line.strip())
