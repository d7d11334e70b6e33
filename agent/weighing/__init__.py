"""Counts to grams and moments, and the health of each cell."""
