-- What differs from one installation to the next. Times are milliseconds, as everywhere in these scripts.
return {
  server = "127.0.0.1",
  port = 4000,
  connect_timeout_s = 20, -- but this one: socket:connect takes seconds
  report_ms = 5000,
  heartbeat_ms = 30000,   -- below the time after which networks forget an idle connection
  retry_first_ms = 1000,  -- doubled after each failure, so that a server that is down is not stormed
  retry_last_ms = 60000,
}
