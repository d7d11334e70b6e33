"""Items as a reading names them: sku and quantity, in order of sku."""

Items = tuple[tuple[str, int], ...]
FOREIGN: Items = ()  # a thing that nobody knows
