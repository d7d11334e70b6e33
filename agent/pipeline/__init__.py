"""Chunks of bytes to events, without threads, sockets or clocks."""

from agent.pipeline.arrivals import Chunk
from agent.pipeline.pipeline import Pipeline
from agent.pipeline.plate import without_cells
from agent.pipeline.told import PlateReading, Progress, ShelfPipeline, Since, Told, stamp

__all__ = ["Chunk", "Pipeline", "PlateReading", "Progress", "ShelfPipeline", "Since", "Told", "stamp", "without_cells"]
