#pragma once

#include <cstdint>
#include <ostream>

/// Random histories: what scripts, peers and the network do, drawn from one seed, on virtual time. Every message is held to
/// the contract by CheckedDevice, every byte and datagram by the history itself. What is found are failed expectations of
/// GoogleTest.
namespace socketcore::test {

struct HistoryFigures {
  std::uint64_t steps = 0;
  std::uint64_t calls = 0;     // of scripts
  std::uint64_t messages = 0;  // to scripts
  std::uint64_t bytes = 0;     // that arrived at either side
  std::uint64_t digest = 0;    // of all that happened: two runs of a seed have the same
};

/// To be called once before the first: makes what all histories share.
void make_history_ready();

/// `trace`, where there is one, gets a line for each thing that happens.
HistoryFigures run_history(std::uint64_t seed, std::ostream* trace);

}  // namespace socketcore::test
