"""What deleting and inserting again does to an index: recall, latency and pauses."""

import dataclasses
import threading
import time

import numpy as np
from datasets import Dataset
from index import Array, Query, Updatable

SLICE_NODES = 256


@dataclasses.dataclass(frozen=True)
class Plan:
    share: float  # Of the vectors, each time.
    times: int
    effort: int
    k: int = 10
    seed: int = 5


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    recall: float
    p50_us: float
    p99_us: float
    short_answers: int
    repair_ms_max: float = 0  # The longest slice.
    seconds: float = 0  # Of the writing.


class Ordinals:
    """Which vector of the data set each ordinal is today."""

    def __init__(self, count: int):
        self.vector_of = np.arange(count, dtype=np.int64)
        self.ordinal_of = np.arange(count, dtype=np.int64)

    def put(self, ordinal: int, vector: int) -> None:
        if ordinal >= len(self.vector_of):
            more = np.full(max(ordinal + 1, 2 * len(self.vector_of)), -1, np.int64)
            more[: len(self.vector_of)] = self.vector_of
            self.vector_of = more
        self.vector_of[ordinal] = vector
        self.ordinal_of[vector] = ordinal


def look(
    index: Updatable, dataset: Dataset, ordinals: Ordinals, plan: Plan, name: str
) -> Step:
    answers = index.search(Query(dataset.queries, plan.k, plan.effort))
    assert answers.nanoseconds is not None
    found = 0
    for row, truth in zip(answers.ordinals, dataset.truth):
        vectors = ordinals.vector_of[row[row >= 0]]
        found += len(np.intersect1d(vectors, truth[: plan.k]))
    p50, p99 = np.quantile(answers.nanoseconds, (0.5, 0.99)) / 1000
    short = int((answers.ordinals < 0).any(axis=1).sum())
    return Step(name, found / (plan.k * len(dataset.queries)), p50, p99, short)


def replace(
    index: Updatable, dataset: Dataset, ordinals: Ordinals, vectors: Array
) -> tuple[float, float]:
    """Deletes, repairs and inserts again; the longest slice of repair in ms, and all seconds."""
    started = time.perf_counter()
    longest = 0.0
    for vector in vectors:
        index.delete(int(ordinals.ordinal_of[vector]))
    is_left = True
    while is_left:
        slice_started = time.perf_counter()
        is_left = index.repair(SLICE_NODES)
        longest = max(longest, time.perf_counter() - slice_started)
    for vector in vectors:
        ordinals.put(index.insert(dataset.base[vector]), int(vector))
    return longest * 1000, time.perf_counter() - started


def look_beside_writer(
    index: Updatable, dataset: Dataset, ordinals: Ordinals, plan: Plan, vectors: Array
) -> Step:
    """Searches while another thread replaces; of the answers only their latency and length."""
    written: list[tuple[float, float]] = []
    writer = threading.Thread(
        target=lambda: written.append(replace(index, dataset, ordinals, vectors))
    )
    latencies: list[Array] = []
    short = 0
    writer.start()
    while writer.is_alive():
        for first in range(0, len(dataset.queries), 50):
            queries = dataset.queries[first : first + 50]
            answers = index.search(Query(queries, plan.k, plan.effort))
            assert answers.nanoseconds is not None
            latencies.append(answers.nanoseconds)
            short += int((answers.ordinals < 0).any(axis=1).sum())
            if not writer.is_alive():
                break
    writer.join()
    if not written:
        raise RuntimeError("the writer failed")
    p50, p99 = np.quantile(np.concatenate(latencies), (0.5, 0.99)) / 1000
    after = look(index, dataset, ordinals, plan, "")
    return Step("beside a writer", after.recall, p50, p99, short, *written[0])


def run(index: Updatable, dataset: Dataset, plan: Plan) -> list[Step]:
    random = np.random.default_rng(plan.seed)
    ordinals = Ordinals(len(dataset.base))
    count = int(plan.share * len(dataset.base))
    look(index, dataset, ordinals, plan, "warm")
    steps = [look(index, dataset, ordinals, plan, "fresh")]
    for number in range(plan.times):
        chosen = random.choice(len(dataset.base), count, replace=False)
        longest, seconds = replace(index, dataset, ordinals, chosen)
        step = look(index, dataset, ordinals, plan, f"replaced {number + 1} times")
        steps.append(dataclasses.replace(step, repair_ms_max=longest, seconds=seconds))
    chosen = random.choice(len(dataset.base), count // 4, replace=False)
    steps.append(look_beside_writer(index, dataset, ordinals, plan, chosen))
    return steps
