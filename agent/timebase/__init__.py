"""Board clocks and arrival times to one time line."""
