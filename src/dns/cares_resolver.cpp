#include "dns/cares_resolver.hpp"

#include <ares.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <list>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "dns/cares_channel.hpp"
#include "dns/resolv_conf.hpp"
#include "os/sockaddr.hpp"

namespace socketcore {
namespace {

constexpr int kTimeoutMs = 2000;
constexpr int kTries = 4;
/// c-ares looks for a free one of 65536 numbers for each question, for ever if there is none.
constexpr std::size_t kMostQuestions = 32768;

struct FreeAddresses {
  void operator()(ares_addrinfo* info) const noexcept { ares_freeaddrinfo(info); }
};
using Addresses = std::unique_ptr<ares_addrinfo, FreeAddresses>;

/// Those of `family`: c-ares answers a question for IPv6 with an IPv4 address where the name is one.
std::vector<Address> collect(const ares_addrinfo& info, Family family) {
  std::vector<Address> found;
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != (family == Family::v4 ? AF_INET : AF_INET6)) continue;
    SocketAddress address;
    std::memcpy(address.get(), node->ai_addr, std::min<std::size_t>(node->ai_addrlen, sizeof address.storage));
    const Address candidate = address.endpoint().address;
    if (std::ranges::find(found, candidate) == found.end()) found.push_back(candidate);
  }
  return found;
}

/// RFC 6761, 6.3: these are the loopback address, whoever may be asked. c-ares 1.18 knows them too, but in small letters
/// only, and it loses memory with each where the hosts file has none of the family.
bool is_localhost(std::string_view name) noexcept {
  constexpr std::string_view kName = "localhost";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() < kName.size()) return false;
  const std::string_view end = name.substr(name.size() - kName.size());
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::ranges::equal(end, kName, same) &&
         (name.size() == kName.size() || name[name.size() - kName.size() - 1] == '.');
}

}  // namespace

Failure failure_of_cares(int status, SysError open_error, std::string_view name) {
  if (status == ARES_SUCCESS) return {};
  Err err = Err::erte;
  std::string_view cause = ares_strerror(status);
  if (status == ARES_ETIMEOUT) {
    err = Err::etimeout;
  } else if (status == ARES_ENOMEM) {
    err = Err::enomem;
  } else if (status == ARES_ECONNREFUSED || status == ARES_EFILE) {
    const Err opening = open_error.err();
    if (opening == Err::enobufs || opening == Err::enomem) {
      err = opening;
      cause = open_error.words();
    }
  }
  std::string words;
  words.append("resolve ").append(name).append(": ").append(cause);
  return {err, std::move(words)};
}

class CaresResolver::Impl final : public Handler {
 public:
  Impl(Loop& loop, Log* log, CaresOptions options)
      : loop_(loop), log_(log), options_(std::move(options)), token_(loop.attach(*this)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() override {
    // What c-ares answers while its channels are destroyed is told to nobody: no turn finds us any more.
    loop_.detach(token_);
    retired_.clear();
    channel_.reset();
  }

  void resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer);
  void on_turn() noexcept override;

 private:
  struct Question {
    Impl& owner;
    std::string name;
    Family family;
    std::function<void(const Resolution&)> answer;
    CaresChannel* channel = nullptr;  // while c-ares has it
    std::list<Question>::iterator self{};
    Resolution resolution{};
  };

  [[nodiscard]] CaresChannel* current_channel(std::string_view name, Failure& failure);
  [[nodiscard]] CaresChannel::Settings settings(const ResolvTiming& timing) const;
  void note(LogLevel level, std::string_view words) const;

  static void on_answer(void* question, int status, int timeouts, ares_addrinfo* info) noexcept;
  void finish(Question& question) noexcept;

  Loop& loop_;
  Log* log_;
  CaresOptions options_;
  Token token_;
  std::unique_ptr<CaresChannel> channel_;               // of the present resolv.conf
  std::uint64_t stamp_ = 0;                             // of the resolv.conf that channel_ has read
  std::vector<std::unique_ptr<CaresChannel>> retired_;  // of earlier ones, until their questions are answered
  std::list<Question> asked_;
  std::list<Question> answered_;  // for the next turn
};

