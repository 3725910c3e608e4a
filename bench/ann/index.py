"""What every engine of bench/ann can do; helios.py and peers.py implement it."""

import dataclasses
from pathlib import Path
from typing import Protocol

import numpy as np

Array = np.ndarray


@dataclasses.dataclass(frozen=True)
class Answers:
    ordinals: Array  # A row of k for each query, -1 where there are no more.
    seconds: float  # Of the thread's processor time, for all.
    nanoseconds: Array | None = None  # Wall clock, for each query.
    distances: float | None = None  # Computed, for a query on average.
    strategies: Array | None = None


@dataclasses.dataclass(frozen=True)
class Query:
    vectors: Array
    k: int
    effort: int  # ef of a graph, probes of an inverted file.
    # One bitmap for all, or one for each: rows of words.
    passing: Array | None = None
    # Also says how many distances were computed, at whatever that costs.
    is_counted: bool = False
    strategy: str = "planned"


class Index(Protocol):
    def build(self, vectors: Array, thread_count: int) -> None: ...

    def search(self, query: Query) -> Answers: ...

    # False where the engine cannot.
    def save(self, path: Path) -> bool: ...

    def load(self, path: Path, vectors: Array) -> bool: ...


class Updatable(Index, Protocol):
    """Also changes while it is searched."""

    def delete(self, ordinal: int) -> None: ...

    # Returns the ordinal.
    def insert(self, vector: Array) -> int: ...

    # Whether there is more to do.
    def repair(self, node_count: int) -> bool: ...
