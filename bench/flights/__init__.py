"""The flights story: half a year of real flights through the real services, and faults that are put into them."""
