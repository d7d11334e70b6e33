"""The virtual store: physics, shoppers with their truth, a virtual board, and the scorer."""
