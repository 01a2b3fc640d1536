#include "board/serial_port.hpp"

#include <chrono>

namespace socketcore {
namespace {

constexpr std::chrono::seconds kSearchEvery{1};

}  // namespace

SerialPort::SerialPort(Loop& loop, Log* log, User& user, std::string name, std::string path, int end)
    : loop_(loop),
      log_(log),
      user_(user),
      name_(std::move(name)),
      path_(std::move(path)),
      end_(end),
      token_(loop.attach(*this)) {
  try {
    search_ = loop_.timers().make(token_, 0);
  } catch (...) {
    loop_.detach(token_);
    throw;
  }
}

SerialPort::~SerialPort() {
  if (end_ >= 0 && fd_.valid()) loop_.os().unwatch(fd_.get());
  loop_.timers().destroy(search_);
  loop_.detach(token_);
}

SysError SerialPort::open() noexcept {
  const OpenResult opened = end_ >= 0 ? loop_.os().duplicate(end_) : loop_.os().open_terminal(path_.c_str());
  if (!opened.ok()) return opened.error;
  OwnedFd fd(loop_.os(), opened.fd);
  if (line_set_) {
    if (const SysError error = loop_.os().set_line(fd.get(), line_); !error.ok()) return error;
  }
  if (const SysError error = loop_.watch(fd.get(), token_); !error.ok()) return error;
  fd_ = std::move(fd);
  return {};
}

SysError SerialPort::set_line(const SerialLine& line) noexcept {
  line_ = line;
  line_set_ = true;
  return fd_.valid() ? loop_.os().set_line(fd_.get(), line) : SysError();
}

std::size_t SerialPort::read(std::span<std::byte> into) noexcept {
  if (!fd_.valid() || into.empty()) return 0;
  const IoResult got = loop_.os().read(fd_.get(), into);
  if (got.ok() && got.size > 0) return got.size;
  if (got.ok() || !got.error.would_block()) lose(got.error);
  return 0;
}

bool SerialPort::write(std::span<const std::byte> data) noexcept {
  if (unsent_.size() + data.size() > kMaxUnsent) return false;
  try {
    unsent_.append(data);
  } catch (...) {
    return false;
  }
  flush();
  return true;
}

void SerialPort::flush() noexcept {
  while (!unsent_.empty()) {
    if (!fd_.valid() || !loop_.os().attached(fd_.get())) {
      unsent_.clear();
      break;
    }
    const IoResult put = loop_.os().write(fd_.get(), unsent_.front());
    if (put.ok()) {
      unsent_.consume(put.size);
    } else if (put.error.would_block()) {
      return;
    } else {
      lose(put.error);
      return;
    }
  }
  user_.drained();
}

void SerialPort::on_ready(Readiness what) noexcept {
  if (what.writable || what.hangup || what.error) {
    if (!unsent_.empty()) flush();
  }
  if (what.readable || what.hangup || what.ended || what.error) user_.arrived();
}

void SerialPort::on_timer(std::uint32_t /*cookie*/) noexcept {
  if (open().ok()) {
    tell(LogLevel::warning, " is back: ", path_);
  } else {
    loop_.timers().arm(search_, later(loop_.os().now(), kSearchEvery));
  }
}

// A pseudo terminal of ours stays though nobody has its other end.
void SerialPort::lose(SysError error) noexcept {
  if (end_ < 0) {
    fd_.reset();
    tell(LogLevel::warning, " has gone and is looked for: ", error.ok() ? "hung up" : error.words());
    loop_.timers().arm(search_, later(loop_.os().now(), kSearchEvery));
  }
  if (unsent_.empty()) return;
  unsent_.clear();
  user_.drained();
}

void SerialPort::tell(LogLevel level, std::string_view what, std::string_view more) const noexcept {
  if (log_ == nullptr || !log_->wants(level)) return;
  try {
    log_->write(level, std::string(name_).append(what).append(more));
  } catch (...) {
    // Not worth more than memory.
  }
}

}  // namespace socketcore
