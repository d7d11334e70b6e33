"""`shelf-bench families`: what can be made."""

from __future__ import annotations

import argparse

NAME = "families"
HELP = "list the families of situations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(_: argparse.Namespace) -> int:
    """Print a line a family."""
    from bench.families import FAMILIES

    for family in FAMILIES.values():
        print(f"{family.name:22} {family.about}")
    return 0
