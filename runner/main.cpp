#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

#include "runner/compatibility.hpp"
#include "runner/doctor.hpp"
#include "runner/echo.hpp"
#include "runner/examine_project.hpp"
#include "runner/log.hpp"
#include "runner/run.hpp"
#include "runner/signals.hpp"
#include "socketcore/endpoint.hpp"
#include "socketcore/version.hpp"

namespace {

constexpr int kBadUsage = 2;

constexpr const char* kAbout = "Runs Lua scripts written for the socket core of cellular IoT modules.";
constexpr const char* kExamples = R"(Examples:
  socketcore echo --write-ca ca.pem        # a server to talk to; prints its ports
  socketcore run hello.lua 127.0.0.1 4000  # runs a script, with two arguments
  socketcore doctor                        # what does this machine allow?
  socketcore doctor project/               # what does a project need that is not here?

A first script, hello.lua:
  local id = socketcore.sock_conn(0, ...)
  local message = rtos.receive(rtos.INF_TIMEOUT)
  print(message.id == rtos.MSG_SOCK_CONN_CNF, message.result, message.reason)

'socketcore run --help' and so on tell more.)";

constexpr const char* kRunAbout =
    "Runs SCRIPT: a folder with a main.lua, a Lua file, or - for standard input. A folder, or its main.lua, is a device's\n"
    "project: it finds itself under /lua/, a flash to write to, a modem on uart.ATC, all modules of the device, and local time\n"
    "of UTC+8 unless TZ is set. Any other script finds this machine's files, and 'socketcore' and 'rtos'. What follows\n"
    "SCRIPT is the script's, options too: it finds it in '...' and in the table 'arg'.";
constexpr const char* kRunExamples = R"(Examples:
  socketcore run app.lua
  socketcore run --data flash --uart 1=pty --lib ../library project/   # a device's project
  socketcore run --profile air724u --lib ../library app/ --verbose   # --verbose goes to app/main.lua
  socketcore run --log debug app.lua 2> app.log                      # only the script writes to stdout

Exit status: the script's own (os.exit), 0 at its end or after rtos.poweroff(), 1 after an error, 2 after bad usage,
128 + N after signal N. SIGINT, SIGTERM and SIGHUP (not under nohup) end the script wherever it is, and what sock_send
accepted is still delivered. A script that is in the midst of a long call, or of a loop that LuaJIT has compiled and that calls
nothing, is left 2 seconds after the signal. A second signal ends the process at once.)";

constexpr const char* kEchoAbout = "Sends back what it is sent over TCP, UDP and TLS. Prints its ports, a line each.";
constexpr const char* kEchoExamples = R"(Examples:
  socketcore echo                                   # any free ports of 127.0.0.1
  socketcore echo --bind :: --tcp 7 --udp 7         # the well-known ports, for everybody
  socketcore echo --tls 4433 --write-ca ca.pem      # then: openssl s_client -connect localhost:4433 -CAfile ca.pem)";

constexpr const char* kDoctorAbout =
    "Says what this machine allows, a line per item, and how to mend what it lacks. Fails if nothing would work.\n"
    "With FOLDER, reads a device's project, runs nothing, and says with file and line which modules, calls, constants and\n"
    "AT commands it uses that do not exist here. Fails if there are any.";
constexpr const char* kDoctorExamples = R"(Examples:
  socketcore doctor
  socketcore doctor --lib ../library project/
  socketcore doctor --compatibility > compatibility.md   # all that a project finds here)";

class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, name);
    if (app->get_name() != "run") return usage;
    return usage.substr(0, usage.find_last_not_of('\n') + 1) + " SCRIPT [ARG...]\n";
  }
};

// A file that the engine opened in the place of a missing stdout or stderr, a connection even, would get what is printed.
void fill_standard_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

struct Arguments {
  runner::RunOptions run;
  runner::EchoOptions echo;
  runner::ExamineOptions examine;
  bool compatibility = false;
  std::string profile = "host";
  std::string tls_verify = "script";
  std::string sni = "script";
  std::string log = "warning";
  std::string modem = "instant";
  std::string sim = "ready";
  std::string registration = "home";
  int attach_delay_ms = 0;
};

