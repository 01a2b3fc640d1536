// The engine on this machine's kernel, with each system call and each allocation failing in turn.
#include <gtest/gtest.h>

#include "sim/peers.hpp"
#include "torture/c_memory.hpp"
#include "torture/kernel.hpp"
#include "torture/tests.hpp"

int main(int count, char** arguments) {
  using namespace socketcore::test;
  testing::InitGoogleTest();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  auto options = parse_torture_options(count, arguments);
  if (!options) return 2;
  options->wall_limit = 120;
  options->first_tries = 3;
  starve_c_libraries();
  (void)tls_server();
  Kernel faults_of_the_kernel;
  kernel = &faults_of_the_kernel;
  own_faults = kernel;
  // Threads of their own cannot be left; or a clock on the wall decides; or there is nothing but many.
  return torture(scenarios_of_tests({"ADeviceThatGoesLeaves", "AnotherThreadWakes", "TimersAreOnTime", "BulkBothWays",
                                     "CloseAfterAllWasAcknowledged", "UnreadInputHolds", "SendsInARow", "ManyConnections",
                                     "CyclesLeaveNo", "CloseDiscardsWhat", "ThoughTheScriptDoesNotRead",
                                     "IsNotConfirmedBefore", "LingerLimit", "ALoopOfTheHostsOwn"}),
                 *options);
}
