// Publishes with QoS 1 by libmosquitto, as its users do from one thread, for bench/device.py:
//   mosquitto_client PORT COUNT WINDOW     at most WINDOW messages wait for their PUBACK
#include <mosquitto.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

constexpr int kKeepAliveS = 60;
constexpr int kWaitMs = 1000;

struct State {
  bool connected = false;
  long confirmed = 0;
};

void check(int code) {
  if (code == MOSQ_ERR_SUCCESS) return;
  std::fprintf(stderr, "mosquitto_client: %s\n", mosquitto_strerror(code));
  std::exit(EXIT_FAILURE);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: mosquitto_client PORT COUNT WINDOW\n", stderr), EXIT_FAILURE;
  const int port = std::atoi(argv[1]);
  const long count = std::atol(argv[2]);
  const long window = std::atol(argv[3]);

  mosquitto_lib_init();
  State state;
  const std::unique_ptr<mosquitto, decltype(&mosquitto_destroy)> client(mosquitto_new("bench-c", true, &state),
                                                                        mosquitto_destroy);
  mosquitto_connect_callback_set(client.get(),
                                 [](mosquitto*, void* user, int) { static_cast<State*>(user)->connected = true; });
  mosquitto_publish_callback_set(client.get(), [](mosquitto*, void* user, int) { ++static_cast<State*>(user)->confirmed; });
  check(mosquitto_max_inflight_messages_set(client.get(), static_cast<unsigned>(window)));
  check(mosquitto_int_option(client.get(), MOSQ_OPT_TCP_NODELAY, 1));
  check(mosquitto_connect(client.get(), "127.0.0.1", port, kKeepAliveS));
  while (!state.connected) check(mosquitto_loop(client.get(), kWaitMs, 1));

  const std::string payload(64, 'x');
  const auto started = std::chrono::steady_clock::now();
  for (long sent = 0; state.confirmed < count;) {
    while (sent < count && sent - state.confirmed < window) {
      check(mosquitto_publish(client.get(), nullptr, "bench/topic", static_cast<int>(payload.size()), payload.data(), 1,
                              false));
      ++sent;
    }
    check(mosquitto_loop(client.get(), kWaitMs, 1));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("seconds %.6f\n", took.count());
  mosquitto_disconnect(client.get());
  mosquitto_lib_cleanup();
}
