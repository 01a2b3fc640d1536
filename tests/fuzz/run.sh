#!/bin/sh
# Runs each fuzz target of a build with the preset `fuzz` for a while, on its corpus and on what earlier runs have found.
#   tests/fuzz/run.sh [SECONDS [TARGET...]]      as: tests/fuzz/run.sh 300 tls_handshake modem
# New inputs come into build/fuzz/found/TARGET, one that crashes into build/fuzz/crashes/TARGET-*. Fails if there is any.
# tests/fuzz/run.sh merge [TARGET...] takes into the corpus what is new in found/.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
build=$PWD/build/fuzz
corpus=$PWD/tests/fuzz/corpus
[ $# -gt 0 ] || set -- $(ls "$corpus")
mkdir -p "$build/crashes"
failed=0
for target in "$@"; do
  program=$build/tests/fuzz/fuzz_$target
  log=$build/found/$target.log
  mkdir -p "$build/found/$target"
  if [ "$seconds" = merge ]; then
    "$program" -merge=1 -max_len=4000 "$corpus/$target" "$build/found/$target" >"$log" 2>&1 || failed=1
    continue
  fi
  "$program" -max_total_time="$seconds" -timeout=25 -max_len=4000 -len_control=0 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$target-" "$build/found/$target" "$corpus/$target" >"$log" 2>&1 || {
    failed=1
    echo "$target: FAILED, see $log"
    continue
  }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
  echo "$target: $runs runs, $edges edges, nothing found"
done
exit $failed
