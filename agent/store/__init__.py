"""The store file (`store/1`, TOML): what stands where. Loaded whole or refused with the line and the remedy."""

from agent.store.errors import Problem, StoreError
from agent.store.load import load_store, parse_store
from agent.store.model import GPIO_BOARD, Agent, Cell, Item, Lane, Plate, PriceStep, Store

__all__ = [
    "GPIO_BOARD",
    "Agent",
    "Cell",
    "Item",
    "Lane",
    "Plate",
    "PriceStep",
    "Problem",
    "Store",
    "StoreError",
    "load_store",
    "parse_store",
]
