"""What breaks, on purpose: real processes, a real broker, a board that does as it is told; a table of what was lost."""
