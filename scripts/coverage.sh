#!/bin/sh
# Runs the engine's tests in a build of the preset coverage and prints line and branch coverage of its rooms. Fails below
# LEAST percent of the lines. Branches that only an exception takes are not counted.
#   scripts/coverage.sh [BUILD [LEAST]]
set -eu
build=${1:-build/coverage}
least=${2:-95}

find "$build" -name '*.gcda' -delete
for program in unit_base unit_os unit_loop unit_dns unit_transport unit_device sim_tests real_tests; do
  echo "Running $program"
  (cd "$build/tests" && "./$program" --gtest_brief=1) >"$build/$program.log" 2>&1 || {
    cat "$build/$program.log" >&2
    exit 1
  }
done
gcovr --root . --object-directory "$build" --filter 'src/(base|os|loop|dns|transport|device)/' --filter include/ \
  --exclude-throw-branches --exclude-unreachable-branches --branches --print-summary --txt "$build/branches.txt" "$build/src"
gcovr --root . --object-directory "$build" --filter 'src/(base|os|loop|dns|transport|device)/' --filter include/ \
  --fail-under-line "$least" "$build/src"
