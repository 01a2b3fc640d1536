#!/bin/sh
# Installs the built tree into a private folder and uses it as a stranger would: the runner by name, the C++ example by
# find_package and by pkg-config, the Lua module by require.
#   check.sh BUILD_DIR SOURCE_DIR LUA     (LUA: an interpreter, or none)
set -eu
build=$1 source=$2 lua=$3
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  rm -rf "$work"
}
trap finish EXIT
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }

quietly cmake --install "$build" --prefix "$work/usr"

echo "socketcore --version"
"$work/usr/bin/socketcore" --version
mkfifo "$work/ports"
"$work/usr/bin/socketcore" echo >"$work/ports" &
server=$!
port=$(sed -n 's/^tcp .*:\([0-9]*\)$/\1/p;/^tls/q' "$work/ports")

echo "socketcore run PROJECT, with the installed library"
mkdir "$work/project"
cat >"$work/project/main.lua" <<'PROJECT'
PROJECT, VERSION = "INSTALLED", "1.0.0"
require "sys" require "net" require "sim" require "link"
sys.subscribe("IP_READY_IND", function() print("link ready") os.exit(0) end)
sys.timerStart(os.exit, 10000, 1)
sys.init(0, 0)
sys.run()
PROJECT
"$work/usr/bin/socketcore" run "$work/project" | grep -x "link ready"

echo "find_package(socketcore)"
quietly cmake -S "$source/examples" -B "$work/example" -DCMAKE_PREFIX_PATH="$work/usr" -DCMAKE_BUILD_TYPE=Debug \
  ${SC_EXAMPLE_FLAGS:+"-DCMAKE_CXX_FLAGS=$SC_EXAMPLE_FLAGS"}
quietly cmake --build "$work/example"
"$work/example/embed" 127.0.0.1 "$port"

echo "pkg-config socketcore"
pc=$(dirname "$(find "$work/usr" -name socketcore.pc)")
flags=$(PKG_CONFIG_PATH="$pc" pkg-config --cflags --libs --static socketcore)
# shellcheck disable=SC2086
quietly "${CXX:-c++}" -std=c++20 ${SC_EXAMPLE_FLAGS:-} "$source/examples/embed.cpp" -o "$work/embed" $flags
"$work/embed" 127.0.0.1 "$port"

if [ "$lua" != none ]; then
  echo "require 'socketcore' in $lua"
  module=$(dirname "$(find "$work/usr" -name socketcore.so)")
  LUA_CPATH="$module/?.so" "$lua" -e 'assert(type(require("socketcore").sock_conn) == "function")'
fi
