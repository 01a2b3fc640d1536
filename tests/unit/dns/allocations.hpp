#pragma once

namespace socketcore::test {

/// How many calls of operator new may still succeed in this program; negative: all. c-ares's own malloc() is not counted.
extern long allocations_left;

}  // namespace socketcore::test
