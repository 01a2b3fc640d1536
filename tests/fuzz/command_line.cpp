// The runner's arguments, in its own main() with stand-ins for what they ask of it. Input: the arguments, a zero byte
// between two.
#include <string>
#include <vector>

#define main runner_main
#include "runner/main.cpp"  // NOLINT(bugprone-suspicious-include)
#undef main

#include "fuzz/input.hpp"

namespace runner {

namespace {
constexpr int kDone = 77;
}

int run_script(const RunOptions& options, socketcore::Log&) {
  socketcore::fuzz::check(!options.script.empty() && options.device.profile != nullptr, "a run without a script");
  return kDone;
}
int run_echo(const EchoOptions& options, socketcore::Log&) {
  socketcore::fuzz::check(socketcore::Address::parse(options.bind).has_value(), "an address that is none");
  return kDone;
}
int examine_machine() {
  return kDone;
}
int examine_project(const ExamineOptions& options) {
  socketcore::fuzz::check(!options.folder.empty(), "a project without a folder");
  return kDone;
}
void install_signals() {}

}  // namespace runner

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::Input input(data, size);
  std::vector<std::string> texts{"socketcore"};
  while (!input.at_end() && texts.size() < 64) texts.emplace_back(input.part('\0'));
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  const int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  const int status = runner_main(count, arguments.data());
  socketcore::fuzz::check(status == 0 || status == 2 || status == runner::kDone, "an exit status that is none");
  return 0;
}