void CaresResolver::Impl::resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer) {
  Resolution resolution;
  CaresChannel* channel = nullptr;
  if (name.find('\0') != std::string_view::npos) {
    resolution.failure = failure_of_cares(ARES_EBADNAME, {}, name.substr(0, name.find('\0')));
  } else if (is_localhost(name)) {
    resolution.addresses.push_back(Address::parse(family == Family::v4 ? "127.0.0.1" : "::1").value());
  } else {
    channel = current_channel(name, resolution.failure);
    if (channel != nullptr && channel->questions() >= kMostQuestions) {
      channel = nullptr;
      resolution.failure = {Err::enobufs, std::string("resolve ").append(name).append(": too many names at once")};
    }
  }

  asked_.push_front({.owner = *this, .name = std::string(name), .family = family, .answer = std::move(answer)});
  Question& question = asked_.front();
  question.self = asked_.begin();
  question.channel = channel;
  if (channel == nullptr) {
    question.resolution = std::move(resolution);
    finish(question);
    return;
  }

  ares_addrinfo_hints hints{};
  hints.ai_family = family == Family::v4 ? AF_INET : AF_INET6;
  // c-ares would open a socket per address to find out in which order this host reaches them; and a server that rotates
  // its answers spreads its load by their order.
  hints.ai_flags = ARES_AI_NOSORT;
  // c-ares does not look whether the variable is there.
  if (options_.hosts_from_environment && std::getenv("CARES_HOSTS") != nullptr) hints.ai_flags |= ARES_AI_ENVHOSTS;
  channel->question_begins();
  ares_getaddrinfo(channel->get(), question.name.c_str(), nullptr, &hints, &Impl::on_answer, &question);
}

CaresChannel::Settings CaresResolver::Impl::settings(const ResolvTiming& timing) const {
  const int timeout_ms = timing.timeout_s ? *timing.timeout_s * 1000 : kTimeoutMs;
  return {.resolv_conf_path = options_.resolv_conf_path,
          .servers_csv = options_.servers_csv,
          .port = options_.port,
          .timeout_ms = options_.timeout_ms > 0 ? options_.timeout_ms : timeout_ms,
          .tries = options_.tries > 0 ? options_.tries : timing.attempts.value_or(kTries)};
}

CaresChannel* CaresResolver::Impl::current_channel(std::string_view name, Failure& failure) {
  // Before the file is read: what is written meanwhile changes the stamp once more. 1.18 cannot read it again into a
  // channel.
  const std::uint64_t stamp = loop_.os().file_stamp(options_.resolv_conf_path.c_str());
  if (channel_ && stamp == stamp_) return channel_.get();

  ResolvTiming timing;
  std::unique_ptr<CaresChannel> fresh;
  const SysError read = read_resolv_timing(options_.resolv_conf_path.c_str(), timing);
  int status = ARES_EFILE;
  if (read.ok()) {
    fresh = std::make_unique<CaresChannel>(loop_);
    status = fresh->open(settings(timing));
  }
  if (status != ARES_SUCCESS) {
    failure = failure_of_cares(status, read, name);
    note(LogLevel::warning, failure.words);
    // The old servers are better than none. The next lookup tries again.
    return channel_.get();
  }
  if (channel_ && channel_->questions() > 0) retired_.push_back(std::move(channel_));
  channel_ = std::move(fresh);
  stamp_ = stamp;
  note(LogLevel::debug, "resolver has read " + options_.resolv_conf_path);
  return channel_.get();
}

void CaresResolver::Impl::note(LogLevel level, std::string_view words) const {
  if (log_ != nullptr && log_->wants(level)) log_->write(level, words);
}

void CaresResolver::Impl::on_answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) noexcept {
  const Addresses addresses(info);
  Question& question = *static_cast<Question*>(argument);
  const CaresChannel& channel = *question.channel;
  try {
    if (status == ARES_SUCCESS) {
      question.resolution.addresses = collect(*addresses, question.family);
      if (question.resolution.addresses.empty()) status = ARES_ENODATA;
    }
    question.resolution.failure = failure_of_cares(channel.refined(status), channel.open_error(), question.name);
  } catch (const std::bad_alloc&) {
    question.resolution.addresses.clear();
    question.resolution.failure.err = Err::enomem;
    question.resolution.failure.words = "out of memory";  // short enough to need none
  }
  question.owner.finish(question);
}

void CaresResolver::Impl::finish(Question& question) noexcept {
  if (question.channel != nullptr) question.channel->question_ends();
  question.channel = nullptr;
  answered_.splice(answered_.end(), asked_, question.self);
  loop_.defer(token_);
}

void CaresResolver::Impl::on_turn() noexcept {
  // Not in finish(): c-ares is at work on the channel there.
  std::erase_if(retired_, [](const auto& channel) { return channel->questions() == 0; });

  Loop& loop = loop_;
  const Token token = token_;
  const std::list<Question> answered = std::exchange(answered_, {});
  for (const Question& question : answered) {
    question.answer(question.resolution);
    // The answer may have been the end of the resolver.
    if (loop.find(token) == nullptr) return;
  }
}

CaresResolver::CaresResolver(Loop& loop, Log* log, CaresOptions options)
    : impl_(std::make_unique<Impl>(loop, log, std::move(options))) {}

CaresResolver::~CaresResolver() = default;

void CaresResolver::resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer) {
  impl_->resolve(name, family, std::move(answer));
}

}  // namespace socketcore
