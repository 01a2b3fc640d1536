#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "board/parts/line.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// I2C buses with virtual devices on them. A control line that names an address puts a device there: 256 registers of a
/// byte, read and written from a pointer that goes up by itself, and any number of longer commands with answers of their
/// own. An address without a device does not acknowledge.
class I2c {
 public:
  static constexpr std::int32_t kBuses = 4;

  explicit I2c(PartsSite& site) noexcept : site_(site) {}

  /// `address` is where write() and read() go: the device that the script names once and for all.
  void open(std::int32_t bus, std::int32_t speed, std::uint8_t address) noexcept;
  void close(std::int32_t bus) noexcept;
  [[nodiscard]] bool is_open(std::int32_t bus) const noexcept { return at(bus).open; }
  [[nodiscard]] std::uint8_t address(std::int32_t bus) const noexcept { return at(bus).address; }

  /// The first byte is the register that the pointer goes to, the others are written from there on. If all of `data` is
  /// one of the device's commands, the next receive() gets its answer instead. Returns the bytes that were taken: all, or
  /// 0 where nothing acknowledges or the bus is not open.
  std::size_t send(std::int32_t bus, std::uint8_t address, std::span<const std::byte> data) noexcept;
  /// Fills `into`, behind the end of an answer with 0xff. Returns the bytes that were read: all, or 0 as above.
  std::size_t receive(std::int32_t bus, std::uint8_t address, std::span<std::byte> into) noexcept;
  /// What receive() will give next. Nothing is read yet.
  std::size_t peek(std::int32_t bus, std::uint8_t address, std::span<std::byte> into) const noexcept;

  /// `BUS ADDR REG HEX`: the device at ADDR has these bytes from register REG on. REG of two bytes or more (four digits)
  /// is a command. Also `BUS ADDR none`: the device is taken off. May throw std::bad_alloc.
  [[nodiscard]] std::string control(ControlLine& line);

 private:
  struct Device {
    std::array<std::byte, 256> registers{};
    std::uint8_t pointer = 0;
    std::map<std::string, std::string, std::less<>> commands;
    const std::string* answer = nullptr;  // of the last command, until something else is sent
  };
  struct Bus {
    bool open = false;
    std::uint8_t address = 0;
    std::map<std::uint8_t, Device> devices;
  };

  [[nodiscard]] const Bus& at(std::int32_t bus) const noexcept { return buses_[static_cast<std::size_t>(bus)]; }
  [[nodiscard]] Device* device(std::int32_t bus, std::uint8_t address) noexcept;

  PartsSite& site_;
  std::array<Bus, kBuses> buses_{};
};

/// SPI buses. What control lines queue is what the script reads next; where that is used up, it reads zeros.
class Spi {
 public:
  static constexpr std::int32_t kBuses = 2;
  static constexpr std::size_t kMaxQueueBytes = 65536;

  explicit Spi(PartsSite& site) noexcept : site_(site) {}

  void open(std::int32_t bus, std::int32_t phase, std::int32_t polarity, std::int32_t bits, std::int32_t clock) noexcept;
  /// False: it was not open.
  bool close(std::int32_t bus) noexcept;
  /// Returns the bytes that were taken: all, or 0 where the bus is not open. Nothing of the queue is used.
  std::size_t send(std::int32_t bus, std::span<const std::byte> data) noexcept;
  std::size_t receive(std::int32_t bus, std::span<std::byte> into) noexcept;
  /// What receive() will give next. Nothing is read yet.
  std::size_t peek(std::int32_t bus, std::span<std::byte> into) const noexcept;
  /// Sends `data` and reads as many bytes `into`, of the same size.
  std::size_t exchange(std::int32_t bus, std::span<const std::byte> data, std::span<std::byte> into) noexcept;

  /// `BUS HEX` queues, `BUS none` empties the queue. May throw std::bad_alloc.
  [[nodiscard]] std::string control(ControlLine& line);

 private:
  struct Bus {
    bool open = false;
    std::string queue;
    std::size_t used = 0;  // bytes of `queue` that were read
  };
  [[nodiscard]] Bus& at(std::int32_t bus) noexcept { return buses_[static_cast<std::size_t>(bus)]; }

  PartsSite& site_;
  std::array<Bus, kBuses> buses_{};
};

}  // namespace socketcore
