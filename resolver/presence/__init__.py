"""Who may have been at a plate, and when."""

from resolver.presence.tracks import BEARS_AFTER_NS
from resolver.presence.whereabouts import Presence, Seen, Shares

__all__ = ["BEARS_AFTER_NS", "Presence", "Seen", "Shares"]
