#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "lua/lua_api.hpp"
#include "socketcore/device.hpp"
#include "socketcore/log.hpp"
#include "socketcore/reactor.hpp"

/// Lua over DeviceApi: one code for the module that a stock interpreter loads and for the runner.
///
/// Under LuaJIT a Lua error is an exception that the system's unwinder carries, under PUC Lua it is a longjmp. So nothing
/// here that may raise is noexcept, none of it stands inside a catch, and no object with a destructor lives across a call
/// of Lua's API that can raise.
namespace socketcore::lua {

/// What the program around a Lua state does where its script waits. `interrupted` and `idle` find nothing of C++ between
/// them and Lua: they may raise a Lua error, or leave the script by longjmp.
struct Surroundings {
  /// A signal or Reactor::wake() cut the wait short. Returns to go on waiting.
  void (*interrupted)(lua_State* L) = [](lua_State*) {};
  /// Nothing can ever come. Null: the script waits all the same.
  void (*idle)(lua_State* L) = nullptr;
};

struct HostSettings {
  DeviceOptions options;
  Surroundings around;
  Log* log = nullptr;  ///< must outlive the host
  std::unique_ptr<Os> (*make_os)(SysError* error) = linux_os;  ///< the kernel below; null: why is in `error`
};

/// The parts of a device besides its sockets, as far as waiting for messages must know of them.
class Peripherals {
 public:
  virtual ~Peripherals() = default;
  /// The script is about to take a message: the first time, the modem powers on.
  virtual void before_receive() noexcept = 0;
  /// Nothing of them will ever happen by itself.
  [[nodiscard]] virtual bool idle() const noexcept = 0;
  /// An event whose message is numbers: pushes them, without needing memory, and returns how many. 0: it is a table.
  [[nodiscard]] virtual int push_numbers(lua_State* L, const Message& message) noexcept = 0;
  /// The others: pushes the table. May raise.
  virtual void push_table(lua_State* L, const Message& message) = 0;
};

/// What one Lua state owns: the kernel's side, its reactor, its device, and the message on its way to the script. It lives
/// until lua_close (a full userdata in the registry holds it) or until exit(), whichever comes first; either way what
/// sock_send accepted is delivered, up to the linger limit. In a forked child both only close descriptors.
class Host {
 public:
  struct Created {
    Host* host = nullptr;
    SysError error;  ///< not ok: the kernel refused; else, with no host: out of memory
  };
  [[nodiscard]] static Created create(const HostSettings& settings) noexcept;
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Ends the device and delivers what was accepted. After it only ended() may be asked.
  void end() noexcept;
  [[nodiscard]] bool ended() const noexcept { return device_ == nullptr; }

  [[nodiscard]] Device& device() noexcept { return *device_; }
  [[nodiscard]] Reactor& reactor() noexcept { return *reactor_; }
  [[nodiscard]] Os& os() noexcept { return *os_; }
  [[nodiscard]] const Surroundings& around() const noexcept { return settings_.around; }
  void warn(std::string_view line) noexcept;

  /// None in a stock interpreter: a device of sockets only.
  [[nodiscard]] Peripherals* peripherals() const noexcept { return peripherals_.get(); }
  void attach(std::unique_ptr<Peripherals> peripherals) noexcept { peripherals_ = std::move(peripherals); }

  /// The message that receive() took from the device. It stays here until the script has it: making its table may fail.
  Message message;
  bool has_message = false;
  /// Of how many tables the script must have told when this message has become one.
  double message_number = 0;

  /// While C makes the message a table, or bytes of `reading` a string, finalizers and debug hooks of the script's may run.
  /// They may call what they like, but for what waits or reads: that raises. A close of `reading` is done after the read.
  bool delivering = false;
  SocketId reading = kNobody;
  bool close_after_reading = false;
  /// How often the script has called: bytes that were looked at may have moved since an earlier call.
  std::uint32_t calls = 0;
  static constexpr SocketId kNobody = -1;
  static constexpr SocketId kPort = -2;  // what is being read is no socket

  /// The script waits: the host is this thread's, wherever it was made. exit() in another one leaves it alone.
  void claim() noexcept { thread_.store(pthread_self(), std::memory_order_relaxed); }

  /// To be called when TLS is first used. exit() runs its list backwards, and OpenSSL has just put its own end on it.
  void used_tls() noexcept;

 private:
  explicit Host(const HostSettings& settings);

  friend void end_live_hosts() noexcept;

  HostSettings settings_;
  std::atomic<pthread_t> thread_;
  Host* next_live_ = nullptr;
  // Ended in reverse.
  std::unique_ptr<Os> os_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Peripherals> peripherals_;
};

/// Gives the state its host, or finds the one that it has, and pushes the userdata that holds it: the first upvalue of
/// every function of this module. Raises where there is no memory or no descriptor.
Host& push_host(lua_State* L, const HostSettings& settings);

/// The host in a function's first upvalue. Raises after the host's end, and in a forked child.
[[nodiscard]] Host& host_of(lua_State* L);
/// The same for calls that wait or read: raises in the midst of another of them, too.
[[nodiscard]] Host& idle_host_of(lua_State* L);

/// Adds functions to the table below the `upvalues` on top of the stack; each gets all of them. Pops them.
void set_functions(lua_State* L, const luaL_Reg* list, int upvalues);

}  // namespace socketcore::lua
