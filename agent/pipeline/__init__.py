"""Chunks of bytes to events, without threads, sockets or clocks."""
