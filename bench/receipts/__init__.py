"""Receipts of the whole chain: the bench's shoppers through the real agent and the real resolver, against the truth."""
