#include "modem/sms_box.hpp"

#include <utility>
#include <vector>

#include "modem/characters.hpp"
#include "modem/machine.hpp"
#include "modem/text.hpp"

namespace socketcore {

std::string SmsBox::arrive(std::string_view number, std::string_view utf8) {
  if (!is_number(number)) return "the sender of a message is a telephone number";
  const std::vector<std::u16string> parts = split_text(utf16_of(utf8));
  if (parts.size() > 255) return "a message has at most 255 parts of 67 characters";
  if (waiting_.size() + parts.size() > kMostWaiting)
    return "too many messages wait for the script to read and delete some";
  reference_ = (reference_ + 1) % 256;
  const LocalTime time = machine_.time();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    waiting_.push_back(
        {std::string(number), parts[i], time, reference_, static_cast<int>(parts.size()), static_cast<int>(i + 1)});
  }
  deliver();
  return {};
}

void SmsBox::set_routing(int routing) {
  routing_ = routing;
  deliver();
}

void SmsBox::deliver() {
  if (!routing_ || !machine_.radio.registered()) return;
  while (!waiting_.empty()) {
    if (*routing_ == 2) {
      const Pdu coded = pdu(waiting_.front());
      machine_.urc(join("+CMT: ,", coded.octets, "\r\n", coded.hex));
    } else {
      const int place = free_place();
      if (place == 0) return;
      places_[static_cast<std::size_t>(place - 1)] = Stored{waiting_.front(), false};
      if (*routing_ == 1) machine_.urc(join("+CMTI: \"SM\",", place));
    }
    waiting_.pop_front();
  }
}

SmsBox::Stored* SmsBox::at(int place) noexcept {
  auto& stored = places_[static_cast<std::size_t>(place - 1)];
  return stored ? &*stored : nullptr;
}

int SmsBox::used() const noexcept {
  int count = 0;
  for (const auto& stored : places_) count += stored ? 1 : 0;
  return count;
}

Pdu SmsBox::pdu(const ShortMessage& message) const {
  return deliver_pdu(message, machine_.settings.service_centre);
}

int SmsBox::free_place() const noexcept {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i]) return static_cast<int>(i + 1);
  }
  return 0;
}

}  // namespace socketcore
