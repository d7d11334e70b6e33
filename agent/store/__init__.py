"""The store file: what stands where."""
