"""The mathematics of metrics: plain counts, sums and sketches in, a number or None out. Pure."""
