"""Sweeps over efforts in interleaved rounds, and rates at equal recall out of them."""

import dataclasses
import math
import statistics

import engines
import numpy as np
from datasets import Array, Dataset
from engines import Process, Search

HNSW_EFFORTS = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896)
IVF_EFFORTS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
RECALLS = (0.90, 0.95, 0.99)
RECALL_ENOUGH = 0.995
# A search that takes longer is measured on fewer queries, and ends the sweep.
QUERY_SECONDS_MAX = 0.02
SLOW_QUERY_COUNT = 20
# A shorter measurement is one of caches that other work has emptied.
MEASURED_SECONDS_MIN = 0.1


@dataclasses.dataclass
class Point:
    """One engine, one effort."""

    effort: int
    queries: slice
    recall: float
    distances: float | None
    short_answers: int
    strategies: dict[int, int]
    rates: list[float] = dataclasses.field(default_factory=list)  # Queries a second, by round.

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


@dataclasses.dataclass(frozen=True)
class Task:
    """Who answers what: a line of a table."""

    process: Process
    name: str
    search: Search
    efforts: tuple[int, ...]


def short_answers(answers: Array, away: Array) -> int:
    """Queries with fewer answers than there are, up to k."""
    k = answers.shape[1]
    there = np.isfinite(away[:, :k]).sum(axis=1)
    return int(((answers >= 0).sum(axis=1) < there).sum())


def explore(task: Task, dataset: Dataset, away: Array) -> list[Point]:
    """Recall and distances of each effort, up to where more of it finds no more."""
    points: list[Point] = []
    queries = task.search.queries
    start = queries.start or 0
    few = slice(start, start + SLOW_QUERY_COUNT)
    order = dataclasses.replace(task.search, effort=task.efforts[0], queries=few)
    answers = task.process.search(order)
    if answers.seconds / len(answers.ordinals) > QUERY_SECONDS_MAX:
        queries = few
    for effort in task.efforts:
        order = dataclasses.replace(
            task.search, effort=effort, queries=queries, is_counted=True
        )
        answers = task.process.search(order)
        strategies: dict[int, int] = {}
        if answers.strategies is not None:
            codes, counts = np.unique(answers.strategies, return_counts=True)
            strategies = {int(code): int(count) for code, count in zip(codes, counts)}
        points.append(
            Point(
                effort,
                queries,
                engines.recall(dataset, queries, answers, away),
                answers.distances,
                short_answers(answers.ordinals, away[queries]),
                strategies,
            )
        )
        count = len(answers.ordinals)
        is_slow = answers.seconds / count > QUERY_SECONDS_MAX
        if is_slow:
            queries = few
        if points[-1].recall >= RECALL_ENOUGH or answers.seconds / count > 5 * QUERY_SECONDS_MAX:
            break
    return points


def measure(
    tasks: list[Task], dataset: Dataset, away: Array, rounds: int
) -> dict[str, list[Point]]:
    """The first pass warms up; then each round asks all of them, each time in another order."""
    results = {task.name: explore(task, dataset, away) for task in tasks}
    for number in range(rounds):
        turn = number % len(tasks)
        for task in tasks[turn:] + tasks[:turn]:
            for point in results[task.name]:
                order = dataclasses.replace(
                    task.search, effort=point.effort, queries=point.queries
                )
                point.rates.append(rate_of(task.process, order))
    return results


def rate_of(process: Process, order: Search) -> float:
    """Queries a second, asked again and again until the time says something."""
    count, seconds = 0, 0.0
    while seconds < MEASURED_SECONDS_MIN:
        answers = process.search(order)
        count += len(answers.ordinals)
        seconds += max(answers.seconds, 1e-9)
    return count / seconds


@dataclasses.dataclass(frozen=True)
class Rate:
    """Queries a second at a recall; `is_bound` where the least effort already finds more."""

    rate: float
    distances: float | None
    is_bound: bool = False


def rate_at(points: list[Point], recall: float) -> Rate | None:
    """Between the two efforts around it, on a line through the logarithms. None: not reached."""
    if points and points[0].recall >= recall:
        return Rate(points[0].rate, points[0].distances, is_bound=True)
    for low, high in zip(points, points[1:]):
        if low.recall < recall <= high.recall:
            share = (recall - low.recall) / (high.recall - low.recall)

            def between(a: float, b: float) -> float:
                return math.exp((1 - share) * math.log(a) + share * math.log(b))

            distances = None
            if low.distances and high.distances:
                distances = between(low.distances, high.distances)
            return Rate(between(low.rate, high.rate), distances)
    return None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How many times as fast ours is as theirs, at a recall that both have, or ours more."""

    ratio: float
    recall: float
    finds_more: bool  # Ours, at its least effort: the ratio is at theirs' advantage.


def compare(ours: list[Point], theirs: list[Point], recall: float) -> Comparison | None:
    """At a recall; where theirs finds more at its least effort, at what it finds then.

    None: one of them does not get there.
    """
    recall = max(recall, theirs[0].recall)
    mine, other = rate_at(ours, recall), rate_at(theirs, recall)
    if mine is None or other is None:
        return None
    return Comparison(mine.rate / other.rate, recall, ours[0].recall > recall)


def best_recall(points: list[Point]) -> float:
    return max(point.recall for point in points)


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))