// A device's project: all of these make SCRIPT one, whatever it is called.
void add_device(CLI::App& run, Arguments& arguments) {
  runner::ProjectOptions& project = arguments.run.project;
  socketcore::ModemSettings& modem = project.modem;
  const auto add = [&](const char* name, auto& value, const char* about, const char* kind) {
    return run.add_option(name, value, about)->option_text(kind)->group("A device's project")->allow_extra_args(false);
  };
  add("--data", project.data, "The folder that stands for the flash; else one that is made for this run only", "DIR");
  add("--uart", project.uarts, "Join UART N (1, 2, 3; 129: USB) to a serial device, or to a new pseudo terminal; repeatable",
      "N=PATH|N=pty");
  add("--modem-ctl", project.control_fifo, "Drive modem and parts by lines written to this FIFO (docs/device.md)", "FIFO");
  add("--parts", project.parts_file, "Set pins, ADCs and so on from the lines of this file (docs/parts.md)", "FILE")
      ->check(CLI::ExistingFile);
  add("--trace", project.trace_file, "Write what the script does to pins, buses and so on, line by line", "FILE");
  add("--modem", arguments.modem, "real: answers and starts as slowly as the device's", "instant|real")
      ->check(CLI::IsMember({"instant", "real"}));
  add("--imei", modem.imei, "The modem's IMEI", "DIGITS");
  add("--imsi", modem.imsi, "The SIM's IMSI; its first 5 digits choose the APN", "DIGITS");
  add("--iccid", modem.iccid, "The SIM's ICCID", "DIGITS");
  add("--operator", modem.plmn, "The network's PLMN", "DIGITS");
  add("--rssi", modem.rssi, "The signal, 0..31, or 99 for none", "N");
  add("--sim", arguments.sim, "What is in the SIM slot", "ready|absent|pin")->check(CLI::IsMember({"ready", "absent", "pin"}));
  add("--registration", arguments.registration, "What the network says", "home|roaming|denied|searching")
      ->check(CLI::IsMember({"home", "roaming", "denied", "searching"}));
  add("--attach-delay", arguments.attach_delay_ms, "How much later than usual the network is found", "MS")
      ->check(CLI::Range(0, 86'400'000));
  run.add_flag("--flight-mode", modem.flight_mode, "Start with the radio off")->group("A device's project");
  run.add_flag("--restart", project.restart, "Start the script again when it ends or fails, as the device does")
      ->group("A device's project");
}

// Whether an option of a device was given.
bool asks_for_device(const CLI::App& run) {
  const auto options = run.get_options([](const CLI::Option* option) { return option->get_group() == "A device's project"; });
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) { return option->count() > 0; });
}

constexpr std::uint64_t kLeastMemory = 1 << 20;
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 40;
constexpr std::uint64_t kMostSockets = 1'000'000;

void add_sandbox(CLI::App& run, runner::SandboxOptions& sandbox) {
  constexpr const char* kGroup = "What the script is held to";
  run.add_flag("--sandbox", sandbox.confined,
               "Confine the script to the files of a device's project, its Lua to what cannot harm (docs/sandbox.md)")
      ->group(kGroup);
  run.add_option("--max-memory", sandbox.max_memory_bytes, "How much memory its Lua may use, as 64M; 64M with --sandbox")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(kLeastMemory, kMostMemory))
      ->option_text("SIZE")
      ->group(kGroup);
  run.add_option("--max-sockets", sandbox.max_sockets, "How many sockets at once it may have; 64 with --sandbox")
      ->check(CLI::Range(std::uint64_t{1}, kMostSockets))
      ->option_text("N")
      ->group(kGroup);
  run.add_flag("--no-core", sandbox.no_core, "Write no core dump, which would show keys; is on with --sandbox")->group(kGroup);
}

void add_run(CLI::App& app, Arguments& arguments) {
  CLI::App* const run = app.add_subcommand("run", kRunAbout);
  run->footer(kRunExamples);
  // The first word that is no option is SCRIPT; from there on nothing is ours.
  run->prefix_command();
  run->add_option("--profile", arguments.profile, "The limits that the script meets")
      ->check(CLI::IsMember({"host", "air724u"}))
      ->capture_default_str();
  run->add_option("--tls-verify", arguments.tls_verify,
                  "strict: every certificate must verify, against the system's CA store where the script names no CA")
      ->check(CLI::IsMember({"script", "strict"}))
      ->capture_default_str();
  run->add_option("--sni", arguments.sni, "auto: name the server in every TLS handshake unless the script says no")
      ->check(CLI::IsMember({"script", "auto"}))
      ->capture_default_str();
  run->add_option("--lib", arguments.run.libraries, "A folder to look for modules in, after the script's; repeatable")
      ->check(CLI::ExistingDirectory)
      ->option_text("DIR")
      ->allow_extra_args(false);
  run->add_option("--log", arguments.log, "What the engine says on stderr")
      ->check(CLI::IsMember(runner::log_levels()))
      ->capture_default_str();
  add_device(*run, arguments);
  add_sandbox(*run, arguments.run.sandbox);
  run->add_flag("--exit-when-idle", arguments.run.exit_when_idle,
                "End where the script waits and nothing can ever come: no socket, no timer");
}

