#!/bin/sh
# Installs the built tree into a private folder and uses it as a stranger would: the C++ example by find_package and by
# pkg-config, the Lua module by require, the runner by name.
#   check.sh BUILD_DIR SOURCE_DIR LUA
set -eu
build=$1 source=$2 lua=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/usr" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

echo "find_package(socketcore)"
cmake -S "$source/examples" -B "$work/example" -DCMAKE_PREFIX_PATH="$work/usr" -DCMAKE_BUILD_TYPE=Debug \
  ${SC_EXAMPLE_FLAGS:+"-DCMAKE_CXX_FLAGS=$SC_EXAMPLE_FLAGS"} >"$work/log" 2>&1 &&
  cmake --build "$work/example" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/example/embed"

echo "pkg-config socketcore"
pc=$(dirname "$(find "$work/usr" -name socketcore.pc)")
flags=$(PKG_CONFIG_PATH="$pc" pkg-config --cflags --libs --static socketcore)
# shellcheck disable=SC2086
${CXX:-c++} -std=c++20 ${SC_EXAMPLE_FLAGS:-} "$source/examples/embed.cpp" -o "$work/embed" $flags
"$work/embed"

echo "socketcore --version"
"$work/usr/bin/socketcore" --version

if [ "$lua" != none ]; then
  echo "require 'socketcore' in $lua"
  module=$(dirname "$(find "$work/usr" -name socketcore.so)")
  LUA_CPATH="$module/?.so" "$lua" -e 'assert(type(require("socketcore").sock_conn) == "function")'
fi
