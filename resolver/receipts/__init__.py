"""From baskets to receipts: decimal money, lines, the decision between final and review. Pure."""

from resolver.receipts.decision import DEFAULT_LOSS_LIMIT, Decision, decide
from resolver.receipts.money import Prices, change_lines, smallest_unit

__all__ = ["DEFAULT_LOSS_LIMIT", "Decision", "Prices", "change_lines", "decide", "smallest_unit"]
