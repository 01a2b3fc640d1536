#!/usr/bin/env python3
"""Reads the #include lines of the tree and fails where a room uses one that it must not know.

A room may use every room to its left, and none to its right:
    base <- os <- loop <- { dns, transport } <- device <- { codec, modem } <- board <- lua <- runner
Foreign headers have rooms of their own: OpenSSL in transport/tls_*, c-ares in dns, the kernel's in os, Lua's in lua.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
uses = {
    "base": set(),
    "os": {"base"},
    "loop": {"base", "os"},
    "dns": {"base", "os", "loop"},
    "transport": {"base", "os", "loop"},
    "device": {"base", "os", "loop", "dns", "transport"},
    "codec": {"base"},
    "modem": {"base"},
    "board": {"base", "os", "loop", "device", "codec", "modem"},
    "lua": {"base", "codec", "modem", "board"},
    "runner": {"base", "os", "loop", "dns", "transport", "device", "codec", "modem", "board", "lua"},
}
foreign = [
    (r"openssl/", [r"src/transport/tls_", r"src/codec/crypto", r"runner/doctor"]),
    (r"ares", [r"src/dns/", r"runner/doctor"]),
    (r"(sys/epoll|sys/socket|netinet/|arpa/|net/if|linux/)", [r"src/os/", r"src/dns/"]),
    (r"(lua|lauxlib|lualib|luajit)\.h(pp)?$", [r"src/lua/", r"runner/"]),
    (r"(spdlog|fmt|CLI)/", [r"runner/"]),
]
wrong = []
count = 0
for path in sorted([*root.glob("src/**/*.[ch]pp"), *root.glob("runner/**/*.[ch]pp"), *root.glob("include/**/*.hpp")]):
    name = path.relative_to(root).as_posix()
    room = name.split("/")[1] if name.startswith("src/") else name.split("/")[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        count += 1
        header = match.group(2)
        other = header.split("/")[0]
        if match.group(1) == '"' and other in uses and other != room:
            if room == "include" or other not in uses[room]:
                wrong.append(f"{name}:{number}: {room} must not use {header}")
        for pattern, allowed in foreign:
            if match.group(1) == "<" and re.match(pattern, header) and not any(re.match(a, name) for a in allowed):
                wrong.append(f"{name}:{number}: {header} belongs into {' or '.join(allowed)}")
print("\n".join(wrong))
print(f"{count} include lines read, {len(wrong)} wrong")
sys.exit(1 if wrong or count == 0 else 0)
