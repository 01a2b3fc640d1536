#pragma once

namespace socketcore::test {

/// From now on OpenSSL's and c-ares' allocations are granted and counted as operator new's are (sim/allocations.hpp). To be
/// called before either has allocated anything.
void starve_c_libraries();

}  // namespace socketcore::test
