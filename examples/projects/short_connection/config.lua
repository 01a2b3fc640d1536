-- What differs from one installation to the next.
return {
  server = "127.0.0.1",
  port = 4000,
  period_ms = 10 * 60 * 1000, -- from one report to the next
  network_ms = 60000,         -- how long to look for the network
  answer_ms = 10000,
  connect_timeout_s = 20,
  tries = 3,                  -- per report; then it waits for the next period
}
