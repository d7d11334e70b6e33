"""Basket resolver: events, sessions and presence to baskets and receipts."""
