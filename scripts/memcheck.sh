#!/bin/sh
# Runs the engine's tests under valgrind's memcheck: reads of memory that was never written, which no sanitizer of gcc sees,
# and leaks. Takes hours; PROGRAM... runs only these.
#   scripts/memcheck.sh BUILD [PROGRAM...]
set -eu
build=$1
shift
[ $# -gt 0 ] || set -- unit_base unit_loop unit_device unit_os unit_dns unit_transport sim_tests real_tests
supp=$PWD/scripts/memcheck.supp
# valgrind has an allocator, descriptors, limits and a pace of its own.
cannot='MemoryGrowth.*:*SignalInterruptsTheWait*:*no_descriptor_stays_open:*every_allocation_of*:*truncated_answer_comes_by_stream'

cmake --build "$build" --target "$@"
for program in "$@"; do
  echo "Running $program"
  (cd "$build/tests" && valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite --child-silent-after-fork=yes "--suppressions=$supp" "./$program" --gtest_brief=1 \
    "--gtest_filter=-$cannot")
done
