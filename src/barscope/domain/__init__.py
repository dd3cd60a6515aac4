"""Pure values and formulas of the market: time, periods, bars, instruments. No input, no output, no state."""