void add_echo(CLI::App& app, Arguments& arguments) {
  runner::EchoOptions& echo = arguments.echo;
  CLI::App* const command = app.add_subcommand("echo", kEchoAbout);
  command->footer(kEchoExamples);
  command->add_option("--bind", echo.bind, "The address to listen on")
      ->check([](const std::string& text) { return socketcore::Address::parse(text) ? "" : text + " is no IP address"; })
      ->type_name("ADDR")
      ->capture_default_str();
  const auto add_port = [&](const char* name, std::uint16_t& port, const char* what) {
    command->add_option(name, port, std::string(what) + " port; 0: any free one")->type_name("PORT")->capture_default_str();
  };
  add_port("--tcp", echo.tcp_port, "TCP");
  add_port("--udp", echo.udp_port, "UDP");
  add_port("--tls", echo.tls_port, "TLS");
  CLI::Option* const cert = command->add_option("--cert", echo.cert_file, "PEM file of the certificate and its chain");
  CLI::Option* const key = command->add_option("--key", echo.key_file, "PEM file of its key");
  cert->check(CLI::ExistingFile)->type_name("FILE")->needs(key);
  key->check(CLI::ExistingFile)->type_name("FILE")->needs(cert);
  command->add_option("--write-ca", echo.ca_file, "Where to write the PEM of the throwaway CA")
      ->type_name("FILE")
      ->excludes(cert);
  command->add_option("--ready-file", echo.ready_file, "Where to write the ports as well, once all of them listen")
      ->type_name("FILE");
  command->add_option("--log", arguments.log, "What the engine says on stderr")
      ->check(CLI::IsMember(runner::log_levels()))
      ->capture_default_str();
}

void add_doctor(CLI::App& app, Arguments& arguments) {
  CLI::App* const command = app.add_subcommand("doctor", kDoctorAbout);
  command->footer(kDoctorExamples);
  CLI::Option* const folder = command->add_option("FOLDER", arguments.examine.folder, "A device's project")
      ->check([](const std::string& text) {
        const std::filesystem::path path(text);
        std::error_code error;
        const bool main = path.filename() == "main.lua" && std::filesystem::exists(path, error);
        return main || std::filesystem::is_directory(path, error) ? "" : text + " is no folder";
      })
      ->option_text(" ");
  command->add_option("--lib", arguments.examine.libraries, "A folder that the project finds its library in; repeatable")
      ->check(CLI::ExistingDirectory)
      ->option_text("DIR")
      ->allow_extra_args(false)
      ->needs(folder);
  command->add_flag("--compatibility", arguments.compatibility, "Print docs/compatibility.md: all that a project finds here")
      ->excludes(folder);
}

int run_doctor(const Arguments& arguments) {
  if (arguments.compatibility) {
    std::fputs(runner::compatibility_page().c_str(), stdout);
    return EXIT_SUCCESS;
  }
  return arguments.examine.folder.empty() ? runner::examine_machine() : runner::examine_project(arguments.examine);
}

// Splits what CLI11 left over into the script and its arguments.
void take_script(const CLI::App& run, runner::RunOptions& options) {
  std::vector<std::string> rest = run.remaining();
  if (rest.empty()) throw CLI::RequiredError("SCRIPT");
  if (rest.front().size() > 1 && rest.front().front() == '-') {
    throw CLI::ParseError("unknown option " + rest.front(), CLI::ExitCodes::ExtrasError);
  }
  options.script = rest.front();
  options.arguments.assign(rest.begin() + 1, rest.end());
}

int dispatch(const CLI::App& app, Arguments& arguments) {
  if (app.got_subcommand("doctor")) return run_doctor(arguments);

  const auto log = runner::make_log(arguments.log);
  runner::install_signals();
  if (app.got_subcommand("echo")) return runner::run_echo(arguments.echo, *log);

  runner::SandboxOptions& sandbox = arguments.run.sandbox;
  sandbox.settle();
  socketcore::DeviceOptions& device = arguments.run.device;
  socketcore::Profile profile = *socketcore::find_profile(arguments.profile);
  if (sandbox.max_sockets > 0) profile.max_sockets = std::min<std::size_t>(profile.max_sockets, sandbox.max_sockets);
  device.profile = &profile;
  if (arguments.tls_verify == "strict") device.tls_verify = socketcore::TlsVerify::strict;
  socketcore::ModemSettings& modem = arguments.run.project.modem;
  modem.timing = socketcore::timing_of(arguments.modem).value();
  modem.sim = socketcore::sim_of(arguments.sim).value();
  modem.registration = socketcore::registration_of(arguments.registration).value();
  modem.attach_delay = std::chrono::milliseconds(arguments.attach_delay_ms);
  arguments.run.as_device = sandbox.confined || asks_for_device(*app.get_subcommand("run"));
  if (arguments.sni == "auto") device.sni = socketcore::Sni::automatic;
  return runner::run_script(arguments.run, *log);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    fill_standard_descriptors();
    // A script's lines are seen as it prints them, in a pipe too.
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    Arguments arguments;
    CLI::App app(kAbout, "socketcore");
    app.formatter(std::make_shared<HelpFormatter>());
    app.footer(kExamples);
    app.set_version_flag("--version", std::string("socketcore ") + socketcore::kVersion);
    app.require_subcommand(1);
    add_run(app, arguments);
    add_echo(app, arguments);
    add_doctor(app, arguments);
    try {
      app.parse(argc, argv);
      const CLI::App* const run = app.get_subcommand("run");
      if (run->parsed()) take_script(*run, arguments.run);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? EXIT_SUCCESS : kBadUsage;
    }
    return dispatch(app, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "socketcore: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
