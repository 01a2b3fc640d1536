#include "os/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace socketcore::terminal {
namespace {

OpenResult failed(int number) noexcept { return {-1, SysError(number)}; }

/// Closes a descriptor that turned out to be of no use, and keeps the reason.
OpenResult failed_on(int fd) noexcept {
  const int number = errno;
  ::close(fd);
  return failed(number);
}

int make_raw(int fd) noexcept {
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) return -1;
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  return ::tcsetattr(fd, TCSANOW, &settings);
}

struct Rate {
  std::uint32_t baud;
  speed_t speed;
};
constexpr Rate kRates[] = {
    {300, B300},       {600, B600},       {1200, B1200},     {1800, B1800},     {2400, B2400},     {4800, B4800},
    {9600, B9600},     {19200, B19200},   {38400, B38400},   {57600, B57600},   {115200, B115200}, {230400, B230400},
    {460800, B460800}, {500000, B500000}, {576000, B576000}, {921600, B921600}, {1000000, B1000000},
    {1152000, B1152000}, {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000},
    {3500000, B3500000}, {4000000, B4000000},
};

const Rate* find_rate(std::uint32_t baud) noexcept {
  for (const Rate& rate : kRates) {
    if (rate.baud == baud) return &rate;
  }
  return nullptr;
}

tcflag_t size_flag(std::uint8_t data_bits) noexcept {
  switch (data_bits) {
    case 5:
      return CS5;
    case 6:
      return CS6;
    case 7:
      return CS7;
    default:
      return CS8;
  }
}

}  // namespace

OpenResult open(const char* path) noexcept {
  const int fd = ::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed(errno);
  if (make_raw(fd) != 0) return failed_on(fd);  // ENOTTY: a file, not a terminal
  return {fd, {}};
}

OpenResult open_pair(std::span<char> name) noexcept {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return failed(errno);
  if (::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) != 0 || ::grantpt(fd) != 0 || ::unlockpt(fd) != 0) return failed_on(fd);
  if (const int number = ::ptsname_r(fd, name.data(), name.size()); number != 0) {
    errno = number;
    return failed_on(fd);
  }
  // The settings belong to the other end, which must have been open once for attached() to tell "nobody" from "not yet".
  const int other = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (other < 0) return failed_on(fd);
  const int raw = make_raw(other);
  const int number = errno;
  ::close(other);
  errno = number;
  if (raw != 0) return failed_on(fd);
  return {fd, {}};
}

OpenResult open_fifo(const char* path) noexcept {
  // Open for writing too, or each writer that goes would be the end of it.
  const int fd = ::open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed(errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed_on(fd);
  if (!S_ISFIFO(status.st_mode)) {
    ::close(fd);
    return failed(ENOTSUP);
  }
  return {fd, {}};
}

SysError set_line(int fd, const SerialLine& line) noexcept {
  const Rate* const rate = find_rate(line.baud);
  if (rate == nullptr) return SysError(EINVAL);
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) return SysError(errno);
  settings.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB | PARODD | CSTOPB);
  settings.c_cflag |= size_flag(line.data_bits);
  if (line.parity != SerialLine::Parity::none) settings.c_cflag |= PARENB;
  if (line.parity == SerialLine::Parity::odd) settings.c_cflag |= PARODD;
  if (line.stop_bits == 2) settings.c_cflag |= CSTOPB;
  if (::cfsetspeed(&settings, rate->speed) != 0 || ::tcsetattr(fd, TCSANOW, &settings) != 0) return SysError(errno);
  return {};
}

bool attached(int fd) noexcept {
  pollfd what{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&what, 1, 0) <= 0 || (what.revents & POLLHUP) == 0;
}

}  // namespace socketcore::terminal
