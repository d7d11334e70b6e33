"""Shelf agent: bytes of load-cell boards to pick and put events."""

__version__ = "0.1.0"
