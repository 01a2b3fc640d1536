#!/bin/sh
# Starts the built-in echo server on free ports, runs demo.lua against it and ends it again.
#   examples/demo.sh [RUNNER]
set -eu
runner=${1:-socketcore}
here=$(dirname "$0")
folder=$(mktemp -d)
server=
clean_up() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$runner" echo --write-ca "$folder/ca.pem" --ready-file "$folder/ports" >"$folder/output" 2>&1 &
server=$!
tries=100
while [ ! -e "$folder/ports" ]; do
  tries=$((tries - 1))
  if [ "$tries" = 0 ] || ! kill -0 "$server" 2>/dev/null; then
    echo "demo: the echo server did not start:" >&2
    cat "$folder/output" >&2
    exit 1
  fi
  sleep 0.1
done
# Lines such as "tcp 127.0.0.1:40000".
port_of() { sed -n "s/^$1 .*://p" "$folder/ports"; }

"$runner" run "$here/demo.lua" 127.0.0.1 "$(port_of tcp)" "$(port_of udp)" "$(port_of tls)" "$folder/ca.pem" \
  "$runner"
