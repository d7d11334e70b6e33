"""Items as a reading names them: sku and quantity, in order of sku."""

Items = tuple[tuple[str, int], ...]
Shares = tuple[tuple[Items, float], ...]  # readings, each with its probability
FOREIGN: Items = ()  # a thing that nobody knows
