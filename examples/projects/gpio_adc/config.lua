-- How the board is wired. A pin is a number, or a name of pio: port * 32 + pin.
return {
  button = pio.P0_5,
  lamp = pio.P0_13,
  channel = 2,
  lowest_mv = 0,
  highest_mv = 1500,
  sample_ms = 100,
  blink_ms = 250,
}
