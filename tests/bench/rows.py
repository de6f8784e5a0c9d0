# SPDX-License-Identifier: BSD-2-Clause
"""Rows of the table: what the product took, what its floor took in the same run, and whether the goal is met."""

import statistics

TIMES = {"µs": 1e3, "ms": 1e6}  # nanoseconds of each


def percentile(samples, share):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Figures:
    """p50, p99 and the largest of a row: medians over its rounds, and the largest of all."""

    def __init__(self, rounds, scale=1.0):
        rounds = [[sample / scale for sample in samples] for samples in rounds]
        self.p50 = statistics.median(percentile(samples, 0.5) for samples in rounds)
        self.p99 = statistics.median(percentile(samples, 0.99) for samples in rounds)
        self.max = max(max(samples) for samples in rounds)

    @classmethod
    def one(cls, value):
        """A single figure."""
        figures = cls.__new__(cls)
        figures.p50, figures.p99, figures.max = value, None, None
        return figures

    @classmethod
    def sum(cls, parts):
        """Figures of consecutive parts (times, figures), as far as percentiles add up."""
        total = cls.__new__(cls)
        for name in ("p50", "p99", "max"):
            setattr(total, name, sum(times * getattr(figures, name) for times, figures in parts))
        return total

    def json(self):
        return {name: value if value is None else round(value, 4) for name, value in vars(self).items()}


class Row:
    """`limit50` and `limit99` bound the ratios to the floor, or without a floor the figures themselves."""

    def __init__(self, name, unit, product=None, floor=None, *, limit50=None, limit99=None, at_least=None, goal=None,
                 met=None, note=""):
        self.name, self.unit, self.product, self.floor, self.note = name, unit, product, floor, note
        self.goal, self.met = goal, met
        self.load = None  # of the machine, over the last minute
        if product and met is None:
            self._judge(limit50, limit99, at_least)

    def ratio(self, name):
        floor = getattr(self.floor, name) if self.product and self.floor else 0
        return getattr(self.product, name) / floor if floor else None  # no floor, or no such figure

    def _judge(self, limit50, limit99, at_least):
        goals, met, sign = [], [], "×" if self.floor else f" {self.unit}"
        for name, limit in (("p50", limit50), ("p99", limit99)):
            if limit is not None:
                value = self.ratio(name) if self.floor else getattr(self.product, name)
                goals.append(f"{name} ≤ {limit}{sign}")
                met.append(value is not None and value <= limit)
        if at_least is not None:
            goals.append(f"≥ {at_least}×")
            met.append((self.ratio("p50") or 0) >= at_least)
        self.goal = self.goal or ", ".join(goals)
        self.met = all(met) if met else None

    def json(self):
        return {"row": self.name, "unit": self.unit, "product": self.product and self.product.json(),
                "floor": self.floor and self.floor.json(),
                "ratio": {name: self.ratio(name) and round(self.ratio(name), 3) for name in ("p50", "p99")},
                "goal": self.goal, "met": self.met, "load": self.load, "note": self.note}

    def cells(self):
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        ratios = [f"{ratio:.2f}" if ratio else "" for ratio in (self.ratio("p50"), self.ratio("p99"))]
        return [self.name, self.unit, *shown(self.product), *shown(self.floor), *ratios, self.goal or "", met, f"{self.load:.1f}", self.note]


HEADER = ["row", "unit", "p50", "p99", "max", "floor p50", "p99", "max", "ratio p50", "p99", "goal", "met", "load", "note"]


def shown(figures):
    if not figures:
        return ["", "", ""]
    return ["" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            for value in (figures.p50, figures.p99, figures.max)]


def table(rows):
    """Formats a Markdown table with aligned columns."""
    lines = [HEADER, *[row.cells() for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)
