"""Prometheus metrics: what the service counts, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Figures = dict[str, Any]


class _Collector:
    def __init__(self, counts: Callable[[], dict[str, int]], figures: Callable[[], Figures]) -> None:
        self._counts, self._figures = counts, figures

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        messages = CounterMetricFamily("shelf_resolver_messages", "Messages by what became of them.", labels=["what"])
        for what, count in sorted(self._counts().items()):
            messages.add_metric([what], count)
        yield messages
        figures = self._figures()
        for name, key, text in (
            ("shelf_resolver_sessions_inside", "inside", "Accounts with somebody in the shop."),
            ("shelf_resolver_open_cases", "open_cases", "Cases that wait for a person."),
            ("shelf_resolver_reviewed_ratio", "reviewed_per_1000", "Receipts reviewed, of the last thousand."),
            ("shelf_resolver_unresolved_amount", "shrink", "Value expected to be in dispute in open cases."),
        ):
            value = figures.get(key)
            if value is not None:
                scale = 1000.0 if key == "reviewed_per_1000" else 1.0
                yield GaugeMetricFamily(name, text, value=float(value) / scale)
        delay = GaugeMetricFamily("shelf_resolver_receipt_delay_seconds", "Exit to receipt.", labels=["quantile"])
        for quantile, key in (("0.5", "delay_p50_s"), ("0.95", "delay_p95_s")):
            if figures.get(key) is not None:
                delay.add_metric([quantile], figures[key])
        yield delay


def metrics_text(counts: Callable[[], dict[str, int]], figures: Callable[[], Figures]) -> Callable[[], bytes]:
    """A function that gives the metrics as Prometheus text."""
    registry = CollectorRegistry()
    registry.register(_Collector(counts, figures))
    return lambda: generate_latest(registry)
