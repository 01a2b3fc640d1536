#pragma once

#include <string>

/// The C library's calls on files, of whoever makes them (Lua, the C++ library, ourselves): counted, and failing as the
/// point says (sim/faults.hpp), for what lies under one folder, inside calls of the modules under test.
namespace socketcore::test {

/// The folder; empty: none.
void set_faulty_folder(const std::string& folder);

}  // namespace socketcore::test
