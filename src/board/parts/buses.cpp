#include "board/parts/buses.hpp"

#include <algorithm>
#include <string_view>

namespace socketcore {

namespace {

constexpr std::size_t kMaxCommands = 256;  // of a device

std::string_view chars(std::span<const std::byte> data) noexcept {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

std::span<const std::byte> bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

void I2c::open(std::int32_t bus, std::int32_t speed, std::uint8_t address) noexcept {
  Bus& it = buses_[static_cast<std::size_t>(bus)];
  it.open = true;
  it.address = address;
  site_.trace(TraceLine("i2c").number(bus).word("setup").number(speed).view());
}

void I2c::close(std::int32_t bus) noexcept {
  buses_[static_cast<std::size_t>(bus)].open = false;
  site_.trace(TraceLine("i2c").number(bus).word("close").view());
}

std::size_t I2c::send(std::int32_t bus, std::uint8_t address, std::span<const std::byte> data) noexcept {
  Device* const it = device(bus, address);
  if (it == nullptr) return 0;
  site_.trace(TraceLine("i2c").number(bus).address(address).word("write").bytes(data).view());
  it->answer = nullptr;
  if (data.empty()) return 0;
  const auto command = it->commands.find(chars(data));
  if (command != it->commands.end()) {
    it->answer = &command->second;
    return data.size();
  }
  it->pointer = std::to_integer<std::uint8_t>(data.front());
  for (const std::byte value : data.subspan(1)) it->registers[it->pointer++] = value;
  return data.size();
}

std::size_t I2c::receive(std::int32_t bus, std::uint8_t address, std::span<std::byte> into) noexcept {
  Device* const it = device(bus, address);
  if (it == nullptr) return 0;
  peek(bus, address, into);
  if (it->answer == nullptr) it->pointer = static_cast<std::uint8_t>(it->pointer + into.size());
  site_.trace(TraceLine("i2c").number(bus).address(address).word("read").bytes(into).view());
  return into.size();
}

std::size_t I2c::peek(std::int32_t bus, std::uint8_t address, std::span<std::byte> into) const noexcept {
  const auto found = at(bus).devices.find(address);
  if (!at(bus).open || found == at(bus).devices.end()) return 0;
  const Device& it = found->second;
  if (it.answer != nullptr) {
    const auto answer = bytes(*it.answer);
    const std::size_t size = std::min(answer.size(), into.size());
    std::copy_n(answer.begin(), size, into.begin());
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(size), into.end(), std::byte{0xff});
  } else {
    std::uint8_t pointer = it.pointer;
    for (std::byte& value : into) value = it.registers[pointer++];
  }
  return into.size();
}

std::string I2c::control(ControlLine& line) {
  const auto bus = line.number("the bus", 0, kBuses - 1);
  const auto address = static_cast<std::uint8_t>(line.number("the address", 0, 0x7f));
  ControlLine rest = line;
  if (rest.word() == "none") {
    line = rest;
    if (line.complete()) buses_[static_cast<std::size_t>(bus)].devices.erase(address);
    return line.error();
  }
  const std::string place = line.bytes("the register");
  const std::string value = line.bytes("the value");
  if (value.size() > 256) line.fail("the value has more than 256 bytes");
  if (!line.complete()) return line.error();

  Device& it = buses_[static_cast<std::size_t>(bus)].devices[address];
  if (place.size() > 1) {
    if (it.commands.size() == kMaxCommands && !it.commands.contains(place)) return "the device has 256 commands already";
    it.commands[place] = value;
    return {};
  }
  auto at = static_cast<std::uint8_t>(place.front());
  for (const std::byte byte : bytes(value)) it.registers[at++] = byte;
  return {};
}

I2c::Device* I2c::device(std::int32_t bus, std::uint8_t address) noexcept {
  Bus& it = buses_[static_cast<std::size_t>(bus)];
  if (!it.open) return nullptr;
  const auto found = it.devices.find(address);
  if (found != it.devices.end()) return &found->second;
  site_.trace(TraceLine("i2c").number(bus).address(address).word("nack").view());
  return nullptr;
}

void Spi::open(std::int32_t bus, std::int32_t phase, std::int32_t polarity, std::int32_t bits,
               std::int32_t clock) noexcept {
  at(bus).open = true;
  site_.trace(TraceLine("spi").number(bus).word("setup").number(phase).number(polarity).number(bits).number(clock).view());
}

bool Spi::close(std::int32_t bus) noexcept {
  if (!at(bus).open) return false;
  at(bus).open = false;
  site_.trace(TraceLine("spi").number(bus).word("close").view());
  return true;
}

std::size_t Spi::send(std::int32_t bus, std::span<const std::byte> data) noexcept {
  if (!at(bus).open) return 0;
  site_.trace(TraceLine("spi").number(bus).word("write").bytes(data).view());
  return data.size();
}

std::size_t Spi::receive(std::int32_t bus, std::span<std::byte> into) noexcept {
  if (!at(bus).open) return 0;
  peek(bus, into);
  at(bus).used = std::min(at(bus).used + into.size(), at(bus).queue.size());
  site_.trace(TraceLine("spi").number(bus).word("read").bytes(into).view());
  return into.size();
}

std::size_t Spi::exchange(std::int32_t bus, std::span<const std::byte> data, std::span<std::byte> into) noexcept {
  return send(bus, data) == 0 ? 0 : receive(bus, into);
}

std::string Spi::control(ControlLine& line) {
  const auto bus = line.number("the bus", 0, kBuses - 1);
  ControlLine rest = line;
  if (rest.word() == "none") {
    line = rest;
    if (line.complete()) at(bus).queue.clear(), at(bus).used = 0;
    return line.error();
  }
  const std::string value = line.bytes("the value");
  if (!line.complete()) return line.error();
  Bus& it = at(bus);
  it.queue.erase(0, it.used);
  it.used = 0;
  if (it.queue.size() + value.size() > kMaxQueueBytes) return "the queue is full: 65536 bytes wait to be read";
  it.queue += value;
  return {};
}

std::size_t Spi::peek(std::int32_t bus, std::span<std::byte> into) const noexcept {
  const Bus& it = buses_[static_cast<std::size_t>(bus)];
  if (!it.open) return 0;
  const auto waiting = bytes(it.queue).subspan(it.used);
  const std::size_t size = std::min(waiting.size(), into.size());
  std::copy_n(waiting.begin(), size, into.begin());
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(size), into.end(), std::byte{});
  return into.size();
}

}  // namespace socketcore
