#include <utility>

#include "socketcore/os.hpp"

namespace socketcore {

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    reset();
    os_ = other.os_;
    fd_ = other.release();
  }
  return *this;
}

int OwnedFd::release() noexcept {
  return std::exchange(fd_, -1);
}

void OwnedFd::reset() noexcept {
  if (fd_ >= 0) os_->close(release());
}

}  // namespace socketcore
