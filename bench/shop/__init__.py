"""Stores: what stands where, as the store file (contract store/1) says it and as it truly is."""
