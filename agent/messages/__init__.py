"""The published messages as models."""
