#!/bin/sh
# Runs the engine's tests under valgrind's memcheck: reads of memory that was never written, which no sanitizer of gcc sees,
# and leaks. Takes about an hour; PROGRAM... runs only these.
#   scripts/memcheck.sh BUILD [PROGRAM...]
set -eu
build=$1
shift
[ $# -gt 0 ] || set -- unit_base unit_os unit_loop unit_dns unit_transport unit_device sim_tests real_tests

cmake --build "$build" --target "$@"
for program in "$@"; do
  echo "Running $program"
  # The stock suppressions suffice; what the tests' forked children leave behind is not theirs to free.
  (cd "$build/tests" && valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --child-silent-after-fork=yes "./$program" --gtest_brief=1)
done
