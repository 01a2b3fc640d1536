-- What differs from one installation to the next.
return {
  url = "http://127.0.0.1:8000",
  report_ms = 60000,
  upgrade_ms = 24 * 3600 * 1000, -- from one look for an update to the next
  timeout_ms = 20000,
}
