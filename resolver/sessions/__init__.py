"""Visits (who is inside, from when to when) and accounts (who pays together)."""

from resolver.sessions.visits import ENTERED_TWICE, NEVER_EXITED, NOT_ENTERED, Account, Visit, Visits

__all__ = ["ENTERED_TWICE", "NEVER_EXITED", "NOT_ENTERED", "Account", "Visit", "Visits"]
