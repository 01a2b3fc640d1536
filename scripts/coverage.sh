#!/bin/sh
# Runs the engine's tests in a build of the preset coverage and prints line and branch coverage of its rooms, file by file.
# Fails below LEAST percent of the lines. Not counted: the simulated kernel, which is a tool of the tests, and branches that
# only an exception takes. Inline functions that a test uses itself may count as not run: tests are built without counters.
#   scripts/coverage.sh BUILD [LEAST]
set -eu
build=$1
least=${2:-95}
programs="unit_base unit_os unit_loop unit_dns unit_transport unit_device sim_tests real_tests"

cmake --build "$build" --target $programs
find "$build" -name '*.gcda' -delete
for program in $programs; do
  echo "Running $program"
  (cd "$build/tests" && "./$program" --gtest_brief=1)
done

gcovr --root . --filter 'src/(base|os|loop|dns|transport|device)/' --filter include/ \
  --exclude 'src/os/sim.*' --exclude-throw-branches \
  --json "$build/coverage.json" "$build/src"
gcovr --root . --add-tracefile "$build/coverage.json" --branches
gcovr --root . --add-tracefile "$build/coverage.json" --print-summary --fail-under-line "$least"
