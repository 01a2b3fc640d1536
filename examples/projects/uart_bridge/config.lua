-- What differs from one installation to the next.
return {
  server = "127.0.0.1",
  port = 4000,
  connect_timeout_s = 20,
  retry_ms = 2000,
  uart = 1,
  baud = 115200,
  silence_ms = 50,          -- so long a pause ends a frame
  longest_frame = 4096,     -- bytes; a frame that never pauses is cut here
  piece = 1460,             -- bytes that are handed to the UART at a time
  queue_limit = 256 * 1024, -- bytes; what the server sends beyond that waits in TCP until the UART has caught up
}
