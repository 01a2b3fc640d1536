#include "modem/pdu.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "modem/characters.hpp"

namespace socketcore {
namespace {

constexpr std::string_view kDigits = "0123456789*#abc";

std::string_view bare(std::string_view number) noexcept {
  return number.substr(number.substr(0, 1) == "+" ? 1 : 0);
}

/// Two digits an octet, the first in the low half; 15 fills an odd one up.
void append_digits(Octets& to, std::string_view number) {
  for (std::size_t i = 0; i < number.size(); i += 2) {
    const auto low = kDigits.find(number[i]);
    const auto high = i + 1 < number.size() ? kDigits.find(number[i + 1]) : 15;
    to.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
}

std::uint8_t swapped(int value) noexcept {
  return static_cast<std::uint8_t>(value % 10 * 16 + value / 10);
}

void append_time(Octets& to, const LocalTime& time) {
  for (const int field : {time.year % 100, time.month, time.day, time.hour, time.minute, time.second}) {
    to.push_back(swapped(field));
  }
  const std::uint8_t zone = swapped(std::abs(time.zone_quarters));
  to.push_back(static_cast<std::uint8_t>(zone | (time.zone_quarters < 0 ? 0x08 : 0)));
}

/// Takes octets off the front of a message; says whether all that was asked for was there.
class OctetReader {
 public:
  explicit OctetReader(std::span<const std::uint8_t> octets) noexcept : left_(octets) {}

  [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }
  [[nodiscard]] bool good() const noexcept { return good_; }
  std::uint8_t octet() noexcept {
    const auto one = octets(1);
    return one.empty() ? std::uint8_t{0} : one[0];
  }
  std::span<const std::uint8_t> octets(std::size_t count) noexcept {
    if (count > left_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

 private:
  std::span<const std::uint8_t> left_;
  bool good_ = true;
};

std::string address(OctetReader& from) {
  const std::size_t digits = from.octet();
  const std::uint8_t type = from.octet();
  const auto octets = from.octets((digits + 1) / 2);
  if ((type & 0x70U) == 0x50) return utf8_of(gsm7_text(octets, 0, digits * 4 / 7));
  std::string number = (type & 0x70U) == 0x10 ? "+" : "";
  for (std::size_t i = 0; i < digits && i / 2 < octets.size(); ++i) {
    const unsigned digit = (i % 2 == 0 ? octets[i / 2] : octets[i / 2] >> 4U) & 0x0fU;
    if (digit < kDigits.size()) number += kDigits[digit];
  }
  return number;
}

enum class Alphabet : std::uint8_t { gsm7, data, ucs2 };

Alphabet alphabet(std::uint8_t scheme) noexcept {
  const unsigned group = scheme >> 4U;
  if (group < 8) {
    if ((scheme & 0x0cU) == 0x08) return Alphabet::ucs2;
    return (scheme & 0x0cU) == 0x04 ? Alphabet::data : Alphabet::gsm7;
  }
  if (group == 0x0e) return Alphabet::ucs2;
  return group == 0x0f && (scheme & 0x04U) != 0 ? Alphabet::data : Alphabet::gsm7;
}

}  // namespace

std::vector<std::u16string> split_text(std::u16string_view text) {
  if (text.size() <= 70) return {std::u16string(text)};
  std::vector<std::u16string> parts;
  while (!text.empty()) {
    std::size_t size = std::min<std::size_t>(text.size(), 67);
    const bool cuts_pair = size < text.size() && (text[size - 1] & 0xfc00U) == 0xd800;
    if (cuts_pair) --size;
    parts.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return parts;
}

Pdu deliver_pdu(const ShortMessage& message, std::string_view service_centre) {
  Octets octets;
  const std::string_view centre = bare(service_centre);
  octets.push_back(static_cast<std::uint8_t>((centre.size() + 1) / 2 + 1));
  octets.push_back(static_cast<std::uint8_t>(type_of_number(service_centre)));
  append_digits(octets, centre);
  const std::size_t before = octets.size();
  const bool part = message.total > 1;
  octets.push_back(part ? 0x44 : 0x04);  // deliver, no more messages wait; with a user data header
  octets.push_back(static_cast<std::uint8_t>(bare(message.number).size()));
  octets.push_back(static_cast<std::uint8_t>(type_of_number(message.number)));
  append_digits(octets, bare(message.number));
  octets.push_back(0x00);  // protocol
  octets.push_back(0x08);  // UCS2
  append_time(octets, message.time);
  const Octets text = ucs2_octets(message.text);
  octets.push_back(static_cast<std::uint8_t>(text.size() + (part ? 6 : 0)));
  if (part) {
    octets.insert(octets.end(), {0x05, 0x00, 0x03, static_cast<std::uint8_t>(message.reference),
                                 static_cast<std::uint8_t>(message.total), static_cast<std::uint8_t>(message.index)});
  }
  octets.insert(octets.end(), text.begin(), text.end());
  return {to_hex(octets), octets.size() - before};
}

std::optional<Submission> parse_submit(std::string_view hex, std::size_t octets) {
  const auto all = from_hex(hex);
  if (!all) return std::nullopt;
  OctetReader from(*all);
  from.octets(from.octet());  // the service centre: the one of the SIM serves as well
  if (!from.good() || from.left() != octets) return std::nullopt;
  const std::uint8_t first = from.octet();
  if ((first & 0x03U) != 0x01) return std::nullopt;
  from.octet();  // message reference: the modem's own counts
  Submission result;
  result.number = address(from);
  from.octet();  // protocol
  const Alphabet characters = alphabet(from.octet());
  const unsigned validity = (first >> 3U) & 0x03U;
  from.octets(validity == 0 ? 0 : validity == 2 ? 1 : 7);
  const std::size_t length = from.octet();
  const std::size_t size = characters == Alphabet::gsm7 ? (length * 7 + 7) / 8 : length;
  const auto data = from.octets(size);
  if (!from.good() || from.left() != 0 || result.number.empty()) return std::nullopt;
  std::size_t header = 0;
  if ((first & 0x40U) != 0) {
    if (data.empty() || data[0] + std::size_t{1} > data.size()) return std::nullopt;
    header = data[0] + std::size_t{1};
  }
  switch (characters) {
    case Alphabet::gsm7: {
      const std::size_t skipped = (header * 8 + 6) / 7;  // septets: the text begins at the next whole one
      result.text = utf8_of(gsm7_text(data, skipped * 7, length - std::min(skipped, length)));
      break;
    }
    case Alphabet::ucs2:
      result.text = utf8_of(ucs2_text(data.subspan(header)));
      break;
    case Alphabet::data:
      result.text = to_hex(data.subspan(header));
      break;
  }
  return result;
}

int type_of_number(std::string_view number) noexcept {
  return number.substr(0, 1) == "+" ? 145 : 129;
}

}  // namespace socketcore
