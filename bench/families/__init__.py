"""Scripted shoppers: families of situations, each a generator with its truth."""

from bench.families.registry import FAMILIES, Family, build_script
from bench.families.world import Script, TruthEvent

__all__ = ["FAMILIES", "Family", "Script", "TruthEvent", "build_script"]
