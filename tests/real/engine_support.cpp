// The peers and the watched device of sim/ serve on the real kernel as well.
#include "sim/checked_device.cpp"  // NOLINT(bugprone-suspicious-include)
#include "sim/peers.cpp"           // NOLINT(bugprone-suspicious-include)
