"""Who may have been at a plate, and when."""

from resolver.presence.whereabouts import NOBODY, Presence, Shares

__all__ = ["NOBODY", "Presence", "Shares"]
