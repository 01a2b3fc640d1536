#include "runner/examine_project.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <set>
#include <string_view>

#include "modem/command_table.hpp"
#include "runner/project.hpp"
#include "runner/project_report.hpp"
#include "runner/project_sources.hpp"

namespace runner {

namespace {

namespace fs = std::filesystem;
namespace lua = socketcore::lua;
using lua::ModuleEntry;
using lua::Status;
using Kind = ProjectReport::Kind;

// Those that the inventory does not list.
constexpr std::string_view kLuaModules[] = {"_G", "coroutine", "debug", "package"};

bool is_lua_module(std::string_view name) {
  return std::find(std::begin(kLuaModules), std::end(kLuaModules), name) != std::end(kLuaModules);
}

std::string absent(std::string_view why) {
  return "absent (" + std::string(why) + ")";
}

/// The names of the commands of a line, as far as they stand in it: "AT+CSQ;+CREG?" has two.
std::vector<std::string> names_of(const CommandText& command) {
  std::vector<std::string> names;
  for (std::size_t place = 2; place < command.text.size();) {
    const char prefix = command.text[place];
    if (prefix != '+' && prefix != '*' && prefix != '^') break;
    std::size_t end = place + 1;
    std::string name(1, prefix);
    for (; end < command.text.size() && std::isalnum(static_cast<unsigned char>(command.text[end])) != 0; ++end) {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(command.text[end])));
    }
    const bool cut = command.continued && end == command.text.size();
    if (name.size() > 1 && !cut) names.push_back(std::move(name));
    const std::size_t next = command.text.find(';', end);
    if (next == std::string::npos) break;
    place = next + 1;
  }
  return names;
}

/// Holds the scripts against what this host has.
class Examiner {
 public:
  explicit Examiner(const ProjectSources& sources) : sources_(sources) {
    for (const Script& script : sources_.scripts()) {
      for (const auto& [name, where] : script.outline.globals) globals_.insert(name);
      for (const auto& [name, line] : script.outline.members) members_.insert(name);
    }
  }

  ProjectReport examine() {
    examine_start();
    for (place_ = 0; place_ < sources_.scripts().size(); ++place_) {
      const Script& script = sources_.scripts()[place_];
      if (script.library) {
        if (script.reached) examine_requirements(script);
      } else {
        examine_state(script);
        examine_requirements(script);
        examine_mentions(script);
        examine_commands(script);
      }
    }
    for (const auto& [folder, reason] : sources_.unreadable_folders()) {
      report_.add(Kind::project, place_, folder, 0, "a folder that cannot be read", reason);
    }
    return std::move(report_);
  }

 private:
  void note(const Script& script, Kind kind, std::size_t line, const std::string& what, const std::string& why) {
    report_.add(script.reached ? kind : Kind::unreached, place_, script.shown, line, what, why);
  }

  void examine_start() {
    if (!sources_.has_main()) return report_.add(Kind::project, 0, "main.lua", "there is none: the device starts with it");
    if (sources_.scripts().front().state != Script::State::read) return;
    for (const char* const name : {"PROJECT", "VERSION"}) examine_constant(name);
  }

  // The script library checks them at its start.
  void examine_constant(const std::string& name) {
    for (const Script& script : sources_.scripts()) {
      const auto found = script.outline.globals.find(name);
      if (script.library || !script.reached || found == script.outline.globals.end()) continue;
      if (found->second.number) {
        report_.add(Kind::project, 0, script.shown, found->second.line, name, "a number, must be a string");
      }
      return;
    }
    report_.add(Kind::project, 0, "main.lua", 1, name, "never set, must be a string");
  }

  void examine_state(const Script& script) {
    if (script.state == Script::State::read) return;
    if (script.state == Script::State::compiled) return report_.add(Kind::unread, place_, script.shown, script.problem);
    if (script.state == Script::State::broken) return note(script, Kind::script, script.line, script.problem, "");
    note(script, Kind::script, 0, script.problem, "");
  }

  void examine_requirements(const Script& script) {
    for (const Requirement& requirement : script.outline.requirements) {
      if (sources_.has_module(requirement.module) || is_lua_module(requirement.module)) continue;
      const ModuleEntry* const module = lua::find_module(requirement.module);
      if (module != nullptr && module->status != Status::absent) continue;
      note(script, requirement.guarded ? Kind::probed : Kind::module, requirement.line,
           "require \"" + requirement.module + "\"", module != nullptr ? absent(module->note) : "no such module");
    }
  }

  // Modules of the project's own may have the names of the device's, and it may add to those.
  [[nodiscard]] bool is_own(const Mention& mention) const {
    const std::string module(mention.module->name);
    if (globals_.count(module) > 0) return true;
    if (mention.module->status == Status::absent && sources_.has_module(module)) return true;
    const std::string& name = mention.name;
    for (std::size_t size = name.find('.');; size = name.find('.', size + 1)) {
      if (members_.count(module + "." + name.substr(0, size)) > 0) return true;
      if (size == std::string::npos) return false;
    }
  }

  [[nodiscard]] static std::string why(const Mention& mention) {
    if (mention.module->status == Status::absent) return absent(mention.module->note);
    const lua::Entries* const entries = lua::find_entry(*mention.module, mention.name);
    return entries != nullptr ? absent(entries->note) : "unknown";
  }

  void examine_mentions(const Script& script) {
    const std::vector<Mention>& mentions = script.outline.mentions;
    std::set<std::string> called;
    const auto name_of = [](const Mention& mention) { return std::string(mention.module->name) + "." + mention.name; };
    for (const Mention& mention : mentions) {
      if (mention.use == Use::call) called.insert(name_of(mention));
    }
    for (const Mention& mention : mentions) {
      if (is_own(mention)) continue;
      const std::string name = name_of(mention);
      // To look for a member of a module that is there does no harm.
      const bool harmless = mention.guarded || (mention.use == Use::test && mention.module->status != Status::absent);
      const Kind kind = called.count(name) > 0 ? Kind::call : Kind::constant;
      note(script, harmless ? Kind::probed : kind, mention.line, name, why(mention));
    }
  }

  void examine_commands(const Script& script) {
    for (const CommandText& command : script.outline.commands) {
      for (const std::string& name : names_of(command)) {
        if (socketcore::find_command(name) != nullptr) continue;
        note(script, Kind::command, command.line, "AT" + name, "unknown to the modem, which answers OK");
      }
    }
  }

  const ProjectSources& sources_;
  std::size_t place_ = 0;  // of the script in hand
  std::set<std::string> globals_;
  std::set<std::string> members_;
  ProjectReport report_;
};

}  // namespace

int examine_project(const ExamineOptions& options) {
  fs::path folder = options.folder;
  std::error_code error;
  if (!fs::is_directory(folder, error)) folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  std::vector<fs::path> libraries(options.libraries.begin(), options.libraries.end());
  if (fs::path own = own_library(); !own.empty()) libraries.push_back(std::move(own));
  const ProjectSources sources(folder, libraries);
  const auto scripts = static_cast<std::size_t>(std::count_if(sources.scripts().begin(), sources.scripts().end(),
                                                              [](const Script& script) { return !script.library; }));
  const ProjectReport report = Examiner(sources).examine();
  report.print(scripts);
  return report.complete() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace runner
