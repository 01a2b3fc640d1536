#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modem/local_time.hpp"

/// Short messages as they travel (3GPP TS 23.040).
namespace socketcore {

/// One message as the modem stores it, or one part of a longer one.
struct ShortMessage {
  std::string number;  ///< sender, see is_number()
  std::u16string text;
  LocalTime time;
  int reference = 0;  ///< of the whole message, 0..255
  int total = 1;      ///< parts, 1..255
  int index = 1;      ///< of this part, from 1
};

struct Pdu {
  std::string hex;         ///< service centre included
  std::size_t octets = 0;  ///< behind the service centre: what AT commands call the length
};

/// The text in pieces that fit one message each: one of up to 70 units, or several of up to 67. A pair of surrogates
/// stays together.
[[nodiscard]] std::vector<std::u16string> split_text(std::u16string_view text);

/// A received message (SMS-DELIVER), in UCS2.
[[nodiscard]] Pdu deliver_pdu(const ShortMessage& message, std::string_view service_centre);

/// A message to send (SMS-SUBMIT).
struct Submission {
  std::string number;
  std::string text;  ///< UTF-8; hex where the data are no text
};
/// Nothing where `hex` is no such message or has not `octets` octets behind its service centre.
[[nodiscard]] std::optional<Submission> parse_submit(std::string_view hex, std::size_t octets);

/// 145 for a number with '+', else 129.
[[nodiscard]] int type_of_number(std::string_view number) noexcept;

}  // namespace socketcore
