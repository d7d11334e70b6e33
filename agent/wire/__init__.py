"""The serial codec: bytes to frames and back, pure."""
