#!/bin/sh
# Unpacks the Debian packages and asks each interpreter for the module where it looks by itself.
#   check_deb.sh FOLDER_OF_DEBS
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for deb in "$1"/*.deb; do
  echo "$(basename "$deb"): $(dpkg-deb -f "$deb" Depends)"
  dpkg-deb -x "$deb" "$work"
done
"$work/usr/bin/socketcore" --version
for lua in lua5.1 luajit; do
  folders=$("$lua" -e 'for path in package.cpath:gmatch("[^;]+") do print((path:gsub("/%?.*", ""))) end' | grep ^/usr/lib)
  found=
  for folder in $folders; do
    if [ -e "$work$folder/socketcore.so" ]; then found=$work$folder; fi
  done
  [ -n "$found" ] || { echo "$lua would not find the module; it looks into" $folders; exit 1; }
  LUA_CPATH="$found/?.so" "$lua" -e 'assert(type(require("socketcore").sock_conn) == "function")'
  echo "$lua finds the module"
done
ls "$work/usr/share/socketcore/lualib/sys.lua"
if strings "$work/usr/bin/socketcore" | grep -F "$PWD"; then
  echo "paths of this machine are in the package"
  exit 1
fi
