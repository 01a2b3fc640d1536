#include <array>
#include <optional>

#include "modem/characters.hpp"
#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/pdu.hpp"
#include "modem/text.hpp"

/// Short messages, in PDU and in text mode.
namespace socketcore {
namespace {

using Stored = SmsBox::Stored;

constexpr int kPlaces = SmsBox::kPlaces;

/// A text as the chosen character set has it: hex, or as it is.
std::string encoded(const Machine& machine, std::u16string_view text) {
  return machine.character_set == "UCS2" ? to_hex(ucs2_octets(text)) : utf8_of(text);
}

std::string decoded(const Machine& machine, std::string_view text) {
  if (machine.character_set == "UCS2" && text.size() % 4 == 0) {
    if (const auto octets = from_hex(text)) return utf8_of(ucs2_text(*octets));
  }
  return std::string(text);
}

Outcome mode(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CMGF: ", machine.text_mode ? 1 : 0));
  } else if (command.form == Form::test) {
    machine.line("+CMGF: (0,1)");
  } else {
    const auto chosen = command.number_or(0, 0, 0, 1);
    if (!chosen) return Outcome::error();
    machine.text_mode = *chosen == 1;
  }
  return Outcome::ok();
}

Outcome character_set(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CSCS: ", quoted(machine.character_set)));
  } else if (command.form == Form::test) {
    machine.line("+CSCS: (\"GSM\",\"IRA\",\"UCS2\",\"HEX\",\"GBK\")");
  } else {
    if (!command.has(0) || command.count() != 1) return Outcome::error();
    machine.character_set = upper(command.text(0)).substr(0, 16);
  }
  return Outcome::ok();
}

Outcome storage(Machine& machine, const Command& command) {
  const std::string fill = join(machine.sms.used(), ',', kPlaces);
  if (command.form == Form::read) {
    machine.line(join("+CPMS: \"SM\",", fill, ",\"SM\",", fill, ",\"SM\",", fill));
  } else if (command.form == Form::test) {
    machine.line("+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")");
  } else {
    if (!command.has(0) || command.count() > 3) return Outcome::error();
    machine.line(join("+CPMS: ", fill, ',', fill, ',', fill));
  }
  return Outcome::ok();
}

Outcome routing(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CNMI: 2,", machine.sms.routing(), ",0,0,0"));
  } else if (command.form == Form::test) {
    machine.line("+CNMI: (0-2),(0-2),(0),(0,1),(0)");
  } else {
    const auto when = command.number_or(0, 0, 0, 3);
    const auto what = command.number_or(1, 0, 0, 3);
    if (!when || !what || command.count() > 5) return Outcome::error();
    machine.after_answer([&machine, what = *what] { machine.sms.set_routing(what == 3 ? 2 : what); });
  }
  return Outcome::ok();
}

/// What stands before the message in the answers to AT+CMGR and AT+CMGL.
std::string head(const Machine& machine, const Stored& stored, std::size_t octets) {
  if (!machine.text_mode) return join(stored.read ? 1 : 0, ",,", octets);
  const ShortMessage& message = stored.message;
  return join(stored.read ? "\"REC READ\"," : "\"REC UNREAD\",", quoted(encoded(machine, utf16_of(message.number))),
              ",,", quoted(to_text(message.time)));
}

void show(Machine& machine, std::string_view before, Stored& stored) {
  const Pdu pdu = machine.sms.pdu(stored.message);
  // Both lines at once, as any answer; a line end in the text is one of the answer, so it is left to PDU mode.
  std::string body = machine.text_mode ? encoded(machine, stored.message.text) : pdu.hex;
  for (char& c : body) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  machine.line(join(before, head(machine, stored, pdu.octets), "\r\n", body));
  stored.read = true;
}

Outcome read(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  const auto place = command.number(0);
  if (!place || command.count() != 1) return Outcome::error();
  Stored* stored = *place >= 1 && *place <= kPlaces ? machine.sms.at(*place) : nullptr;
  if (stored == nullptr) return Outcome::cms(cms::invalid_index);
  show(machine, "+CMGR: ", *stored);
  return Outcome::ok();
}

/// Which messages a list is to have: by number in PDU mode, by name in text mode.
enum class Listed : std::uint8_t { unread, read, none, all };

std::optional<Listed> listed(const Machine& machine, const Command& command) {
  if (!command.has(0)) return Listed::unread;
  if (!machine.text_mode) {
    const auto number = command.number(0, 0, 4);
    if (!number) return std::nullopt;
    return *number == 4 ? Listed::all : *number >= 2 ? Listed::none : *number == 1 ? Listed::read : Listed::unread;
  }
  const std::string name = upper(command.text(0));
  if (name == "ALL") return Listed::all;
  if (name == "REC UNREAD") return Listed::unread;
  if (name == "REC READ") return Listed::read;
  if (name == "STO UNSENT" || name == "STO SENT") return Listed::none;
  return std::nullopt;
}

