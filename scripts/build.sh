#!/bin/sh
# Configures and builds one preset, and says little unless something goes wrong.
#   scripts/build.sh PRESET [CMAKE_OPTION...]
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
mkdir -p build
log=build/$preset.log
echo "Building build/$preset (the first time takes a few minutes; log: $log)"
if ! { cmake --preset "$preset" "$@" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
  grep -n -m 20 -E 'error|FAILED' "$log" >&2 || true
  tail -n 20 "$log" >&2
  echo "The build failed; all of it is in $log" >&2
  exit 1
fi
