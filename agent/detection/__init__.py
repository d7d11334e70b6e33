"""Plateaus, contacts and steps."""
