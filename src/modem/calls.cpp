#include "modem/calls.hpp"

#include <utility>

#include "modem/machine.hpp"
#include "modem/pdu.hpp"
#include "modem/text.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBetweenRings = 5s;
constexpr int kMostRings = 12;

}  // namespace

Outcome Calls::dial(std::string_view number) {
  if (!is_number(number)) return Outcome::error();
  if (call_) return Outcome::cme(cme::not_allowed);
  if (!machine_.radio.registered()) return Outcome::cme(cme::no_network);
  call_ = Call{false, State::alerting, std::string(number)};
  machine_.after_answer([this] { decide(); });
  return Outcome::ok();
}

void Calls::decide() {
  if (!call_ || call_->state != State::alerting) return;
  switch (std::exchange(callee_, Callee::answers)) {
    case Callee::answers:
      return machine_.later(Topic::call, machine_.pace.connect, [this] { connect(); });
    case Callee::busy:
      return machine_.later(Topic::call, machine_.pace.connect, [this] { end("BUSY"); });
    case Callee::silent:
      return machine_.later(Topic::call, machine_.pace.no_answer, [this] { end("NO ANSWER"); });
  }
}

Outcome Calls::answer() {
  if (!call_ || call_->state != State::ringing) return Outcome::error();
  machine_.agenda.cancel(Topic::ring);
  call_->state = State::active;
  machine_.after_answer([this] {
    if (call_) machine_.urc("CONNECT");
  });
  return Outcome::ok();
}

void Calls::hang_up() {
  machine_.after_answer([this] { lose(); });
}

std::string Calls::arrive(std::string_view number) {
  if (!is_number(number)) return "the caller is a telephone number";
  if (!machine_.radio.registered()) return "the modem has no network to be called over";
  if (call_) return "there is a call already";
  call_ = Call{true, State::ringing, std::string(number)};
  rings_ = 0;
  ring();
  return {};
}

void Calls::ring() {
  if (!call_ || call_->state != State::ringing) return;
  if (rings_ == kMostRings) return end("NO CARRIER");
  machine_.urc("RING");
  if (caller_shown)
    machine_.urc(join("+CLIP: ", quoted(call_->number), ',', type_of_number(call_->number), ",\"\",0,\"\",0"));
  if (++rings_ == registers[0]) return connect();
  machine_.later(Topic::ring, kBetweenRings, [this] { ring(); });
}

void Calls::connect() {
  if (!call_) return;
  call_->state = State::active;
  machine_.urc("CONNECT");
}

std::string Calls::remote_hang_up() {
  if (!call_) return "there is no call";
  lose();
  return {};
}

void Calls::set_callee(Callee callee) {
  if (!call_ || call_->state != State::alerting) {
    callee_ = callee;
  } else if (callee == Callee::answers) {
    machine_.agenda.cancel(Topic::call);
    connect();
  } else {
    end(callee == Callee::busy ? "BUSY" : "NO ANSWER");
  }
}

void Calls::lose() {
  if (call_) end("NO CARRIER");
}

void Calls::end(std::string_view reason) {
  machine_.agenda.cancel(Topic::ring);
  machine_.agenda.cancel(Topic::call);
  call_.reset();
  machine_.urc(reason);
}

}  // namespace socketcore
