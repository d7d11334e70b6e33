"""Board clocks and arrival times to one time line."""

from agent.timebase.board_clock import BoardClock, ClockParameters

__all__ = ["BoardClock", "ClockParameters"]