Outcome list(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line(machine.text_mode ? R"(+CMGL: ("REC UNREAD","REC READ","STO UNSENT","STO SENT","ALL"))"
                                   : "+CMGL: (0-4)");
    return Outcome::ok();
  }
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  const auto which = listed(machine, command);
  if (!which) return Outcome::error();
  for (int place = 1; place <= kPlaces; ++place) {
    Stored* stored = machine.sms.at(place);
    if (stored == nullptr) continue;
    const bool wanted = *which == Listed::all || *which == (stored->read ? Listed::read : Listed::unread);
    if (wanted) show(machine, join("+CMGL: ", place, ','), *stored);
  }
  return Outcome::ok();
}

Outcome remove(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line(join("+CMGD: (1-", kPlaces, "),(0-4)"));
    return Outcome::ok();
  }
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  const auto flag = command.number_or(1, 0, 0, 4);
  const auto place = command.number(0);
  if (!place || !flag || command.count() > 2) return Outcome::error();
  if (*flag == 0) {
    if (*place < 1 || *place > kPlaces) return Outcome::cms(cms::invalid_index);
    machine.sms.remove(*place);
  }
  for (int i = 1; *flag != 0 && i <= kPlaces; ++i) {
    const Stored* stored = machine.sms.at(i);
    if (stored != nullptr && (*flag == 4 || stored->read)) machine.sms.remove(i);
  }
  machine.after_answer([&machine] { machine.sms.deliver(); });
  return Outcome::ok();
}

Outcome sent(Machine& machine, std::string_view number, std::string_view text) {
  if (!machine.radio.registered()) return Outcome::cms(cms::no_network);
  machine.log(LogLevel::info, join("modem: message sent to ", number, ": ", text));
  machine.line(join("+CMGS: ", machine.sms.next_reference()));
  return Outcome::ok();
}

Outcome send(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  if (machine.text_mode) {
    const std::string number = decoded(machine, command.text(0));
    if (!is_number(number)) return Outcome::error();
    return Outcome::prompt(
        [&machine, number](std::string_view text) { return sent(machine, number, decoded(machine, text)); });
  }
  const auto octets = command.number(0, 1, 255);
  if (!octets || command.count() != 1) return Outcome::error();
  return Outcome::prompt([&machine, octets = *octets](std::string_view hex) {
    const auto message = parse_submit(hex, static_cast<std::size_t>(octets));
    return message ? sent(machine, message->number, message->text) : Outcome::cms(cms::invalid_pdu);
  });
}

Outcome service_centre(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    const std::string& number = machine.settings.service_centre;
    machine.line(join("+CSCA: ", quoted(number), ',', type_of_number(number)));
  } else if (command.form == Form::set) {
    const std::string number = decoded(machine, command.text(0));
    if (!is_number(number)) return Outcome::error();
    machine.settings.service_centre = number;
  }
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"+CMGF", kRead | kSet | kTest, Speed::quick, mode, "messages: PDU or text mode"},
    KnownCommand{"+CSCS", kRead | kSet | kTest, Speed::quick, character_set, "character set"},
    KnownCommand{"+CPMS", kRead | kSet | kTest, Speed::sim, storage, "messages: storage"},
    KnownCommand{"+CNMI", kRead | kSet | kTest, Speed::quick, routing, "messages: announcement"},
    KnownCommand{"+CMGR", kSet | kTest, Speed::sim, read, "messages: read one"},
    KnownCommand{"+CMGL", kExec | kSet | kTest, Speed::sim, list, "messages: list"},
    KnownCommand{"+CMGD", kSet | kTest, Speed::sim, remove, "messages: delete"},
    KnownCommand{"+CMGS", kSet | kTest, Speed::network, send, "messages: send; they end in the log"},
    KnownCommand{"+CSCA", kRead | kSet | kTest, Speed::sim, service_centre, "messages: service centre"},
    KnownCommand{"+CSMP", kAll, Speed::quick, nullptr, "messages: parameters of text mode"},
    KnownCommand{"+CSMS", kAll, Speed::quick, nullptr, "messages: service"},
    KnownCommand{"+CSDH", kAll, Speed::quick, nullptr, "messages: length of heads"},
    KnownCommand{"+CNMA", kAll, Speed::quick, nullptr, "messages: acknowledgement"},
};

}  // namespace

std::span<const KnownCommand> sms_commands() {
  return kCommands;
}

}  // namespace socketcore
