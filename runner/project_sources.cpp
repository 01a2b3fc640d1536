#include "runner/project_sources.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include "runner/script_compiler.hpp"

namespace runner {

namespace fs = std::filesystem;
using socketcore::Access;
using socketcore::FileSystem;

namespace {

constexpr std::string_view kMain = "main.lua";
constexpr std::string_view kExtensions[] = {".lua", ".luac", ".luae"};  // in the order of package.path
constexpr std::uintmax_t kLargest = 64 * 1024 * 1024;                   // a device has two

// Nothing is written: the flash may be any folder.
FileSystem::Settings settings_of(const fs::path& folder, const std::vector<fs::path>& libraries) {
  FileSystem::Settings settings{{folder}, folder};
  settings.script_folders.insert(settings.script_folders.end(), libraries.begin(), libraries.end());
  return settings;
}

bool is_script(const fs::path& file) {
  const std::string extension = file.extension().string();
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

void fail(Script& script, Script::State state, std::string problem, std::size_t line = 1) {
  script.state = state;
  script.problem = std::move(problem);
  script.line = line;
}

void examine(Script& script, const std::string& path, ScriptCompiler& compiler) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > kLargest) return fail(script, Script::State::unreadable, "too large to be read");
  std::ifstream file(path, std::ios::binary);
  const std::string source{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) return fail(script, Script::State::unreadable, "cannot be read");

  ScriptCompiler::Result result = compiler.examine(source);
  switch (result.verdict) {
    case ScriptCompiler::Verdict::compiles:
      script.outline = read_script(source);
      return;
    case ScriptCompiler::Verdict::is_compiled:
      return fail(script, Script::State::compiled, "compiled: what it uses cannot be told");
    case ScriptCompiler::Verdict::is_foreign:
      return fail(script, Script::State::foreign, "compiled for another Lua than the one that is built in");
    case ScriptCompiler::Verdict::does_not_compile:
      return fail(script, Script::State::broken, std::move(result.problem), result.line);
  }
}

}  // namespace

std::string_view Script::stem() const {
  return std::string_view(file_name).substr(0, file_name.rfind('.'));
}

ProjectSources::ProjectSources(const fs::path& folder, const std::vector<fs::path>& libraries)
    : files_(settings_of(folder, libraries)) {
  collect(folder, "", false);
  for (const fs::path& library : libraries) collect(library, (library / "").string(), true);
  read_all();
  reach();
}

// Goes where FileSystem goes.
void ProjectSources::collect(const fs::path& folder, const std::string& prefix, bool library) {
  std::error_code error;
  const fs::path root = fs::absolute(folder, error);
  std::vector<fs::path> found;
  std::vector<fs::path> folders{root};
  while (!folders.empty()) {
    const fs::path path = std::move(folders.back());
    folders.pop_back();
    fs::directory_iterator entries(path, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      const fs::directory_entry& entry = *entries;
      std::error_code unknown;
      if (entry.is_regular_file(unknown)) {
        if (is_script(entry.path())) found.push_back(entry.path());
      } else if (entry.is_directory(unknown) && !entry.is_symlink(unknown) &&
                 entry.path().filename().native().front() != '.') {
        folders.push_back(entry.path());
      }
    }
    if (error) unreadable_.emplace(prefix + path.lexically_relative(root).string(), error.message());
    error.clear();
  }
  std::sort(found.begin(), found.end());
  const auto main = std::find(found.begin(), found.end(), root / kMain);
  if (main != found.end()) std::rotate(found.begin(), main, main + 1);
  for (const fs::path& path : found) {
    // A folder may be named twice; the first counts.
    if (!places_.try_emplace(path.string(), scripts_.size()).second) continue;
    paths_.push_back(path.string());
    scripts_.push_back({prefix + path.lexically_relative(root).string(), path.filename().string(), library});
  }
}

void ProjectSources::read_all() {
  ScriptCompiler compiler;
  for (std::size_t i = 0; i < scripts_.size(); ++i) examine(scripts_[i], paths_[i], compiler);
}

bool ProjectSources::has_main() const noexcept {
  return !scripts_.empty() && !scripts_.front().library && scripts_.front().shown == kMain;
}

std::size_t ProjectSources::find_file(const std::string& path) const {
  std::string host;
  if (!files_.resolve(path, Access::read, host).ok()) return kNone;
  const auto place = places_.find(host);
  return place != places_.end() ? place->second : kNone;
}

std::size_t ProjectSources::find_module(std::string_view name) const {
  std::string path = "/lua/" + std::string(name);
  std::replace(path.begin() + 5, path.end(), '.', '/');
  for (const std::string_view extension : kExtensions) {
    if (const std::size_t place = find_file(path + std::string(extension)); place != kNone) return place;
  }
  return kNone;
}

// From main.lua on. Without it, everything counts. A script that computes what it requires may mean whatever the scripts
// name in strings.
void ProjectSources::reach() {
  if (!has_main()) {
    for (Script& script : scripts_) script.reached = true;
    return;
  }
  std::vector<std::size_t> open;
  const auto take = [&](std::size_t place) {
    if (place == kNone || scripts_[place].reached) return;
    scripts_[place].reached = true;
    open.push_back(place);
  };
  bool computes = false;
  std::set<std::string, std::less<>> names;  // in strings, without their folders
  take(0);
  while (!open.empty()) {
    while (!open.empty()) {
      const Outline& outline = scripts_[open.back()].outline;
      open.pop_back();
      for (const Requirement& requirement : outline.requirements) take(find_module(requirement.module));
      for (const std::string& word : outline.words) names.insert(word.substr(word.rfind('/') + 1));
      computes = computes || outline.computes_requirements;
    }
    for (std::size_t i = 0; i < scripts_.size(); ++i) {
      const bool named = names.count(scripts_[i].file_name) > 0 || (computes && names.count(scripts_[i].stem()) > 0);
      if (named && find_file("/lua/" + scripts_[i].file_name) == i) take(i);
    }
  }
}

}  // namespace runner
