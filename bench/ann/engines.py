"""Engines in processes of their own, so that memory is theirs alone and runtimes do not meet."""

import ctypes
import dataclasses
import json
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import datasets
import debian
import filters
import helios
import index
import numpy as np
import updates
from index import Answers, Index, Query

INDEXES = debian.CACHE / "indexes"


@dataclasses.dataclass(frozen=True)
class Engine:
    """As text: `hnswlib:m=16,efc=200`."""

    kind: str
    options: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> "Engine":
        kind, _, rest = text.partition(":")
        if kind not in KINDS:
            raise ValueError(f"there is no engine {kind}: {', '.join(KINDS)}")
        pairs = [option.partition("=") for option in filter(None, rest.split(","))]
        return cls(kind, tuple((name, value) for name, _, value in pairs))

    @property
    def name(self) -> str:
        return " ".join([self.kind, *(f"{name}={value}" for name, value in self.options)])

    @property
    def is_inverted_file(self) -> bool:
        return self.kind.endswith("-ivf")

    @property
    def is_ours(self) -> bool:
        return self.kind.startswith("helios")

    def create(self, metric: str, dimensions: int) -> Index:
        return KINDS[self.kind](metric, dimensions, **dict(self.options))


def make_hnsw(metric: str, dimensions: int, **options: str) -> Index:
    options.setdefault("codes", "sq8")
    return helios.NativeIndex(helios.LIBRARY, "hnsw", metric, dimensions, **options)


def make_ivf(metric: str, dimensions: int, **options: str) -> Index:
    return helios.NativeIndex(helios.LIBRARY, "ivf", metric, dimensions, **options)


# Peers are imported in the process that runs them: each brings a runtime of its own.
def make_hnswlib(metric: str, dimensions: int, **options: str) -> Index:
    import peers

    return peers.Hnswlib(metric, dimensions, **options)


def make_faiss(kind: str) -> Callable[..., Index]:
    def create(metric: str, dimensions: int, **options: str) -> Index:
        import peers

        return peers.Faiss(kind, metric, dimensions, **options)

    return create


def make_usearch(metric: str, dimensions: int, **options: str) -> Index:
    import peers

    return peers.Usearch(metric, dimensions, **options)


KINDS: dict[str, Callable[..., Index]] = {
    "helios": make_hnsw,
    "helios-ivf": make_ivf,
    "hnswlib": make_hnswlib,
    "faiss-hnsw": make_faiss("hnsw"),
    "faiss-ivf": make_faiss("ivf"),
    "usearch": make_usearch,
}


@dataclasses.dataclass(frozen=True)
class Build:
    seconds: float
    processor_seconds: float
    resident_bytes: int  # Without what is mapped from files.
    thread_count: int


@dataclasses.dataclass(frozen=True)
class Search:
    """Names what to search for; the process has the data at hand."""

    effort: int
    k: int = 10
    queries: slice = dataclasses.field(default_factory=lambda: slice(None))
    cell: filters.Cell | None = None
    is_counted: bool = False
    strategy: str = "planned"


class Runner:
    """The child's side."""

    def __init__(self, engine: Engine, dataset_name: str):
        self.engine = engine
        self.dataset = datasets.load(dataset_name)
        self.index = engine.create(self.dataset.metric, self.dataset.base.shape[1])
        self.filter: filters.Filter | None = None

    def paths(self) -> tuple[Path, Path]:
        stem = self.engine.name.replace(" ", "_")
        folder = INDEXES / self.dataset.name
        return folder / f"{stem}.bin", folder / f"{stem}.json"

    def prepare(self, thread_count: int, is_fresh: bool) -> Build:
        """Builds, or takes a peer's index that an earlier run has left. Ours is always built."""
        data, about = self.paths()
        source = json.loads((self.dataset.folder / "about.json").read_text())["sha256"]["base"]
        if not is_fresh and not self.engine.is_ours and about.exists():
            known = json.loads(about.read_text())
            if known.pop("source") == source and known["thread_count"] == thread_count:
                self.index.load(data, self.dataset.base)
                return Build(**known)
        # The file's pages come into memory before the clock runs.
        self.dataset.base.max()
        before = anonymous_bytes()
        started, processor = time.perf_counter(), time.process_time()
        self.index.build(self.dataset.base, thread_count)
        seconds = time.perf_counter() - started
        processor = time.process_time() - processor
        build = Build(seconds, processor, anonymous_bytes() - before, thread_count)
        if not self.engine.is_ours:
            data.parent.mkdir(parents=True, exist_ok=True)
            if self.index.save(data):
                about.write_text(json.dumps(dataclasses.asdict(build) | {"source": source}))
        return build

    def search(self, order: Search) -> Answers:
        passing = None
        if order.cell is not None:
            if self.filter is None or self.filter.cell != order.cell:
                self.filter = filters.load(self.dataset, order.cell)
            bitmaps = self.filter.bitmaps
            passing = bitmaps[order.queries] if order.cell.is_per_query else bitmaps
        return self.index.search(
            Query(
                self.dataset.queries[order.queries],
                order.k,
                order.effort,
                passing,
                order.is_counted,
                order.strategy,
            )
        )

    def update(self, plan: updates.Plan) -> list[updates.Step]:
        updatable: index.Updatable = self.index  # type: ignore[assignment]
        return updates.run(updatable, self.dataset, plan)


def anonymous_bytes() -> int:
    ctypes.CDLL(None).malloc_trim(0)
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell of anonymous memory")


def serve(connection: Connection, engine: Engine, dataset_name: str) -> None:
    runner: Runner | None = None
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        try:
            if runner is None:
                runner = Runner(engine, dataset_name)
            connection.send((True, getattr(runner, method)(*arguments)))
        except Exception:
            connection.send((False, f"{engine.name}: {traceback.format_exc()}"))


class Process:
    """The parent's side: calls a Runner of its own."""

    def __init__(self, engine: Engine, dataset_name: str):
        # Threads of a runtime that spin after their work would disturb whoever is timed next.
        os.environ["OMP_WAIT_POLICY"] = "passive"
        context = multiprocessing.get_context("spawn")
        self.engine = engine
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=serve, args=(theirs, engine, dataset_name), daemon=True
        )
        self.process.start()
        theirs.close()

    def call(self, method: str, *arguments: object) -> Any:
        self.connection.send((method, arguments))
        is_good, result = self.connection.recv()
        if not is_good:
            raise RuntimeError(result)
        return result

    def prepare(self, thread_count: int, is_fresh: bool) -> Build:
        return self.call("prepare", thread_count, is_fresh)

    def search(self, order: Search) -> Answers:
        return self.call("search", order)

    def update(self, plan: updates.Plan) -> list[updates.Step]:
        return self.call("update", plan)

    def close(self) -> None:
        self.connection.close()
        self.process.join(10)
        if self.process.is_alive():
            self.process.terminate()


def recall(dataset: datasets.Dataset, queries: slice, answers: Answers, away: np.ndarray) -> float:
    """Found of the true k, or of all where fewer pass; whoever is as near as the kth counts."""
    found = wanted = 0
    k = answers.ordinals.shape[1]
    for query, row, distances in zip(dataset.queries[queries], answers.ordinals, away[queries]):
        limit = int(np.isfinite(distances[:k]).sum())
        if not limit:
            continue
        rows = np.unique(row[row >= 0])
        exact = datasets.distances(dataset.metric, query, dataset.base[rows])
        edge = distances[limit - 1] * (1 + 1e-6) + 1e-7
        found += min(limit, int((exact <= edge).sum()))
        wanted += limit
    return found / wanted if wanted else 1.0
