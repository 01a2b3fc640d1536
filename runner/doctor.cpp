#include "runner/doctor.hpp"

#include <ares.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "lua/lua_api.hpp"
#include "socketcore/os.hpp"
#include "socketcore/version.hpp"

namespace runner {

namespace {

namespace fs = std::filesystem;
using socketcore::Address;
using socketcore::Family;
using socketcore::Os;
using socketcore::OwnedFd;
using socketcore::SocketKind;
using socketcore::SysError;

constexpr rlim_t kFewDescriptors = 4096;
constexpr int kIcmp = 1;
constexpr std::uint16_t kAnyPort = 9;

enum class Verdict { ok, warn, fail };

void say(Verdict verdict, std::string_view item, const std::string& finding, const std::string& remedy = {}) {
  const char* const words[] = {"ok", "warn", "fail"};
  std::printf("%-5s %-12s %s", words[static_cast<int>(verdict)], std::string(item).c_str(), finding.c_str());
  if (!remedy.empty()) std::printf("; %s", remedy.c_str());
  std::printf("\n");
}

std::string lua_version() {
  const std::unique_ptr<lua_State, decltype(&lua_close)> state(luaL_newstate(), lua_close);
  lua_State* const L = state.get();
  if (L == nullptr) return {};
  luaL_openlibs(L);
  if (luaL_loadstring(L, "return jit and jit.version or _VERSION") != 0 || lua_pcall(L, 0, 1, 0) != 0) return {};
  return lua_tostring(L, -1);
}

bool examine_lua() {
  const std::string version = lua_version();
  if (version.empty()) {
    say(Verdict::fail, "lua", "no state could be made", "free some memory");
    return false;
  }
  say(Verdict::ok, "lua", version);
  return true;
}

void examine_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto text = [](rlim_t value) { return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value); };
  const std::string finding = text(limit.rlim_cur) + " at once (a user may raise it to " + text(limit.rlim_max) + ")";
  if (limit.rlim_cur >= kFewDescriptors) {
    say(Verdict::ok, "descriptors", finding);
  } else {
    const bool at_most = limit.rlim_cur >= limit.rlim_max;
    say(Verdict::warn, "descriptors", finding,
        "for more sockets: " + (at_most ? "raise the hard limit (limits.conf)" : "ulimit -n " + text(limit.rlim_max)));
  }
}

// Asks the kernel for a route. A datagram socket sends nothing by connecting.
SysError look_for_route(Os& os, std::string_view literal) {
  const auto address = Address::parse(literal);
  const auto opened = os.open(address->family, SocketKind::datagram, 0);
  if (!opened.ok()) return opened.error;
  const OwnedFd fd(os, opened.fd);
  return os.connect(fd.get(), {*address, kAnyPort});
}

void examine_family(Os& os, std::string_view item, std::string_view loopback, std::string_view far, const char* remedy) {
  const SysError error = look_for_route(os, loopback);
  if (error.no_descriptors()) {
    say(Verdict::warn, item, "cannot be looked at: " + std::string(error.words()));
  } else if (!error.ok()) {
    say(Verdict::warn, item, "not available: " + std::string(error.words()), remedy);
  } else if (!look_for_route(os, far).ok()) {
    say(Verdict::warn, item, "on this machine only", "there is no route to the internet: look at ip route");
  } else {
    say(Verdict::ok, item, "has a route to the internet");
  }
}

void examine_raw(Os& os) {
  const auto opened = os.open(Family::v4, SocketKind::raw, kIcmp);
  if (opened.ok()) {
    os.close(opened.fd);
    say(Verdict::ok, "raw", "RAW sockets can be opened");
    return;
  }
  if (!opened.error.not_permitted()) {
    say(Verdict::warn, "raw", "RAW sockets: " + std::string(opened.error.words()));
    return;
  }
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  say(Verdict::warn, "raw", "RAW sockets: not permitted (CAP_NET_RAW is missing)",
      "sudo setcap cap_net_raw+ep " + self.string() + ", or run as root");
}

std::string variable_or(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

void examine_ca_store() {
  std::error_code error;
  const std::string file = variable_or(X509_get_default_cert_file_env(), X509_get_default_cert_file());
  const std::string folder = variable_or(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  const bool folder_in_use = fs::is_directory(folder, error) && !fs::is_empty(folder, error) && !error;
  if (fs::is_regular_file(file, error) && std::ifstream(file)) {
    say(Verdict::ok, "ca store", file);
  } else if (folder_in_use) {
    say(Verdict::ok, "ca store", folder);
  } else {
    say(Verdict::warn, "ca store", "neither " + file + " nor certificates in " + folder,
        "install ca-certificates; only --tls-verify strict needs them");
  }
}

void examine_resolver() {
  std::ifstream file("/etc/resolv.conf");
  std::string servers;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string server;
    if (words >> keyword >> server && keyword == "nameserver") servers += (servers.empty() ? "" : ", ") + server;
  }
  std::error_code error;
  const std::string hosts = fs::exists("/etc/hosts", error) ? "; /etc/hosts is there" : "; no /etc/hosts";
  if (servers.empty()) {
    say(Verdict::warn, "resolver", "/etc/resolv.conf names no server" + hosts, "add a line: nameserver ADDRESS");
  } else {
    say(Verdict::ok, "resolver", "asks " + servers + hosts);
  }
}

}  // namespace

int examine_machine() {
  say(Verdict::ok, "engine", std::string("socketcore ") + socketcore::kVersion);
  bool usable = examine_lua();
  say(Verdict::ok, "tls", OpenSSL_version(OPENSSL_VERSION));
  say(Verdict::ok, "dns", std::string("c-ares ") + ares_version(nullptr));
  examine_descriptors();

  socketcore::SysError error;
  const std::unique_ptr<Os> os = socketcore::linux_os(&error);
  if (os) {
    say(Verdict::ok, "epoll", "available");
    examine_family(*os, "ipv4", "127.0.0.1", "192.0.2.1", "bring the loopback interface up (ip link set lo up)");
    examine_family(*os, "ipv6", "::1", "2001:db8::1", "enable it in the kernel (sysctl net.ipv6.conf.all.disable_ipv6)");
    examine_raw(*os);
  } else {
    say(Verdict::fail, "epoll", std::string(error.words()), "close some files, or raise ulimit -n");
    usable = false;
  }
  examine_ca_store();
  examine_resolver();
  return usable ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace runner
